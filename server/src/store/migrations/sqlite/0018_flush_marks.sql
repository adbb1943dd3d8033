-- Which flush each writer wrote last, in the transaction of that flush. A writer that got no answer
-- gives the flush to the spool with its mark; written again, it takes effect only if it had not yet.
CREATE TABLE flush_marks (
    writer     text PRIMARY KEY,
    flush      text NOT NULL,
    written_at text NOT NULL
)
