-- Everything of one user: erasure, activity; everything of one session. A Bloom filter of each for every
-- 32 pages, some 400 rows.
CREATE INDEX telemetry_events_by_person ON telemetry_events
    USING brin (user_id uuid_bloom_ops, session_id text_bloom_ops) WITH (pages_per_range = 32)
