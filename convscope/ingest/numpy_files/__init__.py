"""Logs made of NumPy files: ``.npz`` archives and folders of ``.npy`` files."""
