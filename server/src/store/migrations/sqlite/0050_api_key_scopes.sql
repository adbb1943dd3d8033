-- What a secret key may do: some of ingest, read and admin, separated by commas. Keys made before there were
-- scopes keep what they could do. An ingest key may only write client events, whatever stands here.
ALTER TABLE api_keys ADD COLUMN scopes text NOT NULL DEFAULT 'ingest,read,admin';
-- What a person calls it.
ALTER TABLE api_keys ADD COLUMN name text NOT NULL DEFAULT '';
-- To the minute, at best.
ALTER TABLE api_keys ADD COLUMN last_used_at_ms integer
