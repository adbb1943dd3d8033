-- How many events SDKs gave up before they were sent, by the hour in which they said so and why.
CREATE VIEW dropped_events AS
    SELECT project_id, hour, reason, count FROM outcome_sums WHERE outcome = 'dropped'
    UNION ALL
    SELECT project_id, hour, reason, count FROM outcome_deltas WHERE outcome = 'dropped'
