-- As 0019.
DROP INDEX telemetry_events_by_session
