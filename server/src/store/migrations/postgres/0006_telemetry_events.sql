-- The events. People query this table: its columns are a public contract.
--
-- It is partitioned by ranges of `id`. Ids are UUIDs of version 7, whose first 48 bits are the
-- milliseconds since 1970, so a range of ids is a day. That gives daily partitions, whose removal costs
-- nothing, and keeps `id` alone unique: a retry finds its first try whatever timestamps the two carry.
-- Partitions are made ahead by the server; ids of no such day go to telemetry_events_other.
-- To let PostgreSQL skip partitions, a query adds a bound on `id` to its bound on `timestamp`.
CREATE TABLE telemetry_events (
    id         uuid         NOT NULL,
    event      varchar(100) NOT NULL,
    -- When it happened, corrected for the sender's clock.
    timestamp  timestamptz  NOT NULL,
    -- Stripped of personal data.
    properties jsonb        NOT NULL,
    -- HMAC of the hashed user id: the same person, no name.
    user_id    uuid,
    session_id varchar(100),
    -- 'client' for public keys, 'server' for secret ones.
    source     varchar(20)  NOT NULL,
    -- When the server received it.
    created_at timestamptz  NOT NULL DEFAULT now(),
    project_id integer      NOT NULL,
    -- Number of the event in its session: gaps tell what was lost.
    seq        integer,
    -- What is known about page and sender: page_url, browser, os, device, truncated ip, sdk.
    context    jsonb        NOT NULL DEFAULT '{}',
    PRIMARY KEY (id)
) PARTITION BY RANGE (id)
