"""The tracks of all agents as one tidy table."""

from collections.abc import Mapping, Sequence

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Value
from convscope.ingest.names import in_numbered_order
from convscope.ingest.parsed import Parsed
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTION_LOGITS, ACTIONS, ATTENTION, GATES, INFO
from convscope.values.header import Notice
from convscope_loaders.rllib.tracks import Track
from convscope_loaders.structure.lexicon import stem_of

EPISODE, TIME, AGENT, TERMINATED, TRUNCATED = "/eps_id", "/t", "/agent_id", "/terminateds", "/truncateds"
N_ACTIONS = "n_actions"
"""Attribute of the agents: choices that their action spaces have, 0 where nothing says so."""
WIDTHS = "widths"
"""Attribute of a field: values that each agent really has."""
TOLD = "told"
"""Attribute of the table: what was taken for granted, a sentence each."""
ENDS = "ends"
"""Attribute of the table: whether each episode came to an end, 1 or 0, and -1 where nothing says so."""
_PAIRS = frozenset({ATTENTION, GATES})


def table_of(tracks: Sequence[Track], notices: Sequence[Notice], *, told: Sequence[str], place: str) -> Parsed:
    """Return a tidy table with a row for each agent and timestep.

    Parameters
    ----------
    tracks
        All with ``times``; episodes come in the order of their first tracks.
    notices
        What was left out.
    told
        What was taken for granted.
    place
        The log, for errors.

    Raises
    ------
    LogFormatError
        If no agent has a step.
    """
    kept = [track for track in tracks if track.n_steps]
    if not kept:
        raise LogFormatError(f"{place} holds no episode with a step")
    episodes = {name: code for code, name in enumerate(dict.fromkeys(track.episode for track in kept))}
    names = in_numbered_order({track.agent for track in kept})
    slots = {name: slot for slot, name in enumerate(names)}
    ordered = sorted(kept, key=lambda track: (episodes[track.episode], slots[track.agent]))
    sources, more = _sources(ordered, names)
    arrays = {
        EPISODE: _each_row(ordered, [episodes[track.episode] for track in ordered]),
        AGENT: _each_row(ordered, [slots[track.agent] for track in ordered]),
        TIME: np.concatenate([_times(track)[: track.rows] for track in ordered]).astype(np.float64),
        **_flags(ordered),
        **{f"/{field}": _column(ordered, source) for field, source in sources.items()},
    }
    attributes = _attributes(ordered, names, told)
    widths = {f"/{field}": {WIDTHS: _widths(ordered, source, names)} for field, source in sources.items()}
    empty = _empty(len(tracks) - len(kept))
    return Parsed(arrays=arrays, attributes={**attributes, **widths}, notices=(*notices, *more, *empty))


def _attributes(
    tracks: Sequence[Track], names: tuple[str, ...], told: Sequence[str]
) -> Mapping[str, Mapping[str, Value]]:
    return {AGENT: {"values": names, N_ACTIONS: _choices(tracks, names)}, "/": {ENDS: _ends(tracks), TOLD: (*told,)}}


def _empty(n_empty: int) -> tuple[Notice, ...]:
    message = f"left out: {n_empty} episodes of single agents, which took no step in them"
    return (Notice(code="empty-episodes", message=message),) if n_empty else ()


def _sources(tracks: Sequence[Track], names: Sequence[str]) -> tuple[Mapping[str, str], tuple[Notice, ...]]:
    """Return what each field of the log is called in the tracks; a field that is not what its name says is an info."""
    fields = dict.fromkeys(field for track in tracks for field in track.values)
    sources: dict[str, str] = {}
    notices: list[Notice] = []
    for field in fields:
        if field == ACTION_LOGITS and not all(_has_logits(track) for track in tracks if field in track.values):
            sources[f"{INFO}action_dist_inputs"] = field
        elif field in _PAIRS and not _is_of_senders(tracks, field, names):
            sources[f"{INFO}{field}"] = field
            message = f"{field} is kept as an info: nothing says to which agents its numbers belong"
            notices.append(Notice(code="no-senders", message=message, where=f"/{field}"))
        else:
            sources[field] = field
    return sources, tuple(notices)


