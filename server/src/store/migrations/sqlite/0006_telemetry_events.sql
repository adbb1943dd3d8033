-- The events. People query this table: its columns are a public contract.
--
-- Ids are lower-case UUIDs with hyphens; times are RFC 3339 in UTC with milliseconds, whose order as
-- text is their order in time; properties and context are JSON text.
CREATE TABLE telemetry_events (
    id         text    NOT NULL PRIMARY KEY,
    event      text    NOT NULL,
    -- When it happened, corrected for the sender's clock.
    timestamp  text    NOT NULL,
    -- Stripped of personal data.
    properties text    NOT NULL,
    -- HMAC of the hashed user id: the same person, no name.
    user_id    text,
    session_id text,
    -- 'client' for public keys, 'server' for secret ones.
    source     text    NOT NULL,
    -- When the server received it.
    created_at text    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    project_id integer NOT NULL,
    -- Number of the event in its session: gaps tell what was lost.
    seq        integer,
    -- What is known about page and sender: page_url, browser, os, device, truncated ip, sdk.
    context    text    NOT NULL DEFAULT '{}'
)
