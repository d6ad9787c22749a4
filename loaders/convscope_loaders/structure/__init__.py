"""Structural inference: what the arrays of an unknown HDF5 file mean, and how to read them."""
