-- The events of one request.
CREATE INDEX forward_outbox_by_batch ON forward_outbox (batch);
