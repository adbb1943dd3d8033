-- What became of the events received, in the transaction that made it so: one row for each flush, hour,
-- outcome and reason. Appended, never updated, so that no two writers wait for one another.
CREATE TABLE outcome_deltas (
    project_id integer     NOT NULL,
    -- The hour of receipt.
    hour       timestamptz NOT NULL,
    -- accepted, duplicate, invalid, filtered, quarantined or refused.
    outcome    text        NOT NULL,
    -- The code of what was invalid, the reason of what was filtered or refused; otherwise empty.
    reason     text        NOT NULL,
    count      bigint      NOT NULL
)
