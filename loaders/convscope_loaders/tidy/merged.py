"""Where rows of a tidy table disagree on what is read once, and what the reading takes for granted."""

from collections.abc import Iterable, Sequence

import numpy as np

from convscope.ingest.container import ArrayReader
from convscope.values.arrays import FloatArray, IntArray, first_of_each
from convscope.values.fields import Level
from convscope.values.header import Notice
from convscope_loaders.tidy.places import read_numbers
from convscope_loaders.tidy.table import TidyTable

_NOISE = 1e-6
"""Relative difference between times that are evenly spaced fractions."""


def notices_of(file: ArrayReader, table: TidyTable) -> tuple[Notice, ...]:
    """Count where the first row counts, and another says otherwise."""
    mapping, places = table.mapping, table.places
    notices: list[Notice] = []
    for mapped in mapping.fields:
        n = _n_unlike(file, mapped.columns, table, place=places.row) if mapped.level is Level.TEAM else 0
        if n:
            what = f"{mapped.name} differs between the rows of a timestep in {n} of {int(places.rows.sum())} timesteps"
            message = f"{what}; the first that is there counts"
            notices.append(Notice(code="team-value-differs", message=message, where=mapped.columns[0]))
    n_agents = len(table.keys.agents)
    cell = places.episode * n_agents + places.agent
    n = _n_unlike(file, [mapping.role], table, place=cell) if mapping.role is not None else 0
    if n:
        what = f"an agent's declared role changes within an episode in {n} of {len(np.unique(cell))} cases"
        notices.append(Notice(code="role-changes", message=f"{what}; its first one counts", where=mapping.role))
    n = _n_unlike(file, [mapping.team], table, place=places.agent) if mapping.team is not None else 0
    if n:
        message = f"the team of {n} of {n_agents} agents changes; its first one counts"
        notices.append(Notice(code="team-changes", message=message, where=mapping.team))
    return tuple(notices)


def assumptions_of(file: ArrayReader, table: TidyTable, length: IntArray) -> tuple[str, ...]:
    """Say what is taken for granted of any table.

    Parameters
    ----------
    file
        Open container.
    table
        Its episodes.
    length
        Steps of each episode; one that has a row more ends with an observation.
    """
    n_final = int((length < table.places.rows).sum())
    which = f"the last row of {n_final} of {len(length)} episodes"
    last = (f"{which} has no action: it is the observation after the last step",) if n_final else ()
    return (*_about_times(file, table), *last)


def _about_times(file: ArrayReader, table: TidyTable) -> Iterable[str]:
    if table.mapping.time is None:
        return
    places = table.places
    time = read_numbers(file, table.mapping.time)[places.taken]
    clock = first_of_each(places.row, time, int(places.rows.sum()))
    follows = np.repeat(np.arange(len(places.rows)), places.rows)
    is_within = (follows[1:] == follows[:-1]) & np.isfinite(clock[1:]) & np.isfinite(clock[:-1])
    gaps = clock[1:][is_within] - clock[:-1][is_within]
    if not len(gaps) or (gaps == 1).all():
        return
    low, high = float(gaps.min()), float(gaps.max())
    apart = f"{low:.6g}" if high <= low * (1 + _NOISE) else f"{low:.6g} to {high:.6g}"
    yield f"each time with a row is a timestep: the times of an episode are {apart} apart"


def _n_unlike(file: ArrayReader, columns: Sequence[str], table: TidyTable, *, place: IntArray) -> int:
    """Return in how many places rows hold other numbers than the first row that holds any."""

    def numbers() -> Iterable[FloatArray]:
        # One column after the other: a state may have thousands.
        for column in columns:
            part = np.asarray(file.read(column), np.float64)
            yield part.reshape(len(part), -1)[table.places.taken]

    known = np.flatnonzero(np.any([np.isfinite(part).any(axis=1) for part in numbers()], axis=0))
    taken, first, own = np.unique(place[known], return_index=True, return_inverse=True)
    leader = known[first][own]
    is_unlike = np.zeros(len(taken), bool)
    for part in numbers():
        is_same = (part[known] == part[leader]) | (np.isnan(part[known]) & np.isnan(part[leader]))
        is_unlike[own[~is_same.all(axis=1)]] = True
    return int(is_unlike.sum())
