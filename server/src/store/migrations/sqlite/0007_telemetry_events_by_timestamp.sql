-- Ranges of time.
CREATE INDEX telemetry_events_by_timestamp ON telemetry_events (timestamp)
