-- 0024 makes it anew, with more in it.
DROP INDEX telemetry_events_by_receipt
