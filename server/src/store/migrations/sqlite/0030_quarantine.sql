-- Events that were refused for a reason a person can repair, and events the database would not take:
-- stripped of personal data, equal ones once, with how often they came.
CREATE TABLE quarantine (
    id             text    PRIMARY KEY,
    project_id     integer NOT NULL,
    -- Of code, field, source, user and content: what makes two refusals the same.
    hash           blob    NOT NULL,
    -- A code of the model, or not_storable.
    code           text    NOT NULL,
    field          text    NOT NULL,
    source         text    NOT NULL,
    -- JSON as text: this table must take what the table of events may not.
    event          text    NOT NULL,
    context        text    NOT NULL,
    user_id        text,
    bytes          integer NOT NULL,
    first_seen_ms  integer NOT NULL,
    last_seen_ms   integer NOT NULL,
    count          integer NOT NULL,
    replayed_at_ms integer,
    -- The id of the event it became.
    replayed_as    text
)
