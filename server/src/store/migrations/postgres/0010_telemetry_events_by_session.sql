-- Everything of one session, in order.
CREATE INDEX telemetry_events_by_session ON telemetry_events (session_id) WHERE session_id IS NOT NULL
