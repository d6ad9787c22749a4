"""Episode batches of (E)PyMARL and its family: ``add_batch(recorder, runner.run())``."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from convscope.errors import UsageError
from convscope.record import EndKind, Recorder, Status
from convscope.recording.captured import numbers_of
from convscope.recording.episode import Numbers
from convscope.values.arrays import ByteArray
from convscope.values.fields import ACTION_MASKS, ACTIONS, OBSERVATIONS, REWARDS, STATE, TEAM_REWARDS
from convscope.values.header import ActionKind, ActionSpace
from convscope_loaders.structure.dead import looks_out
from convscope_loaders.structure.presence import mark_out

_MASKS, _STATE = "avail_actions", "state"


class Batch(Protocol):
    """An ``EpisodeBatch``, or a mapping with the same entries."""

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  a tensor or an array
        """Return an entry of shape (episodes, rows, ...)."""
        ...


def add_batch(
    recorder: Recorder, batch: Batch, *, capture: Mapping[str, str] | None = None, keeps_state: bool = False
) -> None:
    """Record the episodes of a batch, without their padding.

    Parameters
    ----------
    recorder
        Takes them. Agents are those that it was told of, or are called by their slots.
    batch
        What a runner returns: ``obs``, ``actions``, ``reward``, ``terminated``, ``filled``, and ``avail_actions`` and
        ``state`` where there are any. A row behind the last step, with the final observation, is filled as well.
    capture
        Entries that are recorded, by column, such as ``{"probabilities": "probs"}``.
    keeps_state
        Whether the state of the world is recorded.

    Raises
    ------
    UsageError
        If an entry is missing.
    """
    names = {OBSERVATIONS: "obs", ACTIONS: "actions", REWARDS: "reward", "terminated": "terminated", "filled": "filled"}
    entries = {column: _entry(batch, name) for column, name in names.items()}
    missing = [names[column] for column, entry in entries.items() if entry is None]
    if missing:
        raise UsageError(f"the batch has no {', '.join(missing)}")
    optional = {**({STATE: _STATE} if keeps_state else {}), **(capture or {})}
    found = {column: _entry(batch, name) for column, name in optional.items()}
    for column, entry in found.items():
        if entry is None:
            recorder.note(f"capture: the batch has no {optional[column]}, which {column} was to be")
    masks = _entry(batch, _MASKS)
    every = {**entries, **found, ACTION_MASKS: masks}
    _describe(recorder, every)
    given = {name: entry for name, entry in every.items() if entry is not None}
    for number in range(len(given["filled"])):
        _add_episode(recorder, {name: entry[number] for name, entry in given.items()})


def _add_episode(recorder: Recorder, rows: dict[str, Numbers]) -> None:
    filled, terminated = rows.pop("filled").reshape(-1), rows.pop("terminated")
    n_filled, limit = int((filled != 0).sum()), len(filled) - 1
    is_end = (terminated.reshape(len(filled), -1) != 0).all(axis=1) & (filled != 0)
    length = int(is_end.argmax()) + 1 if is_end.any() else n_filled - 1
    if length < 1:
        return
    n_rows = min(length + 1, n_filled)
    end = EndKind.TRUNCATED if not is_end.any() else EndKind.AMBIGUOUS if length == limit else EndKind.TERMINATED
    status = _status(rows, length, n_rows)
    columns = {name: values[:n_rows] for name, values in rows.items()}
    columns[ACTIONS] = columns[ACTIONS][:length]
    rewards = columns.pop(REWARDS)[:length]
    if rewards.shape[1] == 1:
        columns[TEAM_REWARDS] = rewards[:, 0]
    else:
        columns[REWARDS] = rewards
    recorder.add_episode(columns, end=end, length=length, status=status)


def _status(rows: Mapping[str, Numbers], length: int, n_rows: int) -> ByteArray:
    """Return the status in every row: those are out, until the end, for whom only nothing is left to do and to see."""
    status = np.full((n_rows, rows[OBSERVATIONS].shape[1]), Status.ACTING, np.uint8)
    status[length:] = Status.WAITING
    if ACTION_MASKS in rows:
        is_out = looks_out(rows[ACTION_MASKS][:n_rows], lambda: rows[OBSERVATIONS][:n_rows], 2)
        mark_out(status, is_out, [(0, n_rows)])
    return status


def _describe(recorder: Recorder, entries: Mapping[str, Numbers | None]) -> None:
    actions, masks = entries[ACTIONS], entries[ACTION_MASKS]
    if not recorder.agents and actions is not None:
        recorder.agents = tuple(f"agent_{slot}" for slot in range(actions.shape[2]))
        recorder.assume("agents have no names in a batch; they are called after their slots")
    if masks is not None:
        space = ActionSpace(kind=ActionKind.DISCRETE, n=(masks.shape[-1],))
        recorder.describe(action_spaces=dict.fromkeys(recorder.agents, space))
        recorder.assume("agents for whom only the first action is legal, and who see zeros until the end, are dead")
    recorder.describe(framework="PyMARL")
    recorder.assume(
        "an end that the environment calls no termination is a time limit; a termination in the last step that a batch "
        "has room for may be one, too"
    )


def _entry(batch: Batch, name: str) -> Numbers | None:
    try:
        found = batch[name]
    except (KeyError, ValueError):  # as EpisodeBatch has it
        return None
    return numbers_of(found)
