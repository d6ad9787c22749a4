"""Holds a reading of a log against the truth: right, ambiguous, refused or wrong."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import h5py
import numpy as np

from convscope.errors import AmbiguousLogError, ConvscopeError
from convscope.ingest.digests import sha256_of_file
from convscope.ingest.mapping import LogMapping
from convscope.ingest.open import open_logs
from convscope.values.log import TrajectoryLog
from convscope.values.status import EndKind, Status
from tests.convscope_loaders.detection.truths import TRUTH_OF, Truth

ENDS = {"t": EndKind.TERMINATED, "x": EndKind.TRUNCATED, "c": EndKind.CUT}
SILENT = {EndKind.UNKNOWN, EndKind.AMBIGUOUS}
"""What may be said of any end without being wrong."""


class Outcome(StrEnum):
    """What became of a file."""

    RIGHT = "right"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a file, and why."""

    outcome: Outcome
    why: str = ""
    """The loader's name where the reading is right; else the reason, or the difference."""


def known_files(folder: Path) -> list[tuple[str, Path]]:
    """Return the files of a folder that have a reference, with what they are, one path per file's content."""
    found: dict[str, tuple[str, Path]] = {}
    for path in sorted([*folder.rglob("*.h5"), *folder.rglob("*.hdf5")]):
        digest = sha256_of_file(path)[:12]
        if digest in TRUTH_OF:
            found.setdefault(digest, (TRUTH_OF[digest][0], path))
    return sorted(found.values())


def truth_of(path: Path) -> Truth:
    """Return what a file really holds."""
    with h5py.File(path) as file:
        return TRUTH_OF[sha256_of_file(path)[:12]][1](file)


def judge(path: Path, truth: Truth, *, loader: str | None, mapping: LogMapping | None = None) -> Verdict:
    """Open a file and compare."""
    try:
        log = open_logs([path], loader=loader, mapping=mapping)
        difference = difference_of(log, truth)
    except AmbiguousLogError as error:
        return Verdict(outcome=Outcome.AMBIGUOUS, why=str(error))
    except ConvscopeError as error:
        return Verdict(outcome=Outcome.REFUSED, why=str(error))
    except Exception as error:  # a crash is as bad as a wrong number
        return Verdict(outcome=Outcome.WRONG, why=f"{type(error).__name__}: {error}")
    if difference:
        return Verdict(outcome=Outcome.WRONG, why=difference)
    return Verdict(outcome=Outcome.RIGHT, why=log.header.inputs[0].loader)


def difference_of(log: TrajectoryLog, truth: Truth) -> str:
    """Return the first difference between a reading and the truth; empty where there is none."""
    names = [agent.name for agent in log.header.agents]
    slot_of = {_bare(name): slot for slot, name in enumerate(names)}
    if sorted(slot_of) != sorted(map(_bare, truth.agents)):
        return f"agents {names}, not {list(truth.agents)}"
    if tuple(log.episodes.length.tolist()) != truth.lengths:
        return f"lengths {log.episodes.length.tolist()}, not {list(truth.lengths)}"
    contradicted = [
        number
        for number, (end, letter) in enumerate(zip(log.episodes.end.tolist(), truth.ends, strict=True))
        if end not in SILENT and letter in ENDS and end != ENDS[letter]
    ]
    if contradicted:
        return f"ends {log.episodes.end.tolist()}, not {truth.ends}"
    return _difference_of_columns(log, truth, order=[slot_of[_bare(name)] for name in truth.agents])


def _difference_of_columns(log: TrajectoryLog, truth: Truth, *, order: list[int]) -> str:
    status, columns = rows_of(log, "actions", "observations", "rewards", "team_rewards")
    if "actions" in columns:
        acting = (status == Status.ACTING)[..., None]
        columns["actions"] = np.where(acting, columns["actions"], np.nan)
    is_of_team = truth.rewards is not None and truth.rewards.ndim == 1
    expected = {
        "actions": truth.actions,
        "observations": truth.observations,
        "team_rewards" if is_of_team else "rewards": truth.rewards,
    }
    for field, values in expected.items():
        if values is None:
            continue
        if field not in columns:
            return f"no {field}"
        read = columns[field] if field == "team_rewards" else columns[field][:, order]
        if not _same(read, values):
            return f"the {field} differ"
    return ""


def rows_of(log: TrajectoryLog, *fields: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the status and the fields that a log holds, of all steps but final observations."""
    present = [field for field in fields if log.has(field)]
    blocks = list(log.blocks(frozenset(present), max_bytes=1 << 30))
    is_step = np.concatenate(
        [np.arange(n) < length for n, length in zip(log.episodes.rows, log.episodes.length, strict=True)]
    )
    status = np.concatenate([block.status for block in blocks])[is_step]
    return status, {f: np.concatenate([block.columns[f] for block in blocks])[is_step] for f in present}


def _bare(name: str) -> str:
    # A group with a single agent gives it its name, with or without a number.
    return name.removesuffix("_0")


def _same(read: np.ndarray, expected: np.ndarray) -> bool:
    # A field may hold fewer columns than others need; what is missing is NaN either way.
    width = max(read.shape[-1], expected.shape[-1])
    if read.ndim != expected.ndim or read.shape[:-1] != expected.shape[:-1]:
        return False
    read, expected = (
        np.pad(a.astype(float), [(0, 0)] * (a.ndim - 1) + [(0, width - a.shape[-1])], constant_values=np.nan)
        for a in (read, expected)
    )
    return np.allclose(read, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
