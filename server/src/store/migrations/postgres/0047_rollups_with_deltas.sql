-- PostgreSQL's view has the deltas already.
SELECT 1
