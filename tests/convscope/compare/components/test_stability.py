"""Stability: the largest of formation, scaling and checkpoint drift, scaled by the distance to a role-blind team."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.compare.gap import translation_gap
from convscope.randomness import generator
from convscope.routing.divergence import mean_divergence
from convscope.simulate.formations import FormationSpec, simulate_conditions, simulate_formations
from convscope.simulate.study import routing_gap
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import CIRCULANT, GENERIC, Team, diluted, simulate_runs
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
from convscope.values.dependence import Dependence, PairShift, RunShift, Shift
from convscope.values.prior import RolePrior
from tests.convscope.dependence.reading import dependence_of, labels_of

TEAM = FormationSpec(members=(3, 3, 3), n_steps=4, step_noise=0.0)
MOVED = float(mean_divergence(np.array(GENERIC), np.array(diluted(GENERIC, 0.5))))


def shift(*values: float, p_value: float | None = 0.3) -> Shift:
    runs = tuple(RunShift(run=f"run_{n}", divergence=value, floor=0.0) for n, value in enumerate(values))
    pair = PairShift(
        first="x",
        second="y",
        divergence=float(np.mean(values)),
        floor=0.0,
        p_value=p_value,
        null=(0.0, 0.01),
        attainable_p=0.001,
        runs=runs,
    )
    return Shift(pairs=(pair,))


def stability(dependence: Dependence | None):
    rng = np.random.default_rng(0)
    units = unit_frame([], n_episodes=0)
    runs = simulate_runs(Team(preference=CIRCULANT, members=(2, 2, 2)), 3, rng)
    roles = ("carrier", "guard", "scout")
    gap = translation_gap(
        RolePrior(roles=roles, role_of={}, preference=np.array(CIRCULANT)),
        role_assignment(units, []),
        graph_of(runs, roles, rng=rng),
        features=feature_table(units, "nothing", []),
        config=AnalysisConfig(n_permutations=9),
        dependence=dependence,
    )
    return gap.component("stability")


def test_it_is_the_largest_part_over_the_distance_to_a_role_blind_team():
    found = stability(Dependence(scaling=shift(0.01, 0.02, 0.03), drift=shift(0.001, 0.002, 0.003, p_value=0.01)))
    # T_U of the circulant prior is .05217 bit.
    assert found.value == pytest.approx(0.02 / 0.05217, rel=1e-4)
    assert dict(found.per_run) == pytest.approx({f"run_{n}": (n + 1) * 0.01 / 0.05217 for n in range(3)}, rel=1e-4)
    assert dict(found.parts) == pytest.approx(
        {"scaling drift, x to y": 0.02 / 0.05217, "checkpoint drift, x to y": 0.002 / 0.05217}, rel=1e-4
    )
    assert "scaling drift" in found.effect
    # Its own p, .3, as one of two pairs: that of the smaller part, .01, is not about this value.
    assert found.p_value == pytest.approx(0.6)
    assert found.attainable_p == pytest.approx(0.002)
    assert found.interval is not None


def test_without_conditions_it_is_not_scored():
    assert "nor two checkpoints" in stability(None).why
    assert stability(Dependence()).value is None


def test_a_preference_that_changes_between_checkpoints_drifts_by_its_divergence():
    log = simulate_conditions(replace(TEAM, effect=0.5), ["plain", "maze"] * 6, generator(0, "tasks"))
    table = log.episodes
    training = replace(
        log,
        episodes=replace(
            table, checkpoints=("1000", "2000"), checkpoint=table.condition, condition=np.full_like(table.condition, -1)
        ),
    )
    found = dependence_of(training).drift
    assert found.largest.value == pytest.approx(MOVED, abs=1e-9)
    assert [run.value for run in found.largest.runs] == pytest.approx([MOVED] * len(found.largest.runs), abs=1e-9)
    assert (found.largest.first, found.largest.second) == ("the checkpoint before", "the analysed checkpoint")
    # Six episodes exchanged with six: 924 ways, two of which only change the names.
    assert found.largest.attainable_p == pytest.approx(1 / 200)
    assert dependence_of(log).drift is None


def test_noise_between_checkpoints_is_seldom_called_drift():
    spec = replace(TEAM, members=(2, 2, 2), step_noise=0.6, episode_noise=0.3)
    config = AnalysisConfig(n_permutations=99)
    found = []
    for draw in range(40):
        log = simulate_conditions(spec, ["a", "b"] * 8, generator(6, str(draw)))
        table = replace(log.episodes, checkpoints=("1", "2"), checkpoint=log.episodes.condition)
        found.append(dependence_of(replace(log, episodes=table), config=config).drift)
    assert np.mean([each.p_value <= 0.05 for each in found]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)
    values = np.array([each.largest.value for each in found])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(40)


def test_rows_that_change_with_the_formation_shift_by_their_divergence():
    quiet = FormationSpec(members=(2, 2, 2), n_steps=8, n_episodes=8, step_noise=0.0, effect=0.5)
    study = simulate_formations(quiet, generator(4, "formations"))
    found = dependence_of(study.log, labels=labels_of(study.is_wide)).formation.shift
    assert found.largest.value == pytest.approx(MOVED, abs=1e-9)
    assert found.largest.floor == pytest.approx(0, abs=1e-12)
    assert found.largest.null is not None


def test_the_gap_of_a_study_without_dependence_withholds_the_composite():
    rng = np.random.default_rng(0)
    gap = routing_gap(simulate_runs(Team(preference=CIRCULANT, members=(2, 2, 2)), 3, rng), CIRCULANT, rng=rng)
    assert gap.composite is None
    assert [notice.message for notice in gap.notices if notice.where == "gap.composite"] != []
