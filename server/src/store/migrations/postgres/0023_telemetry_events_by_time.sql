-- Ranges of time, and the most recent events. Rows are stored in the order received, which is nearly the
-- order in which they happened, so a block range index of a few pages does.
CREATE INDEX telemetry_events_by_time ON telemetry_events USING brin (timestamp, created_at)
