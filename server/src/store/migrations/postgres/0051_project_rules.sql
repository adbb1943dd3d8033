-- What holds for a project; null: what the server's settings say.
ALTER TABLE projects
    -- JSON array of the origins whose pages may send events; an empty one: any.
    ADD COLUMN allowed_origins text,
    -- JSON object of docs/privacy.md.
    ADD COLUMN pii_rules text
