-- Its keys arrive in random order, so that each transaction wrote most of its pages anew. The index on
-- the time of receipt takes its place (0024).
DROP INDEX telemetry_events_by_user
