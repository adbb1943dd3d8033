-- Equal refusals add up, until one is replayed: what comes after that is new again.
CREATE UNIQUE INDEX quarantine_by_hash ON quarantine (project_id, hash) WHERE replayed_at_ms IS NULL
