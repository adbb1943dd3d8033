-- Hashes do not compress: trying to would only cost the writers time.
ALTER TABLE sketch_deltas ALTER COLUMN content SET STORAGE EXTERNAL
