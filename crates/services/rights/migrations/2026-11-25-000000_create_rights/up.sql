-- The offer is small, and read and checked as a whole. Its version changes with every change of it; who changes it locks this row first.
CREATE TABLE offer (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO offer (version) VALUES (0);

-- Packages, channel groups, broadcasters, licences, plans: a row each.
CREATE TABLE offer_row (
    kind text NOT NULL CHECK (kind IN ('package', 'channel_group', 'broadcaster', 'licence', 'plan')),
    id text NOT NULL CHECK (id ~ '^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$'),
    data jsonb NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE household (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    -- It has got what new households get.
    welcomed boolean NOT NULL
);
CREATE INDEX household_not_welcomed ON household (created_at) WHERE NOT welcomed;

CREATE TABLE subscription (
    id uuid PRIMARY KEY,
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    package text NOT NULL,
    plan text,
    state text NOT NULL CHECK (state IN ('trial', 'active', 'paused', 'ends_at', 'ended')),
    since timestamptz NOT NULL,
    trial_ends timestamptz,
    ends_at timestamptz,
    -- The time of the latest event of the billing system that was applied: older ones come too late.
    billed_at timestamptz,
    CHECK (state <> 'trial' OR trial_ends IS NOT NULL),
    CHECK (state <> 'ends_at' OR ends_at IS NOT NULL)
);
-- A household has a package once.
CREATE UNIQUE INDEX subscription_once ON subscription (household, package) WHERE state <> 'ended';
CREATE INDEX subscription_household ON subscription (household);
CREATE INDEX subscription_package ON subscription (package) WHERE state <> 'ended';
CREATE INDEX subscription_trial_over ON subscription (trial_ends) WHERE state = 'trial';
CREATE INDEX subscription_over ON subscription (ends_at) WHERE state = 'ends_at';

-- What happened. Nothing in it is ever changed; it goes with its household.
CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription uuid NOT NULL REFERENCES subscription ON DELETE CASCADE,
    at timestamptz NOT NULL,
    who text NOT NULL CHECK (who IN ('household', 'operator', 'billing', 'system')),
    from_state text,
    to_state text NOT NULL,
    why text NOT NULL
);
CREATE INDEX history_subscription ON history (subscription, id);
CREATE FUNCTION history_stays() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the history is not changed'; END $$;
CREATE TRIGGER history_stays BEFORE UPDATE ON history FOR EACH ROW EXECUTE FUNCTION history_stays();

-- Whose rights changed; no household means everybody's. A place is the transaction that made it: those below the oldest one that still
-- runs are complete, so whoever reads in that order misses none (an identity column would be read past rows that commit later).
CREATE TABLE change (
    place bigint NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
    household uuid,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX change_place ON change (place);
-- Up to here changes are forgotten.
CREATE TABLE change_forgotten (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    place bigint NOT NULL
);
INSERT INTO change_forgotten (place) VALUES (0);

CREATE TABLE voucher_batch (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    package text NOT NULL,
    days integer NOT NULL CHECK (days > 0),
    count integer NOT NULL,
    uses integer NOT NULL CHECK (uses > 0),
    valid_from timestamptz,
    valid_until timestamptz,
    created_at timestamptz NOT NULL,
    stopped_at timestamptz
);
-- Codes are kept as SHA-256 of what they are without dashes.
CREATE TABLE voucher (
    hash bytea PRIMARY KEY,
    batch uuid NOT NULL REFERENCES voucher_batch ON DELETE CASCADE,
    used integer NOT NULL DEFAULT 0
);
CREATE INDEX voucher_of_batch ON voucher (batch);
CREATE TABLE voucher_use (
    hash bytea NOT NULL REFERENCES voucher ON DELETE CASCADE,
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    at timestamptz NOT NULL,
    PRIMARY KEY (hash, household)
);
CREATE INDEX voucher_use_household ON voucher_use (household);
-- Codes that were none: who sends many has to wait.
CREATE TABLE voucher_miss (
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    at timestamptz NOT NULL
);
CREATE INDEX voucher_miss_household ON voucher_miss (household, at);

-- Events of the billing system that have arrived, and what became of them.
CREATE TABLE billing_in (
    id text PRIMARY KEY,
    household uuid NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    outcome text NOT NULL
);
CREATE INDEX billing_in_household ON billing_in (household);
-- Events on their way to the billing system, of each household in order.
CREATE TABLE billing_out (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    household uuid NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    -- Whoever sends it puts this off first, so that no other instance sends it as well.
    next_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    -- Refused for good: it holds nobody up.
    refused text
);
CREATE INDEX billing_out_household ON billing_out (household, id) WHERE refused IS NULL;
CREATE INDEX billing_out_next ON billing_out (next_at) WHERE refused IS NULL;
