-- Only PostgreSQL has this table: SQLite has one writer, which adds to the sums themselves.
SELECT 1
