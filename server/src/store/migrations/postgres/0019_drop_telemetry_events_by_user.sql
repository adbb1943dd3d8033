-- The B-tree's keys arrive in random order: it cost a writer as much as the table itself. Bloom filters
-- take its place (0024), and the server builds B-trees on the partitions of days that are over.
DROP INDEX telemetry_events_by_user
