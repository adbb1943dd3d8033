-- Of each day of rollup_buckets, when it changed last: who keeps its numbers in memory knows by this whether they
-- are still right. Every fold takes a higher number for the days that it changes.
CREATE TABLE rollup_versions (
    project_id integer NOT NULL,
    -- Its first minute, since 1970.
    day        bigint  NOT NULL,
    version    bigint  NOT NULL,
    PRIMARY KEY (project_id, day)
) WITH (fillfactor = 50)
