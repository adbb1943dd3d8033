-- Counts of events by minute.
CREATE VIEW rollups AS SELECT project_id, event, minute, count FROM rollup_sums
