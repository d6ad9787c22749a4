"""Episodes of RLlib's new API stack, as their ``get_state`` writes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, INFO, REWARDS
from convscope.values.header import Notice
from convscope_loaders.rllib.nested import Leaves, beside, leaves_of, observed, output_field, told_of
from convscope_loaders.rllib.tracks import Track

_SKIPPED = "S"
"""What stands in ``env_t_to_agent_t`` where an agent did not step."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunk:
    """A part of one agent's episode; most are whole."""

    episode: str
    """The one that all agents share."""
    agent: str
    start: int
    """Steps of the agent before."""
    n_steps: int
    values: Mapping[str, FloatArray]
    terminated: bool
    truncated: bool
    n_actions: int | None
    times: IntArray | None
    """As in `Track`."""
    left_out: tuple[str, ...]
    """Names of what holds no plain numbers."""


def chunks_of(state: object, place: str) -> tuple[Chunk, ...]:
    """Return the chunks in a state: one of a SingleAgentEpisode, or one for each agent of a MultiAgentEpisode.

    Parameters
    ----------
    state
        Unpacked; nothing about it is trusted.
    place
        Where it is, for errors.

    Raises
    ------
    LogFormatError
        If it is no such state, or its parts do not fit together.
    """
    if not isinstance(state, Mapping):
        raise LogFormatError(f"{place} is no state of an episode")
    if "agent_episodes" not in state:
        return (_chunk(state, state.get("env_t_to_agent_t") or _custom(state), place),)
    inside = state["agent_episodes"]
    pairs = inside.items() if isinstance(inside, Mapping) else inside if isinstance(inside, list) else ()
    steps = state.get("env_t_to_agent_t")
    chunks: list[Chunk] = []
    for pair in pairs:
        agent, own = pair if isinstance(pair, tuple | list) and len(pair) == 2 else (None, None)
        if not isinstance(own, Mapping):
            raise LogFormatError(f"{place}: agent_episodes holds something else than states of episodes")
        mine = steps.get(agent) if isinstance(steps, Mapping) else None
        chunks.append(_chunk({"agent_id": agent, **own, "multi_agent_episode_id": state.get("id_")}, mine, place))
    return tuple(chunks)


def tracks_of_chunks(chunks: Iterable[Chunk]) -> tuple[tuple[Track, ...], tuple[Notice, ...]]:
    """Put the chunks of each agent's episode together.

    Returns
    -------
    tracks
        Of the episodes that are there from their first step on.
    notices
        Of what is left out.
    """
    grouped: dict[tuple[str, str], list[Chunk]] = {}
    for chunk in chunks:
        grouped.setdefault((chunk.episode, chunk.agent), []).append(chunk)
    left = dict.fromkeys(name for group in grouped.values() for chunk in group for name in chunk.left_out)
    whole = {key: sorted(group, key=lambda chunk: (chunk.start, chunk.n_steps)) for key, group in grouped.items()}
    broken = {episode for (episode, _), group in whole.items() if not _follow(group)}
    message = f"left out: {len(broken)} episodes of which some steps are missing: chunks that were not recorded"
    notices = [Notice(code="incomplete-episodes", message=message, where=min(broken))] if broken else []
    notices.extend(
        Notice(
            code="not-read", message="left out: pickles, texts and numbers of changing shapes are not read", where=name
        )
        for name in left
    )
    return tuple(_joined(group) for (episode, _), group in whole.items() if episode not in broken), tuple(notices)


def _chunk(state: Mapping[str, object], env_steps: object, place: str) -> Chunk:
    start, stop = state.get("t_started"), state.get("t")
    if type(start) is not int or type(stop) is not int or not 0 <= start <= stop:
        raise LogFormatError(f"{place}: an episode from step {start!r:.20} to {stop!r:.20} cannot be")
    n_steps = stop - start
    values, left_out = _values(state, n_steps, place)
    episode = state.get("multi_agent_episode_id")
    agent = state.get("agent_id")
    return Chunk(
        episode=str(state.get("id_") if episode is None else episode),
        agent="agent_0" if agent is None else str(agent),
        start=start,
        n_steps=n_steps,
        values=values,
        terminated=bool(state.get("is_terminated")),
        truncated=bool(state.get("is_truncated")),
        n_actions=_choices(state.get("_action_space")),
        times=_env_times(env_steps, start, n_steps, place=place),
        left_out=left_out,
    )


