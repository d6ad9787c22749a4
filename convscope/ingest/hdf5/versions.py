"""Which HDF5 library reads the files: its faults are known by version."""

import h5py


def hdf5_versions() -> str:
    """Return the versions of h5py and of the HDF5 library that it carries."""
    return f"h5py {h5py.version.version}, HDF5 {h5py.version.hdf5_version}"
