-- The ledger: every event received has one outcome. A delta counts from the moment it is committed,
-- whether or not it was added up yet.
CREATE VIEW outcomes AS
    SELECT project_id, hour, outcome, reason, count FROM outcome_sums
    UNION ALL
    SELECT project_id, hour, outcome, reason, count FROM outcome_deltas
