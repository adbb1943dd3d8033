-- Ranges of time. Rows arrive nearly in the order of time, so a block range index of a few pages does.
CREATE INDEX telemetry_events_by_timestamp ON telemetry_events USING brin (timestamp)
