-- What is to be done next, oldest first.
CREATE INDEX forward_outbox_by_due ON forward_outbox (destination, state, due_at_ms);
