"""Exports of charts from Weights & Biases: each column is called after its run, ``lucky-sun-3 - agent_0/action``."""

import re

import polars as pl

from convscope.errors import LogFormatError
from convscope.values.header import Notice
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.columns import name_meaning

_OF_RUN = re.compile(r"(.+?) - (.+)")
_RANGE = ("__MIN", "__MAX")
_RUN = "run"


def without_run_names(frame: pl.DataFrame, place: str) -> tuple[pl.DataFrame, tuple[Notice, ...]]:
    """Take the run's name out of the columns' names, and give it a column.

    Parameters
    ----------
    frame
        As it was read.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If columns of several runs lie side by side.
    """
    told = {name: found for name in frame.columns if (found := _OF_RUN.fullmatch(name)) is not None}
    others = [name for name in frame.columns if name not in told]
    if not told or any(name_meaning(name) is not Meaning.TIMESTEP for name in others):
        return frame, ()
    runs = list(dict.fromkeys(found[1] for found in told.values()))
    if len(runs) > 1:
        raise LogFormatError(
            f"{place} holds {len(runs)} runs side by side ({', '.join(runs[:3])}); export each alone, such as with "
            "run.history().to_csv(...)"
        )
    ranges = [name for name, found in told.items() if found[2].endswith(_RANGE)]
    named = {name: found[2] for name, found in told.items() if name not in ranges}
    message = f"columns are called after their run, {runs[0]}, as Weights & Biases exports charts"
    if ranges:
        message += f"; the least and largest values of sampled points are left out ({len(ranges)} columns)"
    rows = frame.drop(ranges).rename(named).with_columns(pl.lit(runs[0]).alias(_RUN))
    return rows, (Notice(code="run-in-names", message=message),)
