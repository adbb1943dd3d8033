-- What must stay true of this database, such as which pepper its user ids were keyed with.
CREATE TABLE facts (
    name  text PRIMARY KEY,
    value text NOT NULL
)
