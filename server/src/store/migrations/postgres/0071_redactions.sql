-- How many things of each kind of personal data were stripped, in the page (by its own word) or on the
-- server, by hour of receipt. Numbers, never values.
CREATE VIEW redactions AS
    SELECT project_id, hour, substr(outcome, 10) AS side, reason AS kind, count FROM outcome_sums
    WHERE outcome IN ('redacted_page', 'redacted_server')
    UNION ALL
    SELECT project_id, hour, substr(outcome, 10) AS side, reason AS kind, count FROM outcome_deltas
    WHERE outcome IN ('redacted_page', 'redacted_server')
