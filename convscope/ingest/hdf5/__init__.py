"""The only package that imports h5py: pre-flight checks, bounded reading, writing."""
