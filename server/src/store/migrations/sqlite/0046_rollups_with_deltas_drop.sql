-- It is made again with the deltas.
DROP VIEW rollups
