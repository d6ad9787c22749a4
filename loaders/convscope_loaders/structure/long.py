"""Arrays that are columns of a table with a row per agent and timestep, such as ``episode, t, agent_id, action``."""

from collections import defaultdict
from dataclasses import dataclass

from convscope.ingest.container import ArrayInfo, Inventory
from convscope_loaders.structure.lexicon import Meaning, meaning_of_column

_ACTS = frozenset({Meaning.ACTION, Meaning.ACTION_ONE_HOT})
_PLACES = frozenset({Meaning.EPISODE_ID, Meaning.TIMESTEP})


@dataclass(frozen=True, slots=True, kw_only=True)
class LongColumns:
    """Where the columns lie."""

    group: str
    """``/`` for the root."""
    n_rows: int


def find_columns(inventory: Inventory) -> LongColumns | None:
    """Return where a file has columns instead of arrays on a grid; None where it has none, or in several groups.

    Columns tell the agent of each row, its episode or timestep, and the action.
    """
    by_group: dict[str, list[ArrayInfo]] = defaultdict(list)
    for path, info in inventory.datasets.items():
        by_group[path.rsplit("/", 1)[0] or "/"].append(info)
    found = [(group, n_rows) for group, infos in by_group.items() if (n_rows := _rows(infos)) is not None]
    return LongColumns(group=found[0][0], n_rows=found[0][1]) if len(found) == 1 else None


def columns_in(inventory: Inventory, group: str, n_rows: int) -> tuple[ArrayInfo, ...]:
    """Return the arrays of a group that have so many rows."""
    return tuple(
        info
        for path, info in inventory.datasets.items()
        if (path.rsplit("/", 1)[0] or "/") == group and info.shape[:1] == (n_rows,) and not info.columns
    )


def _rows(infos: list[ArrayInfo]) -> int | None:
    lengths = {info.shape[0] for info in infos if _is_single(info) and _meaning(info) is Meaning.AGENT}
    return next((n_rows for n_rows in lengths if _is_long(infos, n_rows)), None)


def _is_long(infos: list[ArrayInfo], n_rows: int) -> bool:
    is_placed = any(_is_single(info) and info.shape[0] == n_rows and _meaning(info) in _PLACES for info in infos)
    # As many columns as rows may as well be agents of timesteps.
    acts = [info for info in infos if info.shape[:1] == (n_rows,) and _meaning(info) in _ACTS]
    return is_placed and bool(acts) and all(len(info.shape) < 3 and n_rows not in info.shape[1:] for info in acts)


def _is_single(info: ArrayInfo) -> bool:
    return not info.columns and len(info.shape) in {1, 2} and info.shape[0] > 1 and info.shape[1:] in {(), (1,)}


def _meaning(info: ArrayInfo) -> Meaning | None:
    return meaning_of_column(info.path.rsplit("/", 1)[-1].lower())
