"""How often each agent takes each of its actions."""

import numpy as np

from convscope.features.decisions import Decisions
from convscope.features.entropy import entropy_by_unit
from convscope.features.family import lacks_field
from convscope.features.spaces import shared_space
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.features import Feature
from convscope.values.fields import ACTIONS
from convscope.values.header import ActionKind, ActionSpace, LogHeader

MAX_ACTIONS = 32
"""More shares than this would drown all other features; the variety remains."""


class ActionMix:
    """Share of steps with each action, and how evenly the actions are used.

    Shares are compared only among agents with the action space that most agents have, null for the others; variety,
    the entropy of the mix over the entropy of an even one, is comparable between any two discrete spaces.

    References
    ----------
    Altmann, "Observational study of behavior: sampling methods" (1974), of time budgets; Pielou, "The measurement of
    diversity in different types of biological collections" (1966), of evenness.
    """

    name = "action mix"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the actions."""
        return frozenset({ACTIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no discrete actions."""
        is_discrete = any(_is_discrete(agent.action_space) for agent in header.agents)
        return lacks_field(header, ACTIONS) or (None if is_discrete else "the actions are continuous")

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name a share for each action, then the variety."""
        shares = tuple(
            Feature(
                name=f"share of {name}",
                unit="share of steps",
                family=self.name,
                high=f"often {name}",
                low=f"seldom {name}",
            )
            for name in _action_names(header)
        )
        variety = Feature(
            name="variety of actions", unit="0 to 1", family=self.name, high="varied actions", low="few kinds of action"
        )
        return (*shares, variety)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Count the actions of each unit, component by component."""
        actions = decisions.vectors(ACTIONS)
        n_choices = _choices(header, actions.shape[1])
        columns: list[FloatArray] = []
        evenness = np.full((decisions.n_units, actions.shape[1]), np.nan)
        shared = _shared(header)
        for component in range(actions.shape[1]):
            chosen, choices = actions[:, component], n_choices[:, component]
            evenness[:, component] = _evenness(decisions, chosen, choices)
            if shared is not None and component < len(shared[0].n):
                columns.append(_only(_mix(decisions, chosen, shared[0].n[component]), shared[1]))
        is_known = np.isfinite(evenness)
        total = np.where(is_known, evenness, 0.0).sum(axis=1)
        variety = np.where(is_known.any(axis=1), total / np.maximum(is_known.sum(axis=1), 1), np.nan)
        return np.column_stack([*columns, variety])


ACTION_MIX = ActionMix()


def _is_discrete(space: ActionSpace) -> bool:
    return space.kind is not ActionKind.CONTINUOUS and bool(space.n)


def _shared(header: LogHeader) -> tuple[ActionSpace, BoolArray] | None:
    shared = shared_space(header, ActionKind.DISCRETE, ActionKind.MULTI_DISCRETE)
    return shared if shared is not None and sum(shared[0].n) <= MAX_ACTIONS else None


def _action_names(header: LogHeader) -> tuple[str, ...]:
    shared = _shared(header)
    if shared is None:
        return ()
    n = shared[0].n
    if len(n) == 1:
        values = header.field(ACTIONS).values
        names = values if len(values) == n[0] else tuple(f"action {a}" for a in range(n[0]))
        return tuple(names)
    return tuple(f"action part {c + 1} = {a}" for c, n_choices in enumerate(n) for a in range(n_choices))


def _choices(header: LogHeader, width: int) -> FloatArray:
    """Choices of each agent's components, shape (N, width), 0 where it has none."""
    rows = [(*agent.action_space.n, *(0,) * width)[:width] for agent in header.agents]
    return np.array(rows, dtype=np.float64)


def _mix(decisions: Decisions, chosen: FloatArray, n_choices: int) -> FloatArray:
    """Share of each choice among a unit's valid actions, shape (units, choices)."""
    is_valid = (chosen >= 0) & (chosen < n_choices)
    cell = decisions.unit[is_valid] * n_choices + chosen[is_valid].astype(np.int64)
    counts = np.bincount(cell, minlength=decisions.n_units * n_choices).reshape(-1, n_choices).astype(np.float64)
    n = counts.sum(axis=1, keepdims=True)
    return np.where(n > 0, counts / np.maximum(n, 1), np.nan)


def _evenness(decisions: Decisions, chosen: FloatArray, choices: FloatArray) -> FloatArray:
    """Entropy over the largest that the unit's own number of choices allows, shape (units,)."""
    is_valid = (chosen >= 0) & (chosen < choices[decisions.agent])
    symbols = chosen[is_valid].astype(np.int64)
    entropy = entropy_by_unit(decisions.unit[is_valid], symbols, decisions.n_units, is_corrected=False)
    n_choices = np.tile(choices, len(decisions.block.episodes))
    return np.where(n_choices > 1, entropy / np.log(np.maximum(n_choices, 2)), np.nan)


def _only(values: FloatArray, is_shared: BoolArray) -> FloatArray:
    keeps = np.tile(is_shared, len(values) // len(is_shared))
    return np.where(keeps[:, np.newaxis], values, np.nan)
