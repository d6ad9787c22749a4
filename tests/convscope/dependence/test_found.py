"""Formations that are found: where there are some, and not where there are none."""

import numpy as np
import pytest

from convscope.randomness import generator
from convscope.simulate.formations import FormationSpec, Geometry, simulate_formations
from convscope.values.config import AnalysisConfig
from convscope.values.dependence import FormationOrigin
from tests.convscope.dependence.reading import dependence_of

CONFIG = AnalysisConfig(n_permutations=19)


@pytest.mark.parametrize("geometry", [Geometry.EPISODES, Geometry.SWITCHES])
def test_two_planted_formations_are_found_and_told_by_their_spread(geometry):
    spec = FormationSpec(geometry=geometry, n_episodes=40, n_steps=8, effect=0.5, step_noise=0.0)
    study = simulate_formations(spec, generator(0, "found", geometry))
    found = dependence_of(study.log, config=CONFIG).formation
    assert found.origin is FormationOrigin.FOUND
    assert [each.name for each in found.formations] == ["formation_0", "formation_1"]
    assert found.formations[1].spread == pytest.approx(spec.ratio * found.formations[0].spread, rel=0.1)
    n_wide = study.is_wide.sum()
    assert [each.n_timesteps for each in found.formations] == [study.is_wide.size - n_wide, n_wide]
    assert found.cell.value == pytest.approx(study.change, abs=1e-9)


@pytest.mark.parametrize("geometry", [Geometry.WANDERS, Geometry.STANDS])
def test_a_team_without_formations_has_none(geometry):
    """A spread that lasts for an episode makes its windows alike: counting windows would find a cluster an episode."""
    spec = FormationSpec(geometry=geometry, n_episodes=24, n_steps=8)
    counts = []
    for draw in range(12):
        found = dependence_of(simulate_formations(spec, generator(1, geometry, str(draw))).log, config=CONFIG)
        counts.append(found.formation is not None)
    assert np.sum(counts) <= 1


def test_five_episodes_are_too_few_to_look():
    study = simulate_formations(FormationSpec(n_episodes=5, n_steps=8), generator(2, "found"))
    found = dependence_of(study.log, config=CONFIG)
    assert found.formation is None
    assert "routing.formation_sensitivity" in {notice.where for notice in found.notices}
