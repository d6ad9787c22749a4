"""The number of roles among units, in the coordinates that show most of them."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.randomness import generator
from convscope.roles.count import count_roles
from convscope.roles.discriminant import discriminant
from convscope.roles.method import Method
from convscope.roles.pairs import MIN_EPISODES
from convscope.roles.sample import sampled_units
from convscope.roles.stability import role_stability
from convscope.roles.ties import Ties, ties_of
from convscope.roles.together import together
from convscope.roles.units import Units
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice
from convscope.values.roles import AgentClasses, Candidate

MAX_RESAMPLED = 4_000
"""Units on which the number of roles and its stability are tried out again and again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoleNumber:
    """How many roles, and where they show."""

    k: int | None
    """None when nothing could be clustered."""
    values: FloatArray
    """Coordinates of all units in which the roles are found, shape (U, C)."""
    stability: float | None
    candidates: tuple[Candidate, ...]
    notices: tuple[Notice, ...]


def number_of_roles(
    units: Units, classes: tuple[AgentClasses, ...], *, method: Method, config: AnalysisConfig
) -> RoleNumber:
    """Count roles among all features, along what tells agents apart, and among features that vary together.

    The largest number counts; each has to be confirmed on single units.

    Parameters
    ----------
    units
        Units of the analysed agents.
    classes
        Classes of agents that were told apart; empty where members are no agents, because roles that were found with
        the help of declared ones could not be compared with them.
    method
        Divides units into groups.
    config
        ``alpha`` and ``seed`` are used.
    """
    chosen = sampled_units(units, MAX_RESAMPLED)
    episode = np.unique(units.episode[chosen], return_inverse=True)[1]
    if not len(units.selection.features) or not len(chosen):
        return _none(units, "no feature tells units apart")
    if episode.max() + 1 < MIN_EPISODES:
        return _none(units, f"fewer than {MIN_EPISODES} episodes to resample")
    values, best = units.coordinates, 1
    candidates: tuple[Candidate, ...] = ()
    for space, class_of_unit, ties in _spaces(units, classes, config.seed):
        rng = generator(config.seed, "roles", "count")
        members = None if class_of_unit is None else class_of_unit[chosen]
        k, tried = count_roles(
            space[chosen], episode, members, ties=ties.of(chosen), method=method, alpha=config.alpha, rng=rng
        )
        # On a tie what tells agents apart counts: it rests on all their episodes.
        if not candidates or k > best or (k == best > 1 and class_of_unit is not None):
            values, best, candidates = space, k, tried
    rng = generator(config.seed, "roles", "stability")
    stability = role_stability(values[chosen], episode, best, method=method, rng=rng) if best > 1 else None
    return RoleNumber(
        k=best, values=values, stability=stability, candidates=candidates, notices=_notices(units, len(chosen), best)
    )


def _spaces(
    units: Units, classes: tuple[AgentClasses, ...], seed: int
) -> list[tuple[FloatArray, IntArray | None, Ties]]:
    found, ties = discriminant(units, classes), ties_of(units, seed)
    spaces: list[tuple[FloatArray, IntArray | None, Ties]] = [(units.coordinates, None, ties)]
    if found is not None:
        spaces.append((found.values, found.class_of_unit, replace(ties, loadings=found.loadings)))
    shared = together(units, seed)
    if shared is not None:
        spaces.append((shared.values, None, shared.ties))
    return spaces


def _none(units: Units, reason: str) -> RoleNumber:
    notice = Notice(code="not-computed", message=f"roles among units: {reason}", where="roles.k")
    return RoleNumber(k=None, values=units.coordinates, stability=None, candidates=(), notices=(notice,))


def _notices(units: Units, n_chosen: int, k: int) -> tuple[Notice, ...]:
    notices: list[Notice] = []
    n_units = int(units.is_fitted.sum())
    if n_chosen < n_units:
        text = f"the number of roles was chosen on {n_chosen} of {n_units} units, whole episodes sampled by hash"
        notices.append(Notice(code="subset", message=text, where="roles.k"))
    if k == 1:
        text = "one role has no stability: there is no division that could change"
        notices.append(Notice(code="not-applicable", message=text, where="roles.stability"))
    return tuple(notices)
