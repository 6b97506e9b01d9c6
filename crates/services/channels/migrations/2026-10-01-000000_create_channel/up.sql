-- One row. Who changes anything locks it first, so that versions are given in the order of the commits.
CREATE TABLE line_up (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO line_up (version) VALUES (0);

CREATE TABLE channel (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$'),
    name text NOT NULL CHECK (name <> ''),
    number integer NOT NULL CHECK (number BETWEEN 1 AND 9999),
    profile text NOT NULL CHECK (profile IN ('passthrough', 'full_hd', 'hd', 'sd')),
    redundant boolean NOT NULL,
    enabled boolean NOT NULL,
    -- Where its logo is kept elsewhere, or the key of the object where we keep it.
    logo_url text,
    logo_key text CHECK (logo_key IS NULL OR logo_url IS NULL),
    -- What programme guides and imported lists call it.
    guide_id text,
    -- The line-up's version when it was last changed.
    version bigint NOT NULL,
    -- Looked at when a change is complete, so that channels may swap numbers in it.
    CONSTRAINT channel_number UNIQUE (number) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE input (
    channel text NOT NULL REFERENCES channel ON DELETE CASCADE,
    -- Place in the order of preference, from 0.
    preference integer NOT NULL CHECK (preference >= 0),
    url text NOT NULL,
    programme integer CHECK (programme BETWEEN 1 AND 65535),
    PRIMARY KEY (channel, preference)
);

-- Events on their way to the bus, written with the change that they tell of.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event jsonb NOT NULL
);
