-- Every event name over a range of time.
CREATE INDEX rollup_buckets_by_time ON rollup_buckets (project_id, minutes, start_minute)
