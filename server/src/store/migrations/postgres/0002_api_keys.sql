-- Keys by which callers are known. Only a SHA-256 of a key is kept; `shown` is the key itself where it
-- is public (kind 'ingest', it stands in every page) and its first characters where it is secret.
CREATE TABLE api_keys (
    id            bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    project_id    integer NOT NULL REFERENCES projects (id),
    kind          text NOT NULL CHECK (kind IN ('ingest', 'secret')),
    key_hash      bytea NOT NULL UNIQUE,
    shown         text NOT NULL,
    created_at_ms bigint NOT NULL,
    revoked_at_ms bigint
)
