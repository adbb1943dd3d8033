-- Everything of one user: erasure, activity.
CREATE INDEX telemetry_events_by_user ON telemetry_events (user_id) WHERE user_id IS NOT NULL
