-- What is to be told to other services, written with the change that it tells of.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The service that it is for.
    receiver text NOT NULL,
    method text NOT NULL CHECK (method IN ('PUT', 'POST', 'PATCH', 'DELETE')),
    path text NOT NULL CHECK (path LIKE '/internal/%'),
    body jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- How often it was sent in vain, and what was said to it the last time.
    attempts integer NOT NULL DEFAULT 0,
    problem text,
    -- It was refused for good, and is kept for people to look at.
    dead boolean NOT NULL DEFAULT false
);
CREATE INDEX outbox_waiting ON outbox (receiver, id) WHERE NOT dead;
CREATE INDEX outbox_dead ON outbox (receiver) WHERE dead;

-- Whose turn it is to deliver to a receiver: one instance at a time, so that the order is kept.
CREATE TABLE outbox_turn (
    receiver text PRIMARY KEY,
    owner uuid NOT NULL,
    until timestamptz NOT NULL,
    -- Deliveries in a row that failed, and when the next is tried.
    failures integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT '-infinity'
);
