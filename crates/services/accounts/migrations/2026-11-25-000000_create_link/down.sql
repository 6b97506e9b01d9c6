-- Without its link such a device is nothing.
DELETE FROM device WHERE link IS NOT NULL;
ALTER TABLE device DROP CONSTRAINT device_link_has_no_log_in, DROP COLUMN link;
