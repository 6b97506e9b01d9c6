CREATE TABLE household (
    id uuid PRIMARY KEY,
    -- As it was written, and in lower case, by which it is found.
    email text NOT NULL,
    email_key text NOT NULL CONSTRAINT household_email UNIQUE CHECK (email_key = lower(email_key)),
    -- argon2id, PHC string. None where only the operator's identity provider lets this household in.
    password text,
    pin text,
    language text NOT NULL,
    country text NOT NULL,
    terms_accepted_at timestamptz NOT NULL,
    marketing boolean NOT NULL,
    personalised_ads boolean NOT NULL,
    consents_changed_at timestamptz NOT NULL,
    locked_at timestamptz,
    created_at timestamptz NOT NULL
);

-- Who a household is at the operator's identity provider (OpenID Connect Core 2: issuer and subject).
CREATE TABLE identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identity_household ON identity (household);

CREATE TABLE profile (
    id uuid PRIMARY KEY,
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    child boolean NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (household, id)
);

CREATE TABLE device (
    id uuid PRIMARY KEY,
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL,
    -- SHA-256 of what the device shows to be known again.
    secret bytea NOT NULL,
    profile uuid NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    -- The log-in: a family of refresh tokens, of which one is current; none when logged out. All SHA-256 but the successor,
    -- which is the current token under the previous one (docs/decisions/0010-log-ins.md).
    family uuid CONSTRAINT device_family UNIQUE,
    token bytea,
    previous bytea,
    successor bytea,
    rotated_at timestamptz,
    ends_at timestamptz,
    FOREIGN KEY (household, profile) REFERENCES profile (household, id),
    CHECK ((family IS NULL) = (token IS NULL) AND (family IS NULL) = (ends_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX device_household ON device (household);

-- From where a household has logged in before.
CREATE TABLE usual_network (
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    network text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (household, network)
);

-- Who has registered and not yet confirmed the address. The newest of an address replaces the one before.
CREATE TABLE registration (
    email_key text PRIMARY KEY,
    email text NOT NULL,
    password text NOT NULL,
    language text NOT NULL,
    marketing boolean NOT NULL,
    personalised_ads boolean NOT NULL,
    token bytea NOT NULL CONSTRAINT registration_token UNIQUE,
    created_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX registration_ends_at ON registration (ends_at);

-- What links in mails are good for, by the SHA-256 of what is in them.
CREATE TABLE mail_token (
    token bytea PRIMARY KEY,
    household uuid NOT NULL REFERENCES household ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('password', 'address')),
    -- The new address.
    email text,
    email_key text,
    ends_at timestamptz NOT NULL,
    CHECK ((purpose = 'address') = (email IS NOT NULL) AND (email IS NULL) = (email_key IS NULL))
);
CREATE INDEX mail_token_household ON mail_token (household);
CREATE INDEX mail_token_ends_at ON mail_token (ends_at);

-- The public halves of the keys that tokens are signed with, published by every instance as soon as one has it.
CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    x text NOT NULL,
    published_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);

-- Households that are deleted here, and have to be elsewhere.
CREATE TABLE deletion (
    household uuid PRIMARY KEY,
    -- Where to say that it is done; forgotten then.
    email text,
    language text,
    asked_at timestamptz NOT NULL,
    done_at timestamptz,
    CHECK ((email IS NULL) = (done_at IS NOT NULL))
);
CREATE INDEX deletion_open ON deletion (asked_at) WHERE done_at IS NULL;

CREATE TABLE deletion_step (
    household uuid NOT NULL REFERENCES deletion ON DELETE CASCADE,
    service text NOT NULL,
    -- Its message in the outbox: confirmed when it is not there any more.
    message bigint NOT NULL,
    confirmed_at timestamptz,
    PRIMARY KEY (household, service)
);
