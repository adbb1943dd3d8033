-- Answers how much a project has in quarantine without reading it.
CREATE INDEX quarantine_by_project ON quarantine (project_id, bytes)
