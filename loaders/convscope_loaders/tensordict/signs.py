"""What tells the files and folders of TensorDict, TorchRL and BenchMARL."""

import re
from enum import StrEnum

from convscope.ingest.container import Inventory
from convscope.ingest.json_text import parsed_json
from convscope.ingest.probe import FileKind, Probe
from convscope.ingest.zarr_folder import is_zarr
from convscope_loaders.tensordict.buffer import STORAGE, WRITER
from convscope_loaders.tensordict.checkpoint import is_checkpoint
from convscope_loaders.tensordict.tree import NEXT, group_paths

ZARR_ATTRIBUTE = "__tensordict__"
"""What ``TensorDict.to_zarr`` says of a group."""


class Layout(StrEnum):
    """How rows are kept, or why they are not."""

    ROWS = "agents act in a group, and what follows the step is under next"
    TRAJECTORIES = "trajectories of a replay buffer, with its length and shape"
    BUFFER_OF_TRAJECTORIES = "a replay buffer whose trajectories are in an HDF5 file"
    BUFFER = "storage and writer of a replay buffer"
    MEMMAP = "meta.json describes a TensorDict"
    ARCHIVE = "an archive of a memory-mapped TensorDict"
    ZARR = "attributes describe a TensorDict"
    PICKLE = "a pickled TensorDict"
    PART = "a part of a folder that TensorDict or TorchRL writes"
    RUN = "scalars of a run of BenchMARL or TorchRL"


_TRAJECTORY_FILE = re.compile(r"storage/[^/]+\.h5")
_SCALARS = re.compile(r"([^/]+/)?scalars/(collection|train|eval|counters|timers)_[^/]*\.csv")
_DATA = (".h5", ".hdf5", ".memmap")
_RESULTS = (b'"absolute_metrics"', b'"step_count"')
"""Keys of the JSON file that BenchMARL writes for marl-eval."""


def trajectory_file(files: tuple[str, ...]) -> str | None:
    """Return the HDF5 file in which a replay buffer keeps its rows; None where it does not."""
    return next((name for name in files if _TRAJECTORY_FILE.fullmatch(name)), None)


def layout_of(probe: Probe) -> Layout | None:
    """Return how a file or folder keeps its rows; None for what is none of ours."""
    if probe.hdf5 is not None:
        return _of_hdf5(probe.hdf5)
    if probe.kind is FileKind.FOLDER:
        return _of_folder(probe)
    if probe.kind in {FileKind.ZIP, FileKind.TORCH}:
        return _of_zip(probe.head)
    return _of_text(probe)


def _of_hdf5(inventory: Inventory) -> Layout | None:
    if is_checkpoint(inventory):
        return Layout.TRAJECTORIES
    groups = frozenset(inventory.groups)
    is_rollout = NEXT in groups and any(f"{NEXT}{path}" in groups for path in group_paths(inventory.datasets))
    return Layout.ROWS if is_rollout else None


def _of_folder(probe: Probe) -> Layout | None:
    files = frozenset(probe.files)
    if WRITER in files and trajectory_file(probe.files) is not None:
        return Layout.BUFFER_OF_TRAJECTORIES
    if {WRITER, STORAGE} <= files:
        return Layout.BUFFER
    if "meta.json" in files:
        return _of_meta(probe, files)
    if is_zarr(files):
        return Layout.ZARR if _has_attribute(probe) else None
    has_scalars = any(_SCALARS.fullmatch(name) for name in probe.files)
    return Layout.RUN if has_scalars and not any(name.endswith(_DATA) for name in probe.files) else None


def _of_meta(probe: Probe, files: frozenset[str]) -> Layout | None:
    meta = parsed_json(probe.small_file("meta.json"))
    if not isinstance(meta, dict) or "tensordict" not in str(meta.get("_type", "")):
        return None
    return Layout.PART if "storage_metadata.json" in files else Layout.MEMMAP


def _has_attribute(probe: Probe) -> bool:
    newer, older = parsed_json(probe.small_file("zarr.json")), parsed_json(probe.small_file(".zattrs"))
    attributes = newer.get("attributes") if isinstance(newer, dict) else older
    return isinstance(attributes, dict) and ZARR_ATTRIBUTE in attributes


def _of_zip(head: bytes) -> Layout | None:
    if b"tensordict" not in head:
        return None
    # torch.save names its entries after the file; the first one is the pickle.
    return Layout.PICKLE if b"/data.pkl" in head else Layout.ARCHIVE if b"meta.json" in head else None


def _of_text(probe: Probe) -> Layout | None:
    is_told = b"tensordict" in probe.head and (b'"_type"' in probe.head or ZARR_ATTRIBUTE.encode() in probe.head)
    if probe.path.suffix == ".memmap" or (probe.path.suffix == ".json" and is_told):
        return Layout.PART
    is_run = probe.kind is FileKind.TEXT and all(key in probe.head for key in _RESULTS)
    return Layout.RUN if is_run else None
