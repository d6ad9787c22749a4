"""Entries of TensorDicts that are recorded because the user named them: attention, messages, hidden states, logits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import UsageError
from convscope.recording.captured import numbers_of
from convscope.recording.episode import Numbers
from convscope.recording.names import column_named
from convscope.values.fields import Level
from convscope_loaders.recorders.captured_keys import captured_key
from convscope_loaders.recorders.tensordict_groups import Column, Group, Part, together
from convscope_loaders.recorders.tensordict_types import Key, TensorDict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A column, and the entry that it is."""

    column: str
    level: Level
    key: Key


class Capture:
    """Looks for what the user named.

    Parameters
    ----------
    names
        Keys by column: a name, which every group may have, or a tuple that leads to one entry.
    groups
        Of the environment.
    note
        Takes what is missing, a sentence each.

    Raises
    ------
    UsageError
        If a column is called like nothing, or something is no key.
    """

    def __init__(self, names: Mapping[str, object], groups: Sequence[Group], note: Callable[[str], None]) -> None:
        self.fields = frozenset(column_named(column)[0] for column in names)
        """Fields that are taken."""
        self._names = [_named(column, key) for column, key in names.items()]
        self._groups = {group.name: group for group in groups}
        self._agents = tuple(agent for group in groups for agent in group.agents)
        self._note = note

    def take(self, before: TensorDict, after: TensorDict) -> tuple[dict[str, Column], dict[str, Column]]:
        """Return what was named: the columns of a step, and those of them that are there after it as well."""
        columns: dict[str, Column] = {}
        columns_after: dict[str, Column] = {}
        for named in self._names:
            found, follows = self._column(named, before), self._column(named, after)
            if found is None and follows is None:
                keys = sorted(
                    "/".join(key) if isinstance(key, tuple) else key
                    for key in before.keys(include_nested=True, leaves_only=True)
                )
                self._note(
                    f"capture: nothing is called {'/'.join(named.key)}, which {named.column} was to be; found "
                    f"{', '.join(keys)}"
                )
            elif found is not None:
                columns[named.column] = found
                if follows is not None:
                    columns_after[named.column] = follows
            elif follows is not None:  # what only comes of the step belongs to it, as a reward does
                columns[named.column] = follows
        return columns, columns_after

    def _column(self, named: _Named, rows: TensorDict) -> Column | None:
        rank = rows.batch_dims
        parts = self._parts(named.key, rows)
        if not parts:
            entry = rows.get(named.key, None)
            return None if entry is None else self._of_all(named, numbers_of(entry), rank)
        if named.level is Level.AGENT:
            return together(parts, self._agents, rank)
        if named.level is Level.PAIR:
            return self._pairs(named, parts, rank)
        raise UsageError(f"capture: {'/'.join(named.key)} is of each agent, and {named.column} is of the team")

    def _parts(self, key: Key, rows: TensorDict) -> list[Part]:
        if len(key) > 1 and key[0] in self._groups:
            return self._groups[key[0]].parts(rows, key[1:])
        return [part for group in self._groups.values() for part in group.parts(rows, key)] if len(key) == 1 else []

    def _of_all(self, named: _Named, values: Numbers, rank: int) -> Numbers:
        n_agents, shape = len(self._agents), values.shape[rank:]
        is_fit = {
            Level.TEAM: True,
            Level.AGENT: shape[:1] == (n_agents,),
            Level.PAIR: shape[-2:] == (n_agents, n_agents),
        }
        if not is_fit[named.level]:
            raise UsageError(
                f"capture: {'/'.join(named.key)} has shape {shape} for {n_agents} agents; {named.column} needs "
                f"{'(..., receiver, sender)' if named.level is Level.PAIR else 'agents as its first axis'}"
            )
        return values

    def _pairs(self, named: _Named, parts: Sequence[Part], rank: int) -> Numbers:
        """Return weights of all receivers and senders, from those that each receiver has, with senders last."""
        n_agents = len(self._agents)
        lead, inner = parts[0][1].shape[:rank], parts[0][1].shape[rank + 1 : -1]
        weights = np.full((*lead, *inner, n_agents, n_agents), np.nan, np.float32)
        for agents, values in parts:
            receivers = np.array([self._agents.index(agent) for agent in agents])
            n_senders = values.shape[-1]
            if values.ndim < rank + 2 or n_senders not in {len(agents), n_agents}:
                raise UsageError(
                    f"capture: {'/'.join(named.key)} has shape {values.shape[rank:]}; expected (receiver, ..., sender) "
                    f"with {n_agents} senders"
                )
            senders = receivers if n_senders == len(agents) else np.arange(n_agents)
            weights[..., receivers[:, np.newaxis], senders] = np.moveaxis(values, rank, -2)
        return weights


def _named(column: str, key: object) -> _Named:
    found = captured_key(column, key, what="key of a TensorDict")
    return _Named(column=column, level=column_named(column)[1], key=found)
