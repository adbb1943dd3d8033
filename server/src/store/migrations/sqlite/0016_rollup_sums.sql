-- How many events of each name happened in each minute, added up in the transaction that stored them.
CREATE TABLE rollup_sums (
    project_id integer NOT NULL,
    event      text    NOT NULL,
    -- The minute of the events' own time.
    minute     text    NOT NULL,
    count      integer NOT NULL,
    PRIMARY KEY (project_id, minute, event)
)
