-- Counts, and distinct users and sessions, of each event name over quarters of an hour, hours and days of
-- UTC; event '' is all of them together. Of the last hours the minutes as well, where single events have
-- no sketches. Kept when the events themselves expire.
CREATE TABLE rollup_buckets (
    project_id     integer      NOT NULL,
    -- Length of the bucket: 1, 15, 60 or 1440.
    minutes        integer      NOT NULL,
    event          varchar(100) NOT NULL,
    -- Minutes since 1970.
    start_minute   bigint       NOT NULL,
    count          bigint       NOT NULL,
    -- The last minute in which one came.
    last_minute    bigint       NOT NULL,
    -- What the sketches estimate.
    users          bigint       NOT NULL,
    sessions       bigint       NOT NULL,
    -- Apache DataSketches, HLL with 2^14 registers (store/rollup/sketch.rs).
    user_sketch    bytea        NOT NULL,
    session_sketch bytea        NOT NULL,
    PRIMARY KEY (project_id, minutes, event, start_minute)
) WITH (fillfactor = 70)
