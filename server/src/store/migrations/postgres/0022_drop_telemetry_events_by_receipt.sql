-- As 0021.
DROP INDEX telemetry_events_by_receipt
