-- How far each session's numbering had come in each ten minutes, and how many of its events of then are
-- stored. Derived from telemetry_events by a task.
CREATE TABLE delivery_sessions (
    project_id integer NOT NULL,
    session_id text    NOT NULL,
    -- Start of the ten minutes, in milliseconds since 1970.
    slice_ms   integer NOT NULL,
    last_seq   integer NOT NULL,
    count      integer NOT NULL,
    PRIMARY KEY (project_id, session_id, slice_ms)
) WITHOUT ROWID
