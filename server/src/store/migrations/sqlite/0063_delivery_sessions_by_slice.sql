-- The sessions of ten minutes: to add them up, and to remove old ones.
CREATE INDEX delivery_sessions_by_slice ON delivery_sessions (slice_ms, project_id)
