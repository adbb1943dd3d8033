-- The most recent events, and the oldest ones for retention. Session and user stand beside the time, so
-- that a search for either reads this index, a sixth of the table, from the time on that it names.
CREATE INDEX telemetry_events_by_receipt ON telemetry_events (created_at, session_id, user_id)
