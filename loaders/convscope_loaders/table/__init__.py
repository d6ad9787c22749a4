"""Tables of no known framework: CSV, TSV, JSON lines, Parquet, Arrow, and record tables in HDF5."""
