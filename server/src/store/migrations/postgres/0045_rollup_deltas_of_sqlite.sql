-- PostgreSQL has had this table from the start.
SELECT 1
