-- Sign-in links that have not been used yet, by the SHA-256 of their token. Using one deletes it.
CREATE TABLE login_links (
    token_hash    blob PRIMARY KEY,
    expires_at_ms integer NOT NULL
)
