-- A link for another player (Kodi, VLC): a device that never logs in, and is known by the SHA-256 of the token in its addresses.
ALTER TABLE device
    ADD COLUMN link bytea CONSTRAINT device_link UNIQUE,
    ADD CONSTRAINT device_link_has_no_log_in CHECK (link IS NULL OR family IS NULL);
