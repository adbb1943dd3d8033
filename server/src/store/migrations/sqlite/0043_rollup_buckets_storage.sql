-- Only PostgreSQL compresses large values.
SELECT 1
