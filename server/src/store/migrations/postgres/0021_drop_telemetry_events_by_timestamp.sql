-- Each row that is written looks into each block range index: one for both times (0023) does for two.
DROP INDEX telemetry_events_by_timestamp
