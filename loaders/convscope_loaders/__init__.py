"""Loaders of the frameworks that convscope reads, one a file or a package, found through an entry-point group."""
