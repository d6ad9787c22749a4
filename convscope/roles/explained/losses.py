"""How well a role is predicted by more and more, in episodes that the predictor has not seen."""

from dataclasses import dataclass

import numpy as np

from convscope.behaviour.model import N_FOLDS, Decisions, fit_behaviour
from convscope.behaviour.tasks import Choices
from convscope.values.arrays import FloatArray, IntArray, sealed

_WEIGHT = 0.5
"""Units that what is known less finely counts for."""
_BLENDS = np.linspace(0.0, 1.0, 5)
_TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitTable:
    """Units of one run."""

    unit_episode: IntArray
    """Number of each unit's episode in the order of what episodes hold, shape (n,)."""
    declared: IntArray
    """Declared role, -1 for none, shape (n,)."""
    agent: IntArray
    """Shape (n,)."""
    role: IntArray
    """Found role, from 0, shape (n,)."""
    situation: FloatArray
    """Shape (n, F); F = 0 where nothing is known."""
    n_roles: int

    def __post_init__(self) -> None:
        n_units = len(self.role)
        for name in ("unit_episode", "declared", "agent", "role"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_units,), name))
        object.__setattr__(self, "situation", sealed(self.situation, (n_units, None), "situation"))

    @property
    def fold(self) -> IntArray:
        """Part of the episodes that each unit belongs to, shape (n,)."""
        return np.asarray(self.unit_episode % N_FOLDS, dtype=np.int64)


def held_out_losses(units: UnitTable) -> FloatArray:
    """Return the log loss of each unit's role, in nats, shape (n, 4).

    Predicted by frequencies alone, by the declared role, by the agent too, and by the starting situation too. Each
    predictor is fitted to the other parts of the episodes and leans on the one before where it has seen little, so that
    what tells nothing gains nothing.

    Parameters
    ----------
    units
        Of one run.
    """
    fold, n_units = units.fold, len(units.role)
    taken = np.eye(units.n_roles)[units.role]
    levels = [np.zeros((n_units, units.n_roles)) for _ in range(3)]
    nobody = np.zeros(n_units, dtype=np.int64)
    declared = units.declared + 1
    agents = np.unique(np.column_stack([declared, units.agent]), axis=0, return_inverse=True)[1].reshape(-1)
    for part in range(N_FOLDS):
        here = np.equal(fold, part)
        coarser = np.full((n_units, units.n_roles), 1.0 / units.n_roles)
        for level, code in enumerate((nobody, declared, agents)):
            coarser = _frequencies(code, taken * ~here[:, np.newaxis], coarser)
            levels[level][here] = coarser[here]
    levels.append(_by_situation(units, taken, levels[2]))
    return np.stack([-np.log(np.maximum((taken * level).sum(axis=1), _TINY)) for level in levels], axis=1)


def dealt_gains(units: UnitTable, *, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return what the declared role gains where its labels are dealt anew, in nats, shape (draws,).

    Agents of the run exchange the labels that they hold throughout; where labels change between episodes, the agents
    of each episode do. Without any tie between labels and roles some gain remains: labels split agents, and agents
    differ.

    Parameters
    ----------
    units
        Of one run.
    n_draws
        How often the labels are dealt.
    rng
        Deals them.
    """
    agents, place = np.unique(units.agent, return_inverse=True)
    label_of = np.zeros(len(agents), dtype=np.int64)
    label_of[place] = units.declared
    are_lasting = bool((label_of[place] == units.declared).all())
    order = np.argsort(units.unit_episode, kind="stable")
    gains = np.zeros(n_draws)
    for draw in range(n_draws):
        dealt = np.empty_like(units.declared)
        if are_lasting:
            dealt[:] = rng.permutation(label_of)[place]
        else:
            keys = np.lexsort((rng.random(len(order)), units.unit_episode))
            dealt[order] = units.declared[keys]
        gains[draw] = declared_gain(units, dealt)
    return gains


def declared_gain(units: UnitTable, declared: IntArray) -> float:
    """Return what labels (n,) gain over frequencies alone in episodes that were not seen, in nats."""
    taken = np.eye(units.n_roles)[units.role]
    total = 0.0
    for part in range(N_FOLDS):
        here = np.equal(units.fold, part)
        counted = taken * ~here[:, np.newaxis]
        even = np.full((len(here), units.n_roles), 1.0 / units.n_roles)
        alone = _frequencies(np.zeros(len(here), dtype=np.int64), counted, even)
        by_label = _frequencies(declared + 1, counted, alone)
        gain = np.log(np.maximum((taken * by_label).sum(axis=1), _TINY)) - np.log(
            np.maximum((taken * alone).sum(axis=1), _TINY)
        )
        total += float(gain[here].sum())
    return total


def _frequencies(code: IntArray, counted: FloatArray, coarser: FloatArray) -> FloatArray:
    """Return the frequencies of roles among the counted units of each unit's code, leaning on coarser ones."""
    sums = np.zeros((int(code.max(initial=0)) + 1, counted.shape[1]))
    np.add.at(sums, code, counted)
    own = sums[code] + _WEIGHT * coarser
    return np.asarray(own / own.sum(axis=1, keepdims=True), dtype=np.float64)


def _by_situation(units: UnitTable, taken: FloatArray, known: FloatArray) -> FloatArray:
    fold = units.fold
    if not units.situation.shape[1]:
        return known
    task = Choices(n_choices=units.n_roles)
    # What is known of agents enters as columns, so that one model of the situation serves all of them.
    seen = np.concatenate([np.log(np.maximum(known, 1e-6)), units.situation], axis=1)
    decisions = Decisions(member=np.zeros_like(units.agent), fold=fold, seen=seen, outcomes=taken)
    modelled = fit_behaviour(task, decisions, n_members=1).predict(0, seen, fold)
    blends = np.stack([(1 - share) * known + share * modelled for share in _BLENDS])
    losses = -np.log(np.maximum((blends * taken).sum(axis=2), _TINY))
    result = np.empty_like(known)
    for part in range(N_FOLDS):
        here = np.equal(fold, part)
        best = int(losses[:, ~here].sum(axis=1).argmin())
        result[here] = blends[best, here]
    return result
