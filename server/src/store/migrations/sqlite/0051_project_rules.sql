-- What holds for a project; null: what the server's settings say.
--
-- JSON array of the origins whose pages may send events; an empty one: any.
ALTER TABLE projects ADD COLUMN allowed_origins text;
-- JSON object of docs/privacy.md.
ALTER TABLE projects ADD COLUMN pii_rules text
