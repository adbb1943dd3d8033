-- Every change of a rule's state, and whether somebody was told.
CREATE TABLE alert_history (
    id         text    PRIMARY KEY,
    project_id integer NOT NULL,
    rule_id    text    NOT NULL,
    name       text    NOT NULL,
    state      text    NOT NULL,
    at_ms      integer NOT NULL,
    value      text    NOT NULL,
    detail     text    NOT NULL,
    -- sent, failed, quiet or none.
    notified   text    NOT NULL,
    -- What the webhook answered; 0 if nothing.
    status     integer NOT NULL
)
