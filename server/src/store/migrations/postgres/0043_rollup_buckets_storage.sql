-- Sketches do not compress, and apart from the rows they are not in the way of those who read numbers.
ALTER TABLE rollup_buckets ALTER COLUMN user_sketch SET STORAGE EXTERNAL, ALTER COLUMN session_sketch SET STORAGE EXTERNAL
