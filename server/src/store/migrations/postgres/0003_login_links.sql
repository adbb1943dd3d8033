-- Sign-in links that have not been used yet, by the SHA-256 of their token. Using one deletes it.
CREATE TABLE login_links (
    token_hash    bytea PRIMARY KEY,
    expires_at_ms bigint NOT NULL
)
