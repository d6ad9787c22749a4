"""Reads rollouts and replay buffers of TorchRL and BenchMARL, in every form that TensorDict saves them in."""

from collections.abc import Callable

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.container import Container
from convscope.ingest.hdf5.listing import look_into
from convscope.ingest.json_text import parsed_json
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.ingest.zarr_folder import zarr_container
from convscope.values.log import TrajectoryLog
from convscope_loaders.tensordict.batch import Batch, open_batch
from convscope_loaders.tensordict.buffer import read_buffer
from convscope_loaders.tensordict.checkpoint import open_checkpoint
from convscope_loaders.tensordict.files import archive_container, folder_container
from convscope_loaders.tensordict.pickled import pickled_container
from convscope_loaders.tensordict.signs import ZARR_ATTRIBUTE, Layout, layout_of, trajectory_file
from convscope_loaders.tensordict.tree import batch_rank

NAME = "tensordict"


class TensorDictLoader:
    """Reads what ``TensorDict.to_h5``, ``memmap``, ``save``, ``to_zarr`` and ``ReplayBuffer.dumps`` write."""

    name = NAME
    description = "TorchRL and BenchMARL: rollouts, collected batches and replay buffers that TensorDict saved"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for groups of agents with a twin under ``next``, and for the marker files of TensorDict's folders."""
        found = layout_of(probe)
        if found is None:
            return Match(score=0.0, reason="no group of agents with a twin under next, and no folder of TensorDict")
        return Match(score=0.9, reason=found.value, is_log=found is not Layout.RUN)

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log of a rollout or a buffer.

        Raises
        ------
        LogFormatError
            If it holds no rollout of a team, or its arrays do not fit together.
        RefusedFileError
            If it is a pickle that is not trusted, or could do harm.
        MissingPackageError
            If it is a zarr folder or a pickle and the package that reads it is not installed.
        """
        layout = layout_of(probe)
        if layout is None:
            raise LogFormatError(
                f"{probe.path} is no rollout or replay buffer that TensorDict, TorchRL or BenchMARL saved"
            )
        try:
            return _OPEN[layout](probe)
        except (ValueError, IndexError, TypeError) as error:
            raise LogFormatError(f"{probe.path}: its arrays do not fit together: {str(error)[:200]}") from error


LOADER = TensorDictLoader()
"""What the entry point names."""


def _hdf5(probe: Probe) -> Container:
    if probe.container is None:
        raise LogFormatError(f"{probe.path} is a {probe.kind}, not an HDF5 file")
    return probe.container


def _rows(probe: Probe) -> TrajectoryLog:
    container = _hdf5(probe)
    rank = batch_rank(container.inventory.datasets, str(probe.path))
    return open_batch(probe, Batch(container=container, rank=rank), loader=NAME)


def _trajectories(probe: Probe) -> TrajectoryLog:
    return open_checkpoint(probe, _hdf5(probe), loader=NAME)


def _buffer_of_trajectories(probe: Probe) -> TrajectoryLog:
    name = trajectory_file(probe.files)
    if name is None:
        raise LogFormatError(f"{probe.path} holds no HDF5 file of trajectories")
    return open_checkpoint(probe, look_into(probe.path / name), loader=NAME)


def _buffer(probe: Probe) -> TrajectoryLog:
    return open_batch(probe, read_buffer(probe), loader=NAME)


def _memmap(probe: Probe) -> TrajectoryLog:
    return _of_known_size(probe, *folder_container(probe))


def _archive(probe: Probe) -> TrajectoryLog:
    return _of_known_size(probe, *archive_container(probe.path))


def _pickle(probe: Probe) -> TrajectoryLog:
    if not probe.trusts_pickle:
        raise RefusedFileError(
            "pickle",
            f"{probe.path} is a pickle of torch.save, which could run anything: save the rollout with to_h5, or give"
            " --trust-pickle if you trust who wrote it",
        )
    return _of_known_size(probe, *pickled_container(probe.path))


def _zarr(probe: Probe) -> TrajectoryLog:
    container = zarr_container(probe.path, probe.files)
    told = parsed_json(container.inventory.attributes.get("/", {}).get(ZARR_ATTRIBUTE))
    sizes, names = (told.get("batch_size"), told.get("names")) if isinstance(told, dict) else (None, None)
    if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
        raise LogFormatError(f"{probe.path}: {ZARR_ATTRIBUTE} names no batch_size of the TensorDict")
    is_named = isinstance(names, list) and len(names) == len(sizes) == 2 and "time" in names
    is_time_first = names.index("time") == 0 if is_named and isinstance(names, list) else None
    return open_batch(probe, Batch(container=container, rank=len(sizes), is_time_first=is_time_first), loader=NAME)


def _of_known_size(probe: Probe, container: Container, batch: tuple[int, ...]) -> TrajectoryLog:
    return open_batch(probe, Batch(container=container, rank=len(batch)), loader=NAME)


def _part(probe: Probe) -> TrajectoryLog:
    raise LogFormatError(
        f"{probe.path} is a part of what TensorDict or TorchRL saved: give the whole folder; of a replay buffer, "
        "the one that holds storage and writer"
    )


def _run(probe: Probe) -> TrajectoryLog:
    raise LogFormatError(
        f"{probe.path} holds scalars of a training run, no trajectories: record them while it runs, with the callback "
        "ConvscopeCallback of convscope_loaders.recorders.benchmarl"
    )


_OPEN: dict[Layout, Callable[[Probe], TrajectoryLog]] = {
    Layout.ROWS: _rows,
    Layout.TRAJECTORIES: _trajectories,
    Layout.BUFFER_OF_TRAJECTORIES: _buffer_of_trajectories,
    Layout.BUFFER: _buffer,
    Layout.MEMMAP: _memmap,
    Layout.ARCHIVE: _archive,
    Layout.ZARR: _zarr,
    Layout.PICKLE: _pickle,
    Layout.PART: _part,
    Layout.RUN: _run,
}
