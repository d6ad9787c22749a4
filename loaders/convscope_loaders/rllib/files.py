"""Which files of RLlib are one recording, and in what form they are."""

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import polars as pl

from convscope.ingest.columnar import BROKEN, Schema
from convscope.ingest.probe import FileKind, Probe

_TABLES = re.compile(r"(?:run-[^/]+/)?[^/]+\.parquet")
_BATCHES = re.compile(r"output-[^/]+_worker-[^/]+\.json")
_PART = re.compile(r"(.+)_\d{6}(?:_\d{6})?-\d+\.parquet")
"""How Ray names the parts of what it writes at once."""
_BATCH_START = re.compile(rb'\s*\{\s*"type"\s*:\s*"(?:MultiAgentBatch|SampleBatch)"')
_HEAD_BYTES = 256


class Form(StrEnum):
    """How a recording is written."""

    EPISODES = "episodes packed by msgpack in Parquet"
    COLUMNS = "columns of steps in Parquet"
    BATCHES = "batches in JSON lines"


def form_of(probe: Probe) -> Form | None:
    """Return the form of a recording, told by its first file; None for anything else."""
    if probe.kind is FileKind.TEXT:
        return Form.BATCHES if _BATCH_START.match(probe.head[:_HEAD_BYTES]) else None
    if probe.kind is FileKind.PARQUET:
        return _form_of_table(probe.path)
    names = recording_files(probe.files)
    if not names:
        return None
    first = probe.path / names[0]
    if names[0].endswith(".parquet"):
        return _form_of_table(first)
    try:
        with first.open("rb") as stream:
            return Form.BATCHES if _BATCH_START.match(stream.read(_HEAD_BYTES)) else None
    except OSError:
        return None


def recording_files(names: Sequence[str]) -> tuple[str, ...]:
    """Return the files of a folder that are one recording, in the order of its rows.

    Parameters
    ----------
    names
        All files of the folder, relative to it, in numbered order.
    """
    tables = tuple(name for name in names if _TABLES.fullmatch(name))
    return tables or tuple(name for name in names if _BATCHES.fullmatch(name))


def folder_of_part(path: Path) -> Path | None:
    """Return the folder of the recording that a file is one part of; None where it stands alone."""
    part = _PART.fullmatch(path.name)
    if part is None:
        return None
    if path.parent.name.startswith("run-"):
        return path.parent.parent
    others = (_PART.fullmatch(other.name) for other in path.parent.iterdir() if other.name != path.name)
    return path.parent if any(other is not None and other[1] == part[1] for other in others) else None


def environment_of(probe: Probe) -> str | None:
    """Return the name that RLlib gave to the folder of an environment; None where it is none."""
    return probe.path.name if any(name.startswith("run-") for name in recording_files(probe.files)) else None


def _form_of_table(path: Path) -> Form | None:
    try:
        with path.open("rb") as stream:
            schema: Schema = dict(pl.read_parquet_schema(stream))
    except BROKEN:
        return None
    if list(schema) == ["item"] and schema["item"] == pl.Binary:
        return Form.EPISODES
    return Form.COLUMNS if schema.keys() >= {"eps_id", "actions", "rewards"} else None
