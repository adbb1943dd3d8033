-- One event over a range of time.
CREATE INDEX telemetry_events_by_event ON telemetry_events (event, timestamp)
