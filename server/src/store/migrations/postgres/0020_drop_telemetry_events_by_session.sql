-- As 0019; 0022 takes its place.
DROP INDEX telemetry_events_by_session
