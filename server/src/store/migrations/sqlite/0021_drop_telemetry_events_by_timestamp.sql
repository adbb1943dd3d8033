-- Only PostgreSQL has an index for both times.
SELECT 1
