-- Keys by which callers are known. Only a SHA-256 of a key is kept; `shown` is the key itself where it
-- is public (kind 'ingest', it stands in every page) and its first characters where it is secret.
CREATE TABLE api_keys (
    id            integer PRIMARY KEY AUTOINCREMENT,
    project_id    integer NOT NULL REFERENCES projects (id),
    kind          text NOT NULL CHECK (kind IN ('ingest', 'secret')),
    key_hash      blob NOT NULL UNIQUE,
    shown         text NOT NULL,
    created_at_ms integer NOT NULL,
    revoked_at_ms integer
)
