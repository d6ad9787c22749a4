"""Replay buffers as ``ReplayBuffer.dumps`` leaves them: a storage of full capacity and the place of its ring's end."""

from collections.abc import Mapping
from math import prod

from convscope.errors import LogFormatError
from convscope.ingest.json_text import parsed_json
from convscope.ingest.probe import Probe
from convscope_loaders.tensordict.batch import Batch
from convscope_loaders.tensordict.files import folder_container

STORAGE = "storage/storage_metadata.json"
WRITER = "writer/metadata.json"
_COMPACT = "storage/_storage_shape/meta.json"
"""What the writers of compact storages leave, whose rows are no longer those of the buffer."""


def read_buffer(probe: Probe) -> Batch:
    """Return the rows of a replay buffer, the oldest first.

    Parameters
    ----------
    probe
        Of its folder.

    Raises
    ------
    LogFormatError
        If its files do not agree, or its rows do not follow each other.
    """
    stored, written = _object(probe, STORAGE), _object(probe, WRITER)
    place = str(probe.path)
    if stored.get("is_pytree"):
        raise LogFormatError(f"{place}/{STORAGE}: the buffer holds no TensorDict; save the batches with to_h5 instead")
    if _COMPACT in probe.files:
        raise LogFormatError(
            f"{place}/storage is in a compact form; save the buffer with H5StorageCheckpointer instead"
        )
    if "rank_key" in written:
        raise LogFormatError(f"{place}/{WRITER}: the buffer keeps rows by their rank, which do not follow each other")
    container, batch = folder_container(probe, "storage/")
    capacity, inner = (batch or (0,))[0], prod(batch[1:])
    n_stored, cursor = _count(stored, "len", place), _count(written, "cursor", place)
    is_full = _count(written, "write_count", place, otherwise=n_stored) >= capacity
    filled = capacity if is_full else cursor
    if cursor > capacity or n_stored not in {filled, filled * inner}:
        raise LogFormatError(
            f"{place}: {STORAGE} counts {n_stored} rows and {WRITER} points to row {cursor} of {batch}: the folder is "
            "not whole, or was written to meanwhile; dump the buffer again"
        )
    # A storage of several dimensions counts single steps, and its first one is time; one of whole rows counts these.
    is_time_first = len(batch) == 2 and n_stored == filled * inner
    return Batch(
        container=container,
        rank=len(batch),
        runs=_runs(capacity, cursor, is_full=is_full),
        is_time_first=is_time_first,
        said=(_on_ring(capacity, cursor, is_full=is_full),),
    )


def _runs(capacity: int, cursor: int, *, is_full: bool) -> tuple[tuple[int, int], ...]:
    if not is_full:
        return ((0, cursor),)
    return tuple(run for run in ((cursor, capacity), (0, cursor)) if run[0] < run[1])


def _on_ring(capacity: int, cursor: int, *, is_full: bool) -> str:
    if not is_full:
        return f"of {capacity} rows of the buffer {cursor} are filled"
    oldest = cursor % max(capacity, 1)
    return f"the buffer is full: its oldest row is {oldest}, and what came before may be the beginning of an episode"


def _object(probe: Probe, name: str) -> Mapping[str, object]:
    found = parsed_json(probe.small_file(name))
    if not isinstance(found, dict):
        raise LogFormatError(f"{probe.path}/{name} is missing, or no JSON object; give the whole folder of the buffer")
    return found


def _count(numbers: Mapping[str, object], key: str, place: str, *, otherwise: int | None = None) -> int:
    number = numbers.get(key, otherwise)
    if type(number) is not int or number < 0:
        raise LogFormatError(f"{place}: the buffer's {key} should be a number of rows, not {str(number)[:40]}")
    return number
