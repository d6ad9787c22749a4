"""Declared expectations of behaviour, under relabelling of the agents within each run."""

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.compare.joint import join
from convscope.compare.nulls import Outcome
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.compare.standardised import moments_of, standardised_effect
from convscope.randomness import generator
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.chance import at_least
from convscope.values.config import AnalysisConfig
from convscope.values.prior import BehaviourExpectation


def behaviour_outcome(
    frame: pl.DataFrame, expectations: Sequence[BehaviourExpectation], config: AnalysisConfig
) -> Outcome | None:
    """Test whether roles behave as declared more than relabelled agents do.

    Statistic: the effect in the declared direction, mean over expectations and runs, in pooled standard deviations.

    Parameters
    ----------
    frame
        Analysed units that have a declared role.
    expectations
        Whose features the frame has.
    config
        ``n_permutations`` and ``seed`` are used.

    Returns
    -------
    Outcome or None
        None where an agent changes its declared role within a run: then agents have no role to exchange.
    """
    names = sorted(frame["declared_role"].unique().to_list())
    runs = [(str(part["run"][0]), part) for part in frame.partition_by("run", maintain_order=True)]
    held = [_role_of_agents(part, names) for _, part in runs]
    known = [(run, part, roles) for (run, part), roles in zip(runs, held, strict=True) if roles is not None]
    if len(known) < len(runs):
        return None
    found = [_relabelled(run, roles, n_roles=len(names), config=config) for run, _, roles in known]
    joint = join(found, [run for run, _, _ in known], n_draws=config.n_permutations, seed=config.seed)
    effects = [
        np.mean([_signed(part, each, labels.labels[:, 0], names=names) for each in expectations], axis=0)
        for (_, part, _), labels in zip(known, found, strict=True)
    ]
    observed = float(np.mean([each[0] for each in effects]))
    attainable = math.prod(_kept_share(labels.labels[:, 0], expectations, names) for labels in found)
    return Outcome(
        statistic=observed,
        p_value=joint.p_value(at_least(observed, joint.mean_of(effects))),
        attainable_p=max(attainable, joint.resolution),
    )


def _relabelled(run: str, roles: IntArray, *, n_roles: int, config: AnalysisConfig) -> Relabellings:
    rng = generator(config.seed, "gap", "behaviour roles", run)
    is_present = np.ones((1, len(roles)), dtype=np.bool_)
    return relabellings(roles[None], is_present, n_roles=n_roles, n_draws=config.n_permutations, rng=rng)


def _kept_share(labels: IntArray, expectations: Sequence[BehaviourExpectation], names: Sequence[str]) -> float:
    """Return the share of labellings (L, A) under which all that is expected is expected of the same agents."""
    roles = [names.index(role) for role in {each.role for each in expectations} if role in names]
    is_same = [(np.equal(labels, role) == np.equal(labels[0], role)).all(axis=1) for role in roles]
    return float(np.mean(np.all(is_same, axis=0))) if is_same else 1.0


def _role_of_agents(run: pl.DataFrame, names: Sequence[str]) -> IntArray | None:
    """Return the role of each agent, agents in the order of their names; None where one changes it."""
    held = run.group_by("agent").agg(pl.col("declared_role").unique()).sort("agent")["declared_role"].to_list()
    return None if any(len(roles) > 1 for roles in held) else np.array([names.index(roles[0]) for roles in held])


def _signed(
    run: pl.DataFrame, expectation: BehaviourExpectation, labels: IntArray, *, names: Sequence[str]
) -> FloatArray:
    """Return the effect in the declared direction under each labelling (L, A), shape (L,); 0 where there is none."""
    if expectation.role not in names:
        return np.zeros(len(labels))
    agents = run["agent"].unique().sort().to_list()
    place = run["agent"].replace_strict(agents, list(range(len(agents))), return_dtype=pl.Int64).to_numpy()
    own = moments_of(run[expectation.feature], place, len(agents))
    is_role = np.equal(labels, names.index(expectation.role))[..., None]
    with_role, without = np.where(is_role, own, 0.0).sum(axis=1), np.where(is_role, 0.0, own).sum(axis=1)
    effect = np.nan_to_num(standardised_effect(np.stack([with_role, without], axis=1)))
    return effect if expectation.is_high else -effect
