-- The most recent events. Rows are stored in the order received, so block ranges find the newest.
CREATE INDEX telemetry_events_by_receipt ON telemetry_events USING brin (created_at)
