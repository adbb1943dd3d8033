-- People signed in to the dashboard, by the SHA-256 of their cookie.
CREATE TABLE dashboard_sessions (
    token_hash    blob PRIMARY KEY,
    expires_at_ms integer NOT NULL
)
