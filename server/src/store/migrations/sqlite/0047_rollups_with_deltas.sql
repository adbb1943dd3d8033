-- Counts of events by minute, added up or not yet.
CREATE VIEW rollups AS
    SELECT project_id, event, minute, count FROM rollup_sums
    UNION ALL
    SELECT project_id, event, minute, count FROM rollup_deltas
