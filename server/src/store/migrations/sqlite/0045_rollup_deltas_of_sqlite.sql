-- How many events of each name happened in each minute, in the transaction that stored them. Appended:
-- adding up is left to the task that also folds the sketches.
CREATE TABLE rollup_deltas (
    project_id integer NOT NULL,
    event      text    NOT NULL,
    -- The minute of the events' own time.
    minute     text    NOT NULL,
    count      integer NOT NULL
)
