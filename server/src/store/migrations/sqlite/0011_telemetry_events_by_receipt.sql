-- The most recent events, and the oldest ones for retention.
CREATE INDEX telemetry_events_by_receipt ON telemetry_events (created_at)
