-- The ledger: every event received has one outcome.
CREATE VIEW outcomes AS SELECT project_id, hour, outcome, reason, count FROM outcome_sums
