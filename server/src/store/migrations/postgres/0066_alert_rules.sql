-- What is watched, and how it stands.
CREATE TABLE alert_rules (
    project_id    integer NOT NULL,
    id            text    NOT NULL,
    -- 1 for the rules every project has.
    builtin       bigint NOT NULL,
    -- JSON: what the rule says (alerts/rule.rs).
    definition    text    NOT NULL,
    -- ok, firing or unknown.
    state         text    NOT NULL,
    since_ms      bigint NOT NULL,
    -- A number, or empty.
    value         text    NOT NULL,
    detail        text    NOT NULL,
    -- The state that was last told of: ok or firing.
    told          text    NOT NULL,
    -- Of telling of the present state.
    attempts      bigint NOT NULL,
    next_try_ms   bigint NOT NULL,
    -- The line of alert_history that began the present state; empty before there is one.
    history_id    text    NOT NULL,
    PRIMARY KEY (project_id, id)
)
