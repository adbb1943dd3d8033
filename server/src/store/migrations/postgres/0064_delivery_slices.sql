-- The sums of delivery_sessions for each ten minutes. They outlive both it and the events.
CREATE TABLE delivery_slices (
    project_id integer NOT NULL,
    slice_ms   bigint NOT NULL,
    -- Numbered events that were made, as far as the numbers that arrived tell.
    expected   bigint NOT NULL,
    -- Those of them that are stored.
    arrived    bigint NOT NULL,
    -- Events of any kind that the rollups counted for these minutes when this was added up. Where they
    -- count another number now, events have come late.
    counted    bigint NOT NULL,
    PRIMARY KEY (project_id, slice_ms)
)
