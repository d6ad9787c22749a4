"""Loaders of the frameworks that convscope reads, one a file, found through an entry-point group."""
