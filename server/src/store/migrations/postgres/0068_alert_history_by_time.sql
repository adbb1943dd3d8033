-- The latest, and the oldest for removal.
CREATE INDEX alert_history_by_time ON alert_history (project_id, at_ms)
