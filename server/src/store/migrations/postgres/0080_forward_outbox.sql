-- Events to be sent on, written with them: one row for each destination that takes the event, until it is
-- sent. The event itself is read when it is sent, so what was erased meanwhile is not. States: 0 waits,
-- 1 taken by a node, 2 on its way, 3 waits for another try with its batch, 4 given up. Until due_at_ms
-- nobody but the node that set it touches the row.
CREATE TABLE forward_outbox (
    destination text NOT NULL,
    event_id uuid NOT NULL,
    project_id integer NOT NULL,
    enqueued_at_ms bigint NOT NULL,
    state integer NOT NULL DEFAULT 0,
    batch text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0,
    due_at_ms bigint NOT NULL,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (destination, event_id)
);
