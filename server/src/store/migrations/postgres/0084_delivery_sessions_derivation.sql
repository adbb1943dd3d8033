-- Which pass over the events of its ten minutes wrote the row: one that reads them in parts adds to what it wrote
-- itself, and replaces what an earlier one did.
ALTER TABLE delivery_sessions ADD COLUMN derivation bigint NOT NULL DEFAULT 0
