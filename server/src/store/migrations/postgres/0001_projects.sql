-- A project owns keys and events. The first one, number 1, is made at the first start.
CREATE TABLE projects (
    id            integer PRIMARY KEY,
    name          text NOT NULL,
    created_at_ms bigint NOT NULL
)
