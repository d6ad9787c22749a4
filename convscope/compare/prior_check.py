"""What a prior says of a log before anything is analysed: who is who, what is scored, what could be significant."""

from dataclasses import dataclass

import numpy as np

from convscope.compare.attainable import alignment_attainable, automorphic_share, runs_to_attain, specificity_reach
from convscope.compare.joint import n_joint_draws, resolution
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.compare.scores import FLAT_ROW
from convscope.features.fold import FeatureFold
from convscope.ingest.prior import declare
from convscope.randomness import generator
from convscope.routing.divergence import conditioned, even, row_divergence
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog
from convscope.values.prior import RolePrior

_N_DRAWS = AnalysisConfig().n_permutations


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """One declared row of routing."""

    role: str
    shares: tuple[tuple[str, float], ...]
    """Over the cells that the team can show, largest first."""
    sharpness: float
    """k, in bits from even; NaN where fewer than two cells are left."""

    @property
    def is_scorable(self) -> bool:
        """Whether data could tell the row from a role-blind team; the noise floor shows only later."""
        return bool(np.isfinite(self.sharpness) and self.sharpness >= FLAT_ROW)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorCheck:
    """A prior held against a log."""

    members: tuple[tuple[str, tuple[str, ...]], ...]
    """Agents of each role; empty where the log labels them in each episode."""
    undeclared: tuple[str, ...]
    rows: tuple[CheckedRow, ...]
    unknown_features: tuple[str, ...]
    """Expected features that the log does not afford."""
    n_runs: int
    n_relabellings: int | None
    """Ways in which the agents of the first run could hold each other's roles; None where roles are redrawn."""
    n_automorphisms: int
    """Those that leave the prior as it is, itself among them."""
    n_draws: int | None
    """Ways that are drawn for the tests, over all runs; None where all are tried."""
    specificity_p: float
    """The smallest p that the test could give, for a team with the symmetries of the prior and with these draws."""
    alignment_p: float | None
    """None where no row can be scored."""
    runs_needed: int | None
    alpha: float


def check_prior(prior: RolePrior, log: TrajectoryLog) -> PriorCheck:
    """Hold a prior against a log. Every agent with a role is taken to be there in every run.

    Parameters
    ----------
    prior
        As read with this log.
    log
        Only its header and its table of episodes are looked at.
    """
    declared = declare(log, prior)
    runs = [_relabellings(declared, run, prior) for run in range(len(log.episodes.runs))]
    cells = _cells(runs, len(prior.roles))
    shown = np.full(cells.shape, np.nan) if prior.preference is None else prior.preference
    shown = conditioned(shown, cells & np.isfinite(shown))
    sharpness = row_divergence(even(np.isfinite(shown)), shown)
    target = np.where((sharpness >= FLAT_ROW)[:, None], shown, np.nan)
    alpha = AnalysisConfig().alpha if prior.alpha is None else prior.alpha
    is_scorable = bool(np.isfinite(target).any())
    finest = resolution(runs, n_draws=_N_DRAWS)
    return PriorCheck(
        members=tuple((role, tuple(a for a, of in prior.role_of.items() if of == role)) for role in prior.roles),
        undeclared=tuple(agent.name for agent in log.header.agents if prior.role_of.get(agent.name) is None),
        rows=tuple(_row(prior, role, shown, sharpness=float(sharpness[n])) for n, role in _declared_rows(prior)),
        unknown_features=_unknown(prior, log),
        n_runs=len(runs),
        n_relabellings=runs[0].n_all if runs[0].sizes else None,
        n_automorphisms=round(automorphic_share(runs[0], target) * runs[0].n_all) if is_scorable else 0,
        n_draws=n_joint_draws(runs, n_draws=_N_DRAWS),
        specificity_p=specificity_reach(runs, target, alpha=alpha, finest=finest).as_declared,
        alignment_p=max(alignment_attainable(runs, target), finest) if is_scorable else None,
        runs_needed=runs_to_attain(runs, target, alpha=alpha, n_draws=_N_DRAWS) if is_scorable else None,
        alpha=alpha,
    )


def affordable_features(log: TrajectoryLog) -> tuple[str, ...]:
    """Return the names of the features that a log affords; some may turn out to hold nothing."""
    return tuple(feature.name for feature in FeatureFold(log, AnalysisConfig()).features)


def _relabellings(log: TrajectoryLog, run: int, prior: RolePrior) -> Relabellings:
    roles = log.episodes.declared_roles[np.equal(log.episodes.run, run)]
    rng = generator(0, "priors check", log.episodes.runs[run])
    return relabellings(roles, roles >= 0, n_roles=len(prior.roles), n_draws=_N_DRAWS, rng=rng)


def _cells(runs: list[Relabellings], n_roles: int) -> BoolArray:
    """Return the cells that every run can show: single members have none of their own kind."""
    single = np.zeros(n_roles, dtype=np.bool_)
    for run in runs:
        if run.sizes:
            single |= np.asarray(run.sizes) < 2
    return ~np.diag(single)


def _declared_rows(prior: RolePrior) -> list[tuple[int, str]]:
    if prior.preference is None:
        return []
    return [(n, role) for n, role in enumerate(prior.roles) if np.isfinite(prior.preference[n]).any()]


def _row(prior: RolePrior, role: str, shown: FloatArray, *, sharpness: float) -> CheckedRow:
    row = shown[prior.roles.index(role)]
    shares = [(sender, float(share)) for sender, share in zip(prior.roles, row, strict=True) if np.isfinite(share)]
    return CheckedRow(role=role, shares=tuple(sorted(shares, key=lambda each: -each[1])), sharpness=sharpness)


def _unknown(prior: RolePrior, log: TrajectoryLog) -> tuple[str, ...]:
    known = affordable_features(log)
    return tuple(dict.fromkeys(each.feature for each in prior.behaviours if each.feature not in known))
