-- Erasures of a person's events: what is still to be done, and the receipt of what was done.
CREATE TABLE erasures (
    id              text    PRIMARY KEY,
    project_id      integer NOT NULL REFERENCES projects (id),
    -- JSON array of the person's keyed ids; emptied once no spool can hold an event of theirs.
    user_ids        text    NOT NULL,
    -- Events whose ids are below this one are done; empty at first.
    done_below      text    NOT NULL DEFAULT '',
    events          bigint  NOT NULL DEFAULT 0,
    quarantined     bigint  NOT NULL DEFAULT 0,
    spooled         bigint  NOT NULL DEFAULT 0,
    requested_at_ms bigint  NOT NULL,
    finished_at_ms  bigint
)
