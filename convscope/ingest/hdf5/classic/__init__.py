"""The structure of files of the format's first version, which nearly all are, read without the library.

The library takes some 60 microseconds for each object, and a crafted file may crash it or keep it for ever. What is
read here is only what common writers store; at anything else `Unfamiliar` is raised, and the library has its say.

References
----------
The HDF Group, "HDF5 File Format Specification Version 3.0".
"""
