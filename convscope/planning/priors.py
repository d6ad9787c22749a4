"""Plans of a study for priors that are typical, and for one's own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convscope.errors import UsageError
from convscope.ingest.prior import read_declared_routing
from convscope.planning.study import Plan, Question, plan_study
from convscope.randomness import generator
from convscope.simulate.composition import read_composition
from convscope.simulate.teams import GENERIC
from convscope.values.config import AnalysisConfig
from convscope.values.prior import RolePrior

MOST_ROLES = 8


def plan_priors(
    n_roles: int, team: str | None, n_runs: int, *, priors: Path | None, alpha: float | None, seed: int
) -> tuple[Question, tuple[Plan, ...]]:
    """Plan a study for a circulant and a generic prior, and for one's own.

    Parameters
    ----------
    n_roles
        Declared roles; those of ``priors`` where it is given.
    team
        As in `convscope.simulate.composition.read_composition`; None is one agent of each role, two where that leaves
        nobody a choice.
    n_runs
        Training runs.
    priors
        A priors file; its margin and alpha count, too.
    alpha
        Level; overrides that of the file.
    seed
        Of the simulations.

    Raises
    ------
    UsageError
        If the team does not fit the roles, or the level is none.
    PriorsError
        If the priors file does not say what it should.
    """
    own = read_declared_routing(priors) if priors else None
    n_roles = len(own.roles) if own else n_roles
    if not 2 <= n_roles <= MOST_ROLES:
        raise UsageError(f"a plan is for 2 to {MOST_ROLES} roles, not {n_roles}")
    level = alpha if alpha is not None else (own.alpha if own else None)
    if level is not None and not 0 < level < 1:
        raise UsageError(f"--alpha must be between 0 and 1, not {level:g}")
    question = Question(
        members=read_composition(team or "-".join(["1" if n_roles > 2 else "2"] * n_roles), n_roles),
        n_runs=n_runs,
        alpha=AnalysisConfig().alpha if level is None else level,
        margin=AnalysisConfig().margin if own is None or own.margin is None else own.margin,
        seed=seed,
    )
    names = tuple(f"role_{number}" for number in range(n_roles))
    typical = {"circulant": circulant(n_roles), "generic": generic(n_roles)}
    asked = {name: RolePrior(roles=names, role_of={}, preference=np.array(matrix)) for name, matrix in typical.items()}
    if priors is not None and own is not None:
        asked[priors.name] = own
    return question, tuple(plan_study(question, name, prior) for name, prior in asked.items())


def circulant(n_roles: int) -> Sequence[Sequence[float]]:
    """Return a prior by which each role attends mostly to one other, all alike: .6 and the rest even."""
    rest = 0.4 / (n_roles - 1)
    return [[0.6 if b == (a - 1) % n_roles else rest for b in range(n_roles)] for a in range(n_roles)]


def generic(n_roles: int) -> Sequence[Sequence[float]]:
    """Return a prior that no renaming of roles leaves as it is."""
    if n_roles == len(GENERIC):
        return GENERIC
    rng = generator(0, "plan", "generic", str(n_roles))
    rows = np.exp(rng.normal(0, 0.7, (n_roles, n_roles)))
    shares: list[list[float]] = (rows / rows.sum(axis=1, keepdims=True)).tolist()
    return shares
