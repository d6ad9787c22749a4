"""What ``AgentEvaluator.save_traj_as_json`` writes: one JSON object with a list per episode."""

import json
from collections.abc import Mapping
from pathlib import Path

from convscope.errors import LogFormatError
from convscope.ingest.parsed import Parsed
from convscope_loaders.overcooked.steps import Step, read_actions, read_number, read_players, read_soups, understood
from convscope_loaders.overcooked.trials import Trial, pots_of, tabulate

MAX_JSON_BYTES = 256 << 20
"""Python's own values take about ten times the room of the text."""

STEP_KEYS = ("ep_states", "ep_actions", "ep_rewards", "ep_dones", "ep_infos")
EPISODE_KEYS = ("ep_returns", "ep_lengths", "mdp_params", "env_params", "metadatas")
"""Keys of the object, in any order."""


def parse_recorded(path: Path) -> Parsed:
    """Turn a file into a table with a row per episode, step and player."""
    if path.stat().st_size > MAX_JSON_BYTES:
        raise LogFormatError(
            f"{path} is larger than {MAX_JSON_BYTES >> 20} MiB; save the trajectories in several files"
        )
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise LogFormatError(f"{path} is no JSON: {str(error)[:120]}; it may have been cut") from error
    if not isinstance(content, dict):
        raise LogFormatError(f"{path} is no trajectory of Overcooked-AI: it holds no table of lists")
    with understood(str(path)):
        n_episodes = len(_list(content, "ep_states"))
    trials = [_trial(_Episode(content, number), f"{path}: episode {number}") for number in range(n_episodes)]
    return tabulate(trials, str(path))


class _Episode:
    """What the object says of one episode."""

    def __init__(self, content: Mapping[str, object], number: int) -> None:
        self._content, self._number = content, number

    def steps(self, key: str) -> list[object]:
        """Return the entries of a key, one a step."""
        entry = _list(self._content, key)[self._number]
        if not isinstance(entry, list):
            raise TypeError(f"{key} is no list of lists")
        return entry

    def settings(self, key: str) -> Mapping[str, object]:
        """Return the settings under a key; empty where there are none."""
        entries = self._content.get(key)
        entry = entries[self._number] if isinstance(entries, list) and self._number < len(entries) else None
        return entry if isinstance(entry, dict) else {}


def _trial(episode: _Episode, place: str) -> Trial:
    kitchen = episode.settings("mdp_params")
    with understood(place):
        states, actions, rewards = (episode.steps(key) for key in STEP_KEYS[:3])
        trial = Trial(
            pair="",
            layout=str(kitchen.get("layout_name", "unnamed"))[:200],
            pots=pots_of(kitchen["terrain"]) if "terrain" in kitchen else None,
            is_time_limit=_is_time_limit(episode, len(states)),
        )
    if not len(states) == len(actions) == len(rewards):
        raise LogFormatError(f"{place} has {len(states)} states, {len(actions)} actions and {len(rewards)} rewards")
    for time, (state, joint, reward) in enumerate(zip(states, actions, rewards, strict=True)):
        with understood(f"{place}, step {time}"):
            trial.steps.append(
                Step(
                    time=time,
                    players=read_players(state),
                    soups=read_soups(state),
                    actions=read_actions(joint),
                    reward=read_number(reward),
                )
            )
    return trial


def _is_time_limit(episode: _Episode, n_steps: int) -> bool | None:
    """Tell a horizon that was reached from a task that ended; None where no step is the last one."""
    if not any(flag is True for flag in episode.steps("ep_dones")[-1:]):
        return None
    horizon = episode.settings("env_params").get("horizon")
    return horizon == n_steps if isinstance(horizon, int | float) else None


def _list(content: Mapping[str, object], key: str) -> list[object]:
    value = content.get(key)
    if not isinstance(value, list):
        raise TypeError(f"it has no list {key}")
    return value
