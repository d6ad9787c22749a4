"""Which of the padded rows of an episode really happened, and how it ended."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.values.arrays import BoolArray, ByteArray, IntArray
from convscope.values.status import EndKind

_EPISODES_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaddedLengths:
    """Real lengths of padded episodes."""

    length: IntArray
    """Joint steps, shape (E,); 0 for an episode in which nothing happened."""
    rows: IntArray
    """One more where a bootstrap row follows, shape (E,)."""
    end: ByteArray
    """`EndKind`, shape (E,)."""
    assumptions: tuple[str, ...]
    n_after_end: int
    """Filled rows that follow an end flag, beyond one bootstrap row each."""


def read_lengths(file: ArrayReader, filled: str, terminated: str | None, *, n_episodes: int) -> PaddedLengths:
    """Find the real lengths.

    Where an episode has an end flag its last step is that row; elsewhere the last filled row is the bootstrap row,
    which holds an observation and an action that was never executed, unless the flagged episodes show that the file
    leaves that row out.

    Parameters
    ----------
    file
        Open file.
    filled, terminated
        Datasets of shape (E, L, ...).
    n_episodes
        E.

    Raises
    ------
    LogFormatError
        If the filled rows of an episode do not start at 0 or have a gap.
    """
    n_filled = np.zeros(n_episodes, np.int64)
    flagged = np.full(n_episodes, -1)
    for start in range(0, n_episodes, _EPISODES_AT_A_TIME):
        stop = min(start + _EPISODES_AT_A_TIME, n_episodes)
        is_filled = _by_step(file.read(filled, start, stop))
        _check_filled(is_filled, filled, start)
        n_filled[start:stop] = is_filled.sum(axis=1)
        if terminated is not None:
            is_end = _by_step(file.read(terminated, start, stop)) & is_filled
            flagged[start:stop] = np.where(is_end.any(axis=1), is_end.argmax(axis=1), -1)
    return _lengths(n_filled, flagged)


def _lengths(n_filled: IntArray, flagged: IntArray) -> PaddedLengths:
    has_flag = flagged >= 0
    after = np.where(has_flag, n_filled - flagged - 1, 0)
    # Without a single flag the convention of the framework's own buffer holds: the last filled row is no step.
    has_bootstrap = not has_flag.any() or bool((after > 0).any())
    length = np.where(has_flag, flagged + 1, np.maximum(n_filled - has_bootstrap, 0))
    rows = np.where(length > 0, np.minimum(length + 1, n_filled), 0)
    longest = int(length.max(initial=0))
    unflagged = np.where(length == longest, EndKind.TRUNCATED, EndKind.UNKNOWN)
    return PaddedLengths(
        length=length,
        rows=rows,
        end=np.where(has_flag, EndKind.TERMINATED, unflagged).astype(np.uint8),
        assumptions=_assumptions(has_flag, length, has_bootstrap=has_bootstrap),
        n_after_end=int(np.maximum(after - 1, 0).sum()),
    )


def _assumptions(has_flag: BoolArray, length: IntArray, *, has_bootstrap: bool) -> tuple[str, ...]:
    longest = int(length.max(initial=0))
    n_flagged, n_open = int(has_flag.sum()), int((~has_flag).sum())
    n_at_limit = int((has_flag & (length == longest)).sum())
    sentences: list[str] = []
    if n_flagged:
        sentences.append(f"{n_flagged} episodes end at their end flag")
    if n_open:
        rule = "before their last filled row, which is a bootstrap row" if has_bootstrap else "at their last filled row"
        sentences.append(f"{n_open} episodes without an end flag end {rule}; at {longest} steps by a time limit")
    if n_at_limit and not n_open:
        sentences.append(f"{n_at_limit} terminations at the longest length ({longest} steps) may be time limits")
    return tuple(sentences)


def _by_step(values: npt.NDArray[np.generic]) -> BoolArray:
    """Return flags of shape (E, L): true where all of a row's entries, one or one per agent, are set."""
    flat = values.reshape(*values.shape[:2], -1)
    return np.asarray((flat != 0).all(axis=2), dtype=np.bool_)


def _check_filled(is_filled: BoolArray, path: str, start: int) -> None:
    has_gap = (is_filled[:, 1:] > is_filled[:, :-1]).any(axis=1)
    if has_gap.any():
        episode = start + int(np.argmax(has_gap))
        raise LogFormatError(f"{path}: the filled rows of episode {episode} have a gap; padding belongs at the end")
