"""Runs, and checkpoints of runs, that settle on different conventions (ground truths 12 and 13)."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convscope.routing.divergence import mean_divergence, row_divergence
from convscope.simulate.attending import attending_log
from convscope.simulate.scenarios.declaring import matrix_of, preferences_of, priors_text, seen
from convscope.simulate.scenarios.following import SWAPPED, runs_following
from convscope.simulate.scenarios.scenario import Planted, Scale, Scenario
from convscope.simulate.teams import CIRCULANT, SimulatedRun, simulate_run

if TYPE_CHECKING:
    from convscope.values.arrays import FloatArray
    from convscope.values.log import TrajectoryLog

_N_CHECKPOINTS = 10
_CHANGES_AT = 5
"""The first checkpoint that attends in the new way."""
_LATER = ((0.4, 0.4, 0.2), *CIRCULANT[1:])


def _two(scale: Scale, rng: np.random.Generator) -> Planted:
    n_swapped = scale.n_runs // 2
    kept, first = runs_following(CIRCULANT, replace(scale, n_runs=scale.n_runs - n_swapped), rng)
    swapped, second = runs_following(SWAPPED, replace(scale, n_runs=n_swapped), rng)
    later = {f"run_{len(kept) + number}": log for number, log in enumerate(swapped.values())}
    logs = {name: replace(log, episodes=replace(log.episodes, runs=(name,))) for name, log in (kept | later).items()}
    planted = np.array([CIRCULANT] * len(kept) + [SWAPPED] * n_swapped)
    shown = seen(preferences_of([*first, *second]) if scale.noise else planted, scale.members)
    declared = seen(np.array(CIRCULANT), scale.members)
    distance = float(mean_divergence(shown, declared).mean())
    of_mean = float(mean_divergence(shown.mean(axis=0), declared))
    return Planted(
        logs=logs,
        priors=priors_text(CIRCULANT),
        truth={
            "T": distance,
            "T_of_mean": of_mean,
            "multiplicity_bits": distance - of_mean,
            "conventions": {"as declared": list(kept), "first two roles swapped": list(later)},
        },
    )


def _drifting(scale: Scale, rng: np.random.Generator) -> Planted:
    labels = [f"step_{number}" for number in range(_N_CHECKPOINTS)]
    logs: dict[str, TrajectoryLog] = {}
    shown: list[FloatArray] = []
    planted = np.array([CIRCULANT if n < _CHANGES_AT else _LATER for n in range(len(labels))])
    for name in scale.runs:
        parts = [simulate_run(scale.team(CIRCULANT if n < _CHANGES_AT else _LATER), rng) for n in range(len(labels))]
        checkpoints = [label for label in labels for _ in range(scale.n_episodes)]
        logs[name] = attending_log(_joined(parts), scale.agents, name=name, rng=rng, checkpoints=checkpoints)
        shown.append(preferences_of(parts) if scale.noise else planted)
    by_checkpoint = seen(np.mean(shown, axis=0), scale.members)
    before, after = by_checkpoint[:_CHANGES_AT].mean(axis=0), by_checkpoint[_CHANGES_AT:].mean(axis=0)
    return Planted(
        logs=logs,
        priors=priors_text(CIRCULANT),
        truth={
            "before": matrix_of(before),
            "after": matrix_of(after),
            "row_divergence": float(row_divergence(before, after)[0]),
            "change_point": labels[_CHANGES_AT],
        },
    )


def _joined(parts: list[SimulatedRun]) -> SimulatedRun:
    return SimulatedRun(
        weights=np.concatenate([part.weights for part in parts]),
        valid=np.concatenate([part.valid for part in parts]),
        roles=np.concatenate([part.roles for part in parts]),
    )


TWO_CONVENTIONS = Scenario(
    name="two-conventions",
    number=12,
    description="Half of the runs follow the prior, half have its first two roles swapped: several conventions.",
    plant=_two,
)
DRIFT = Scenario(
    name="drift",
    number=13,
    description="From the sixth of ten checkpoints on one role attends in another way: its row moves by .1245 bit.",
    plant=_drifting,
    n_copies=_N_CHECKPOINTS,
)
