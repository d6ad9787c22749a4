"""What the residual test needs, checked on the log itself, and what a reader of its edges should know."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.refusal import UnreadableSourceError
from convscope.routing.residual.evaluate import Statistic, combined
from convscope.routing.residual.study import N_DRAWS, Study
from convscope.routing.residual.usage import Usage
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice

_WHERE = "routing.edges"
_MOST_DEVIATION = 5.0
"""Standard errors by which the likelihood of the actions may miss what draws would have."""
_LEAST_MASS = 1e-4


def refuse_other_policies(usage: Usage, agents: Sequence[str], places: IntArray) -> None:
    """Refuse probabilities that the actions were not drawn from.

    Raises
    ------
    UnreadableSourceError
        If an agent takes actions of probability 0, or is clearly greedier or more random than its probabilities.
    """
    for name, place in zip(agents, places.tolist(), strict=True):
        n_known = usage.n_known[:, place].sum()
        n_impossible = usage.n_impossible[:, place].sum()
        if n_impossible:
            raise UnreadableSourceError(
                f"{name} takes {n_impossible:,.0f} of {n_known:,.0f} actions that its logged probabilities rule out: "
                "they are not those that it drew from (before a mask, a temperature, an epsilon?); log the final ones"
            )
        spread = np.sqrt(usage.variance[:, place].sum())
        deviation = usage.surprise[:, place].sum() / max(float(spread), 1e-12)
        if spread > 0 and abs(deviation) > _MOST_DEVIATION:
            kind = "greedier" if deviation > 0 else "more random"
            raise UnreadableSourceError(
                f"{name} acts {kind} than its logged probabilities say ({abs(deviation):.1f} standard errors): its "
                "actions are no draws from them, and so no experiment; log the probabilities that are sampled from"
            )


def are_joint(together: Sequence[Statistic], alpha: float) -> bool:
    """Whether agents' dice fall together at the same step, which those of agents that draw apart never do."""
    smallest, n_pairs = _smallest_joint(together)
    return smallest * n_pairs < alpha


def residual_notices(
    study: Study, usage: Usage, *, agents: Sequence[str], places: IntArray, config: AnalysisConfig
) -> tuple[Notice, ...]:
    """Return all that a reader of the edges should know.

    Parameters
    ----------
    study
        Of all runs and checkpoints.
    usage
        Result of the first pass.
    agents, places
        Names of the analysed agents, and their places in the log.
    config
        Its ``alpha`` is the level of the warning of joint draws.
    """
    parts = study.agents.analysed
    numbers = [part.number for part in parts]
    mass = (usage.chance[numbers] / np.maximum(usage.n_known[numbers], 1)).mean(axis=0)[places]
    together = [study.together[number] for number in numbers]
    told = ", ".join(f"{name} {share:.2g}" for name, share in zip(agents[:8], mass.tolist(), strict=False))
    more = f" and {len(agents) - 8:,} more" if len(agents) > 8 else ""
    notices = [
        Notice(
            code="exploration-mass",
            message=f"Exploration mass (how often two draws of an agent's action would differ): {told}{more}. "
            "Influence is looked for at the next step only.",
            where=_WHERE,
        )
    ]
    idle = [name for name, share in zip(agents, mass.tolist(), strict=True) if share < _LEAST_MASS]
    if idle:
        message = f"{', '.join(idle[:4])}: no chance in the actions, so that influence cannot be told this way."
        notices.append(Notice(code="no-exploration", message=message, where=_WHERE))
    if any(len(part.test.drawn) for part in parts):
        message = (
            f"Chance is rare in some agents' actions: their p values come from {N_DRAWS:,} re-draws of them, and "
            "from more where a claim could hang on these."
        )
        notices.append(Notice(code="re-drawn", message=message, where=_WHERE))
    n_unknown = int(usage.n_unknown[:, places].sum())
    if n_unknown:
        n_all = n_unknown + int(usage.n_known[:, places].sum())
        message = f"{n_unknown:,} of {n_all:,} actions have no usable probabilities and are left out."
        notices.append(Notice(code="probabilities-missing", message=message, where=_WHERE))
    if are_joint(together, config.alpha):
        smallest, n_pairs = _smallest_joint(together)
        message = (
            f"Agents' draws fall together at the same step (p {min(1.0, smallest * n_pairs):.2g} over {n_pairs:,} "
            "pairs): they were sampled jointly or with one seed, so that no edge is claimed."
        )
        notices.append(Notice(code="joint-draws", message=message, where=_WHERE))
    return tuple(notices)


def _smallest_joint(together: Sequence[Statistic]) -> tuple[float, int]:
    test = combined(together, np.random.default_rng(0))
    upper = np.triu_indices(len(test.value), 1)
    p_values = test.p_value[upper]
    known = p_values[np.isfinite(p_values)]
    return (float(known.min()), len(known)) if len(known) else (1.0, 0)
