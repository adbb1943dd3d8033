-- Everything of one user: erasure, activity. A Bloom filter for every 32 pages, some 400 rows.
CREATE INDEX telemetry_events_by_user ON telemetry_events
    USING brin (user_id uuid_bloom_ops) WITH (pages_per_range = 32)
