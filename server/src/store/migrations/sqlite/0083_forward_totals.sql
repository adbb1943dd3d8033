-- What became of the events sent on, all nodes together.
CREATE TABLE forward_totals (
    destination text NOT NULL,
    project_id integer NOT NULL,
    sent bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    uncertain bigint NOT NULL DEFAULT 0,
    last_sent_at_ms bigint,
    last_error text,
    PRIMARY KEY (destination, project_id)
);
