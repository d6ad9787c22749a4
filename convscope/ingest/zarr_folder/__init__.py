"""Folders of zarr, versions 2 and 3: what is in them from their JSON alone, their rows through the package zarr."""

from convscope.ingest.zarr_folder.metadata import is_zarr
from convscope.ingest.zarr_folder.reading import zarr_container

__all__ = ["is_zarr", "zarr_container"]
