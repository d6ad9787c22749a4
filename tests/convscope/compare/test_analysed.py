"""Every stage describes the same checkpoint, in whatever order a log lists its episodes."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.compare.gap import translation_gap
from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.simulate.behaviours import planted_roles
from convscope.values.config import AnalysisConfig
from convscope.values.prior import BehaviourExpectation, RolePrior

CENTRES = np.array([[0.0, 0, 0], [7, 0, 0]])
ROLES = ("near", "near", "far", "far")
N_EPISODES = 41
"""Every other one early; the last row of the log is of the early checkpoint, the last one trained is the late one."""


@pytest.fixture(scope="module")
def study():
    rng = generator(0, "interleaved")
    is_late = np.arange(N_EPISODES) % 2 == 1
    early = np.stack([rng.permutation([0, 0, 1, 1]) for _ in range(N_EPISODES)])
    return planted_roles(
        CENTRES,
        np.where(is_late[:, None], [0, 0, 1, 1], early),
        rng=rng,
        declared_roles=[ROLES] * N_EPISODES,
        checkpoints=["late" if late else "early" for late in is_late],
    )


def component(study, name, checkpoint=None):
    features, log = study
    config = AnalysisConfig(n_permutations=199, checkpoint=checkpoint)
    expectation = BehaviourExpectation(role="far", feature="feature 0", is_high=True)
    prior = RolePrior(roles=("near", "far"), role_of={}, behaviours=(expectation,))
    roles = discover_roles(features, log, agents=tuple(a.name for a in log.header.agents), config=config)
    return translation_gap(prior, roles, None, features=features, config=config).component(name)


def test_recovery_has_value_and_p_of_the_last_checkpoint(study):
    found = component(study, "recovery")
    assert found.value == pytest.approx(0, abs=0.05)
    # Two renamings of six relabellings: agents of the early checkpoint are no more alike than by chance.
    assert found.p_value == pytest.approx(2 / 6)
    assert found.interval == pytest.approx((0, 0), abs=0.1)


def test_behaviour_is_measured_at_the_last_checkpoint(study):
    assert dict(component(study, "behaviour").parts)["far: feature 0 high, effect"] == pytest.approx(7, abs=1)


def test_a_checkpoint_that_is_asked_for_is_described_instead(study):
    assert abs(dict(component(study, "behaviour", "early").parts)["far: feature 0 high, effect"]) < 1
    assert component(study, "recovery", "early").value > 0.8


def test_the_pairs_name_each_checkpoint_once(study):
    episodes = study[1].episodes
    assert episodes.analysed(None) == (("run_0", "late"),)
    assert episodes.analysed("early") == (("run_0", "early"),)
    assert episodes.analysed("other") == ()
    runs = replace(episodes, runs=("a", "b"), run=np.arange(N_EPISODES) // 21)
    assert runs.analysed(None) == (("a", "late"), ("b", "late"))
