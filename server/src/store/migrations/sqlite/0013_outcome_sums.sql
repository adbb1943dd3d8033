-- What became of the events received, added up in the transaction that made it so.
CREATE TABLE outcome_sums (
    project_id integer NOT NULL,
    -- The hour of receipt.
    hour       text    NOT NULL,
    -- accepted, duplicate, invalid, filtered, quarantined or refused.
    outcome    text    NOT NULL,
    -- The code of what was invalid, the reason of what was filtered or refused; otherwise empty.
    reason     text    NOT NULL,
    count      integer NOT NULL,
    PRIMARY KEY (project_id, hour, outcome, reason)
)
