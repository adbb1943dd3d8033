-- Which node does what only one may do, and until when.
CREATE TABLE leases (
    name          text   PRIMARY KEY,
    holder        text   NOT NULL,
    expires_at_ms integer NOT NULL
)
