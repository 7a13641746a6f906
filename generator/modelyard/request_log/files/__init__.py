"""The log as Parquet in a folder: of a bucket, or of this machine. Sidecars write its files, and DuckDB reads them."""
