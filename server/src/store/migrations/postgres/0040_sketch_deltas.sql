-- Who was there, in the transaction that stored their events: one row for each flush and project, with
-- the hashed users and sessions of each event name and minute (store/rollup/delta.rs). Appended, never
-- updated; a task folds them into rollup_buckets.
CREATE TABLE sketch_deltas (
    project_id integer NOT NULL,
    content    bytea   NOT NULL
)
