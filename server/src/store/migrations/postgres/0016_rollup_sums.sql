-- The deltas of rollup_deltas, added up by a task.
CREATE TABLE rollup_sums (
    project_id integer      NOT NULL,
    event      varchar(100) NOT NULL,
    minute     timestamptz  NOT NULL,
    count      bigint       NOT NULL,
    PRIMARY KEY (project_id, minute, event)
)