def _has_logits(track: Track) -> bool:
    actions, width = track.values.get(ACTIONS), track.values[ACTION_LOGITS].shape[1]
    if actions is None or actions.shape[1] != 1 or track.n_actions not in (None, width):
        return False
    return bool(((actions == np.round(actions)) & (actions >= 0) & (actions < width)).all())


def _is_of_senders(tracks: Sequence[Track], field: str, names: Sequence[str]) -> bool:
    widths = {track.values[field].shape[1] for track in tracks if field in track.values}
    stems = [stem_of(name) for name in names]
    is_numbered = len(names) > 1 and len({stem for stem, _ in stems}) == 1 and all(number for _, number in stems)
    has_all = len(widths) == 1 and all(width % len(names) == 0 for width in widths)
    return is_numbered and has_all and (field == ATTENTION or widths == {len(names)})


def _each_row(tracks: Sequence[Track], values: Sequence[int]) -> FloatArray:
    return np.repeat(np.array(values, np.float64), [track.rows for track in tracks])


def _times(track: Track) -> IntArray:
    return np.arange(track.n_steps + 1) if track.times is None else track.times


def _flags(tracks: Sequence[Track]) -> Mapping[str, FloatArray]:
    last = _last_times(tracks)
    found: dict[str, FloatArray] = {}
    for path, name in ((TERMINATED, "terminated"), (TRUNCATED, "truncated")):
        told: list[bool | None] = [getattr(track, name) for track in tracks]
        if any(flag is not None for flag in told):
            parts = [
                _at_end(track, bool(flag) and _times(track)[-1] == last[track.episode])
                for track, flag in zip(tracks, told, strict=True)
            ]
            found[path] = np.concatenate(parts)
    return found


def _last_times(tracks: Sequence[Track]) -> Mapping[str, int]:
    last: dict[str, int] = {}
    for track in tracks:
        last[track.episode] = max(last.get(track.episode, 0), int(_times(track)[-1]))
    return last


def _at_end(track: Track, flag: object) -> FloatArray:
    rows = np.zeros(track.rows)
    rows[track.n_steps - 1 :] = float(bool(flag))
    return rows


def _column(tracks: Sequence[Track], field: str) -> FloatArray:
    width = max(track.values[field].shape[1] for track in tracks if field in track.values)
    column = np.full((sum(track.rows for track in tracks), width), np.nan)
    start = 0
    for track in tracks:
        values = track.values.get(field)
        if values is not None:
            column[start : start + len(values), : values.shape[1]] = values
        start += track.rows
    return column


def _widths(tracks: Sequence[Track], field: str, names: Sequence[str]) -> tuple[int, ...]:
    width_of = dict.fromkeys(names, 0)
    for track in tracks:
        if field in track.values:
            width_of[track.agent] = max(width_of[track.agent], track.values[field].shape[1])
    return tuple(width_of.values())


def _choices(tracks: Sequence[Track], names: Sequence[str]) -> tuple[int, ...]:
    choices = dict.fromkeys(names, 0)
    for track in tracks:
        choices[track.agent] = max(choices[track.agent], track.n_actions or 0)
    return tuple(choices.values())


def _ends(tracks: Sequence[Track]) -> tuple[int, ...]:
    last = _last_times(tracks)
    ends = dict.fromkeys(last, -1)
    for track in tracks:
        flags = [flag for flag in (track.has_ended, track.terminated, track.truncated) if flag is not None]
        if flags and _times(track)[-1] == last[track.episode]:
            ends[track.episode] = max(ends[track.episode], int(any(flags)))
    return tuple(ends.values())
