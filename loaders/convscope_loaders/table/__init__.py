"""Tables of no known framework: CSV, TSV, JSON lines, Parquet, Arrow, and record tables in HDF5."""

from convscope_loaders.table.loader import LOADER, TableLoader

__all__ = ["LOADER", "TableLoader"]