def _values(state: Mapping[str, object], n_steps: int, place: str) -> tuple[Mapping[str, FloatArray], tuple[str, ...]]:
    values: dict[str, FloatArray] = {}
    left_out: list[str] = []
    if not n_steps:
        return values, ()
    parts = {name: leaves_of(_recent(state.get(name))) for name in ("observations", "actions", "rewards")}
    actions, rewards = parts["actions"], parts["rewards"]
    if actions is None or rewards is None:
        raise LogFormatError(f"{place}: actions or rewards of an episode are no plain numbers")
    values = {ACTIONS: beside(actions), REWARDS: beside(rewards)}
    seen = parts["observations"]
    values |= {} if seen is None else observed(seen)
    outputs, unread = _outputs(state.get("extra_model_outputs"))
    values |= outputs
    left_out = [*(["observations"] if seen is None else []), *unread]
    infos = _recent(state.get("infos"))
    told = told_of(infos)
    values |= {name: column for name, column in told.items() if name not in values}
    left_out += [] if _is_told(infos, told) else ["infos"]
    for name, column in values.items():
        can_be_longer = name not in {ACTIONS, REWARDS, *outputs}
        if len(column) not in ((n_steps, n_steps + 1) if can_be_longer else (n_steps,)):
            raise LogFormatError(f"{place}: {name} has {len(column)} rows for {n_steps} steps of an episode")
    return values, tuple(left_out)


def _outputs(told: object) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    found: dict[str, list[Leaves]] = {}
    unread: list[str] = []
    for name, buffer in told.items() if isinstance(told, Mapping) else ():
        leaves = leaves_of(_recent(buffer))
        if leaves is None:
            unread.append(f"extra_model_outputs/{name}")
        else:
            found.setdefault(output_field(str(name)), []).append(leaves)
    return {field: np.concatenate([beside(part) for part in parts], axis=1) for field, parts in found.items()}, tuple(
        unread
    )


def _recent(buffer: object) -> object:
    """Return the data of a lookback buffer without what it repeats of the chunk before."""
    if not isinstance(buffer, Mapping) or "data" not in buffer:
        return buffer
    data, lookback = buffer["data"], buffer.get("lookback", 0)
    return _after(data, lookback) if type(lookback) is int and lookback > 0 else data


def _after(data: object, start: int) -> object:
    if isinstance(data, Mapping):
        return {name: _after(inner, start) for name, inner in data.items()}
    return data[start:] if isinstance(data, np.ndarray | list) else data


def _is_told(infos: object, told: Mapping[str, FloatArray]) -> bool:
    """Whether all that the infos hold is told."""
    if not isinstance(infos, list):
        return infos is None
    names = {f"{INFO}{name}" for info in infos if isinstance(info, Mapping) for name in info}
    return names <= told.keys() and all(info is None or isinstance(info, Mapping) for info in infos)


def _custom(state: Mapping[str, object]) -> object:
    custom = state.get("custom_data")
    return custom.get("env_t_to_agent_t") if isinstance(custom, Mapping) else None


def _choices(space: object) -> int | None:
    match space:
        case {"space": "discrete", "n": int(n), "start": int(start)} if n > 0 <= start:
            return start + n
        case _:
            return None


def _env_times(steps: object, start: int, n_steps: int, *, place: str) -> IntArray | None:
    """Return the timesteps of the environment in which an agent observed something; None where nothing tells."""
    entries = _recent(steps)
    if not isinstance(entries, list) or start:
        return None
    times = [time for time, step in enumerate(entries) if step != _SKIPPED]
    if [entries[time] for time in times] != list(range(len(times))) or len(times) not in (n_steps, n_steps + 1):
        raise LogFormatError(f"{place}: env_t_to_agent_t does not count {n_steps} steps of its agent")
    # An agent that ended without a last observation is given its last one again, at no timestep.
    after = times[n_steps:] or [max(len(entries) - 1, times[-1] + 1 if times else 0)]
    return np.array([*times[:n_steps], *after], np.int64)


def _follow(chunks: Sequence[Chunk]) -> bool:
    starts = [0, *(chunk.start + chunk.n_steps for chunk in chunks[:-1])]
    return starts == [chunk.start for chunk in chunks]


def _joined(chunks: Sequence[Chunk]) -> Track:
    last = chunks[-1]
    steps = [chunk for chunk in chunks if chunk.n_steps] or [last]
    n_steps = sum(chunk.n_steps for chunk in steps)
    values = {
        name: _concatenated(steps, name) for name in dict.fromkeys(name for part in steps for name in part.values)
    }
    return Track(
        episode=last.episode,
        agent=last.agent,
        n_steps=n_steps,
        values=values,
        times=chunks[0].times if len(chunks) == 1 else None,
        terminated=last.terminated,
        truncated=last.truncated,
        n_actions=last.n_actions,
    )


def _concatenated(chunks: Sequence[Chunk], name: str) -> FloatArray:
    widths = {chunk.values[name].shape[1] for chunk in chunks if name in chunk.values}
    if len(widths) > 1:
        raise LogFormatError(f"{name} of episode {chunks[0].episode:.40} changes its shape from chunk to chunk")
    width = widths.pop()
    parts = [chunk.values.get(name, np.full((chunk.n_steps, width), np.nan)) for chunk in chunks]
    # What follows the last step of a chunk is the first value of the next one.
    before = [part[: chunk.n_steps] for part, chunk in zip(parts[:-1], chunks, strict=False)]
    return np.concatenate([*before, parts[-1]])
