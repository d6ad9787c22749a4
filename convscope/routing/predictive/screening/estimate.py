"""Routing of a team too large for one regression of everything."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.routing.edges import q_values
from convscope.routing.predictive.notices import common_cause_notice
from convscope.routing.predictive.screening.light import Light, added, edge_p_values, find_light
from convscope.routing.predictive.screening.study import ScreenedPart, ScreenedStudy
from convscope.routing.predictive.study import FEWEST_EPISODES
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice
from convscope.values.routing import EDGE_TYPES

_WHERE = "routing.edges"


def screened_table(
    study: ScreenedStudy,
    parts: Sequence[ScreenedPart],
    names: Sequence[str],
    *,
    config: AnalysisConfig,
    is_named: bool,
    is_claimed: bool,
) -> pl.DataFrame:
    """Return the edges that the screen left, sender by sender.

    Parameters
    ----------
    study
        All that was tested.
    parts
        One of each run. The weight is the mean over runs that have data; the test adds up over runs.
    names
        Of all agents of the log.
    config
        Level of the light, and the false discovery rate below which an edge is significant; over all ordered pairs of
        the analysed agents, of which those that the screen left out have a p of 1.
    is_named
        Whether rows name the run and the checkpoint of the only part.
    is_claimed
        Whether edges between these agents are claimed at all.
    """
    p_value = _p_values(parts, alpha=config.alpha)
    rate = _rates(p_value, n_left_out=_n_pairs(study) - len(p_value))
    order = np.lexsort((study.receiver, study.sender))
    order = order[np.isfinite(p_value[order])]
    group = parts[0].group if is_named else None
    known = pl.DataFrame(
        {
            "sender": [names[place] for place in study.sender[order].tolist()],
            "receiver": [names[place] for place in study.receiver[order].tolist()],
            "weight": _mean_weight(parts)[order],
            "p_value": p_value[order],
            "q_value": rate[order],
            "significant": (rate[order] <= config.q) & is_claimed,
        }
    )
    where = known.with_columns(
        pl.lit(group.run_name if group else None, dtype=pl.String).alias("run"),
        pl.lit(group.checkpoint if group else None, dtype=pl.String).alias("checkpoint"),
        pl.col("weight").fill_nan(None),
    )
    return pl.concat([pl.DataFrame(schema=EDGE_TYPES), where], how="diagonal")


def _n_pairs(study: ScreenedStudy) -> int:
    return study.n_agents * (study.n_agents - 1)


def _p_values(parts: Sequence[ScreenedPart], *, alpha: float) -> FloatArray:
    if _are_few(parts):
        return np.full(len(parts[0].weight), np.nan)
    return edge_p_values(added([part.edges for part in parts]), _light(parts, alpha))


def _light(parts: Sequence[ScreenedPart], alpha: float) -> Light | None:
    return find_light(added([part.shared for part in parts]), alpha=alpha)


def _are_few(parts: Sequence[ScreenedPart]) -> bool:
    return sum(part.n_episodes for part in parts) < FEWEST_EPISODES


def _rates(p_value: FloatArray, *, n_left_out: int) -> FloatArray:
    """Return q values in the family of all pairs: those that were left out count with a p of 1."""
    return q_values(np.concatenate([p_value, np.ones(n_left_out)]))[: len(p_value)]


def _mean_weight(parts: Sequence[ScreenedPart]) -> FloatArray:
    weights = np.array([part.weight for part in parts])
    is_known = np.isfinite(weights)
    total = np.where(is_known, weights, 0.0).sum(axis=0)
    return np.where(is_known.any(axis=0), total / np.maximum(is_known.sum(axis=0), 1), np.nan)


def screening_notices(study: ScreenedStudy, names: Sequence[str], *, alpha: float, n_other: int) -> tuple[Notice, ...]:
    """Return what a reader of the edges should know.

    Parameters
    ----------
    study
        What was tested.
    names
        Of all agents of the log.
    alpha
        Level of the light.
    n_other
        Runs and checkpoints that are not analysed; they have no edges.
    """
    most = int(np.bincount(study.receiver).max(initial=0))
    message = (
        f"{study.n_agents:,} agents are too many for one regression of everything: of each receiver the {most} senders "
        "whose last action its next one goes with most closely were tested, given its own past and theirs a step back; "
        f"the other pairs of {_n_pairs(study):,} count with a p of 1 and have no row. p is a bound that holds for any "
        "number of episodes, up to 4.5 times too large; weights are transfer entropies to first order."
    )
    left_out = "Role preference and role edges are not computed from screened pairs."
    notices = [
        Notice(code="transfer-entropy-screened", message=message, where=_WHERE),
        Notice(code="not-computed", message=left_out, where="routing.preference"),
    ]
    if _are_few(study.parts):
        n_episodes = sum(part.n_episodes for part in study.parts)
        few = f"{n_episodes:,} episodes are too few to test edges of so many agents."
        notices.append(Notice(code="not-computed", message=few, where=_WHERE))
    elif light := _light(study.parts, alpha):
        receiver, sender = int(study.receiver[light.strongest]), int(study.sender[light.strongest])
        notices.append(
            common_cause_notice(
                light.n_lit, light.n_looked_at, light.p_value, strongest=(names[receiver], names[sender])
            )
        )
    if n_other:
        other = f"{n_other:,} runs and checkpoints that are not analysed have no edges: the team is too large."
        notices.append(Notice(code="not-computed", message=other, where="routing.edges_by_run"))
    return tuple(notices)
