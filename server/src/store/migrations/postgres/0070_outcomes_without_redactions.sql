-- The ledger also counts what pages gave up and what was stripped from events: no outcomes of events received.
CREATE OR REPLACE VIEW outcomes AS
    SELECT project_id, hour, outcome, reason, count FROM outcome_sums
    WHERE outcome NOT IN ('dropped', 'redacted_page', 'redacted_server')
    UNION ALL
    SELECT project_id, hour, outcome, reason, count FROM outcome_deltas
    WHERE outcome NOT IN ('dropped', 'redacted_page', 'redacted_server')
