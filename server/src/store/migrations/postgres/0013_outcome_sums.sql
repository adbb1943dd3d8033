-- The deltas of outcome_deltas, added up by a task.
CREATE TABLE outcome_sums (
    project_id integer     NOT NULL,
    hour       timestamptz NOT NULL,
    outcome    text        NOT NULL,
    reason     text        NOT NULL,
    count      bigint      NOT NULL,
    PRIMARY KEY (project_id, hour, outcome, reason)
)
