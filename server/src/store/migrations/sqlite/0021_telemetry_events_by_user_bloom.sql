-- Only PostgreSQL has Bloom filters. Here the index that 0022 makes anew goes.
DROP INDEX telemetry_events_by_receipt
