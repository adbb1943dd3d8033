-- The ledger again: events that an SDK gave up were never received, and are shown by dropped_events.
CREATE OR REPLACE VIEW outcomes AS
    SELECT project_id, hour, outcome, reason, count FROM outcome_sums WHERE outcome <> 'dropped'
    UNION ALL
    SELECT project_id, hour, outcome, reason, count FROM outcome_deltas WHERE outcome <> 'dropped'
