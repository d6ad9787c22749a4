"""The event logs of a trajectory folder: tab-separated tables with texts that are Python's own, never evaluated."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from convscope.errors import LogFormatError
from convscope.ingest.columnar import readable
from convscope.ingest.folder import list_files
from convscope_loaders.table.delimited import read_delimited
from convscope_loaders.table.text import unpacked

ACTIONS_FILE = "ActionEvents.discrete_action.tsv"
POSITIONS_FILE = "TrainMovementEvents.trains_positions.tsv"
OUTCOMES_FILE = "TrainMovementEvents.trains_rewards_dones_infos.tsv"
ARRIVALS_FILE = "TrainMovementEvents.trains_arrived.tsv"
EVENT_FILES = (ACTIONS_FILE, POSITIONS_FILE, OUTCOMES_FILE, ARRIVALS_FILE)
SUBFOLDER = "event_logs/"

KEYS = ["episode_id", "env_time", "agent_id"]
_TYPES = {"episode_id": pl.String, "env_time": pl.Int64, "agent_id": pl.Int64}

_PLACE = r"^\(\((\d{1,9}), (\d{1,9})\), (?:<Grid4TransitionsEnum\.[A-Z]+: )?([0-3])>?\)$"
_MALFUNCTION = r"'malfunction': (\d{1,9})[,}]"
_FRACTION = r"'speed': Fraction\((\d{1,9}), ([1-9]\d{0,8})\)[,}]"
_DECIMAL = r"'speed': (\d{1,9}(?:\.\d{1,18})?)[,}]"
# An episode that was read and written again has the number alone.
_STATE = r"'state': (?:<TrainState\.[A-Z_]{1,40}: )?(\d)>?[,}]"


def event_folder(names: Sequence[str]) -> str | None:
    """Return where among the files of a folder the event logs are, as a prefix; None where they are not."""
    return next((prefix for prefix in (SUBFOLDER, "") if f"{prefix}{ACTIONS_FILE}" in names), None)


class EventLogs:
    """The tables of one folder.

    Parameters
    ----------
    folder
        That of the trajectory, or its event logs.

    Raises
    ------
    LogFormatError
        If it is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        self._files = frozenset(list_files(folder))
        prefix = event_folder(tuple(self._files))
        if prefix is None:
            raise LogFormatError(f"{folder} holds no {ACTIONS_FILE}; give the folder of a Flatland trajectory")
        self._folder, self._prefix = folder, prefix

    def actions(self) -> pl.DataFrame:
        """Return the actions: ``env_time`` is that of the state in which each was chosen."""
        return self._events(ACTIONS_FILE, {"action": pl.Int64})

    def positions(self) -> pl.DataFrame:
        """Return row, column and heading of each train; null off the map, or where the text is another."""
        table = self._events(POSITIONS_FILE, {"position": pl.String})
        return table.with_columns(
            _whole("position", _PLACE, 1).alias("row"),
            _whole("position", _PLACE, 2).alias("column"),
            _whole("position", _PLACE, 3).alias("heading"),
        )

    def outcomes(self) -> pl.DataFrame:
        """Return reward and end of the step before ``env_time``, and the state of each train after it.

        A reward of several parts is null: it is no number.
        """
        table = self._events(OUTCOMES_FILE, {"reward": pl.String, "done": pl.Boolean, "info": pl.String})
        decimal = pl.col("info").str.extract(_DECIMAL, 1).cast(pl.Float64)
        return table.with_columns(
            pl.col("reward").cast(pl.Float64, strict=False),
            _whole("info", _MALFUNCTION, 1).alias("malfunction"),
            (_whole("info", _FRACTION, 1) / _whole("info", _FRACTION, 2)).fill_null(decimal).alias("speed"),
            _whole("info", _STATE, 1).alias("train_state"),
        )

    def arrivals(self) -> pl.DataFrame:
        """Return the share of trains that arrived, of the episodes that ended."""
        types = {"episode_id": pl.String, "success_rate": pl.Float64}
        return self._table(ARRIVALS_FILE, types).unique("episode_id", keep="last", maintain_order=True)

    def _events(self, file: str, types: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
        table = self._table(file, {**_TYPES, **types})
        if table.select(pl.any_horizontal(pl.col(KEYS).is_null()).any()).item():
            raise LogFormatError(f"{self._place(file)}: a row names no episode, no time or no agent")
        if table.select(KEYS).is_duplicated().any():
            raise LogFormatError(f"{self._place(file)} has two rows for an agent in one timestep; it was written twice")
        return table

    def _table(self, file: str, types: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
        if f"{self._prefix}{file}" not in self._files:
            return pl.DataFrame(schema=dict(types))
        content = unpacked(self._folder / self._prefix / file)
        table, cut = read_delimited(content, self._place(file), separator="\t", types=types)
        if cut:
            raise LogFormatError(f"{self._place(file)}: {cut[0].where} is cut off; copy the folder again")
        missing = [name for name in types if name not in table.columns]
        if missing:
            raise LogFormatError(f"{self._place(file)} has no column {', '.join(missing)}")
        with readable(self._place(file)):
            return table.select(pl.col(name).cast(kind) for name, kind in types.items())

    def _place(self, file: str) -> str:
        return str(self._folder / self._prefix / file)


def _whole(column: str, pattern: str, group: int) -> pl.Expr:
    return pl.col(column).str.extract(pattern, group).cast(pl.Int64)
