-- How many events of each name happened in each minute, in the transaction that stored them. Appended,
-- never updated, so that no two writers wait for one another.
CREATE TABLE rollup_deltas (
    project_id integer      NOT NULL,
    event      varchar(100) NOT NULL,
    -- The minute of the events' own time.
    minute     timestamptz  NOT NULL,
    count      bigint       NOT NULL
)
