-- Everything of one session. As 0021.
CREATE INDEX telemetry_events_by_session ON telemetry_events
    USING brin (session_id text_bloom_ops) WITH (pages_per_range = 32)
