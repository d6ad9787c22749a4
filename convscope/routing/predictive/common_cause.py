"""Whether an edge is more than an unlogged common cause could make, as strong as the log shows one to be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from convscope.routing.flips import UnitScores, family_flips
from convscope.routing.predictive.strength import Strengths, strengths, variance_of
from convscope.values.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Light:
    """The innovation light: agents who surprise at the same step need a common cause if they act apart."""

    p_value: FloatArray
    """Family-wise, of each unordered pair, shape (pairs,); NaN where untested."""
    n_lit: int
    """Pairs below the level."""
    strongest: int | None
    """The pair that shares most, among those below the level; None where the light is off."""
    strengths: tuple[Strengths, ...]
    """Of all pairs, a run each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Margin:
    """How much stronger edges are than a common cause could make them; sums over runs."""

    bar: float
    """The strongest that it could make."""
    value: FloatArray
    """Strength less the bar, shape (tests,)."""
    error: FloatArray
    """Standard error of the value, shape (tests,)."""

    @property
    def p_value(self) -> FloatArray:
        """Chance of such a margin where there is none, shape (tests,)."""
        p_values: FloatArray = ndtr(-self.value / np.maximum(self.error, np.finfo(np.float64).tiny))
        return p_values


def innovation_light(
    innovations: Sequence[UnitScores],
    pooled: Sequence[UnitScores] = (),
    *,
    alpha: float,
    n_flips: int,
    rng: np.random.Generator,
) -> Light:
    """Test whether agents surprise at the same step, and find those that do most.

    Parameters
    ----------
    innovations
        Scores of each run, a test per unordered pair.
    pooled
        The same tests by scores that were added up, which see more where edges are added up, too; none when left out.
    alpha
        Family-wise level.
    n_flips
        Draws of the null.
    rng
        Draws them.
    """
    level = alpha / 2 if pooled else alpha
    p_value = family_flips(innovations, n_flips=n_flips, alpha=level, rng=rng)
    if pooled:
        added = family_flips(pooled, n_flips=n_flips, alpha=level, rng=rng)
        p_value = np.minimum(2 * np.fmin(p_value, added), 1.0)
    shared = tuple(strengths(each) for each in innovations)
    is_lit = np.less(np.nan_to_num(p_value, nan=1.0), alpha)
    total = np.sum([each.value for each in shared], axis=0)
    strongest = int(np.where(is_lit, total, -np.inf).argmax()) if is_lit.any() else None
    return Light(p_value=p_value, n_lit=int(is_lit.sum()), strongest=strongest, strengths=shared)


def margin_over_common_cause(edges: Sequence[Strengths], light: Light, *, lag: int) -> Margin | None:
    """Compare edges with the strongest that a hidden common cause could make; None without a light.

    A hidden cause that explains shares x and y of what two agents do beyond everybody's past makes them share x y at
    the same step. A step later it makes an edge between them of no more than that, since what is left of the cause is
    no more than the cause was; the same for each step that is looked back. An edge that is stronger than the strongest
    same-step dependence in the team is therefore none that a cause of that strength could make.

    Parameters
    ----------
    edges
        Strengths of each run.
    light
        Of the same units.
    lag
        Steps looked back.

    References
    ----------
    Cinelli and Hazlett, "Making sense of sensitivity: extending omitted variable bias", Journal of the Royal
    Statistical Society B 82 (2020), for bounds by the shares that a hidden cause explains at both ends.
    """
    if light.strongest is None:
        return None
    at = light.strongest
    bar = lag * sum(float(shared.value[at]) for shared in light.strengths)
    variance = np.zeros(len(edges[0].value))
    for edge, shared in zip(edges, light.strengths, strict=True):
        by_unit = edge.by_unit - lag * shared.by_unit[:, [at]]
        variance += variance_of(by_unit, edge.spread + lag**2 * shared.spread[at])
    total = np.sum([edge.value for edge in edges], axis=0)
    return Margin(bar=bar, value=total - bar, error=np.sqrt(variance))
