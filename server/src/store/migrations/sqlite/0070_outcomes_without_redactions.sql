-- The ledger also counts what pages gave up and what was stripped from events: no outcomes of events received.
DROP VIEW outcomes;
CREATE VIEW outcomes AS
    SELECT project_id, hour, outcome, reason, count FROM outcome_sums
    WHERE outcome NOT IN ('dropped', 'redacted_page', 'redacted_server')
