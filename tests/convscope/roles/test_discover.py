"""Roles from features to assignment, at both levels."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.simulate.behaviours import planted_roles
from convscope.values.config import AnalysisConfig
from convscope.values.features import UNIT_KEYS, Feature, FeatureTable

CENTRES = np.array([[0.0, 0, 0], [7, 0, 0], [0, 7, 7]])
CONFIG = AnalysisConfig(n_permutations=199)
AGENTS = ("agent_0", "agent_1", "agent_2")


def discover(table, log, agents=AGENTS, config=CONFIG):
    return discover_roles(table, log, agents=agents, config=config)


def fixed(roles, n_episodes=30):
    return np.tile(np.array(roles), (n_episodes, 1))


def test_agents_with_fixed_roles_are_told_apart_at_both_levels():
    table, log = planted_roles(CENTRES, fixed([0, 1, 1]), rng=generator(0), declared_roles=[["x", "y", "y"]] * 30)
    found = discover(table, log)
    assert (found.k, found.k_agents, found.k1_rejected) == (2, 2, True)
    assert found.classes[0].class_of == (0, 1, 1)
    assert found.classes[0].attainable_p == 1 / 200
    assert found.recovery.ami == pytest.approx(1)
    assert found.confusion.rows() == [("x", 1, 30), ("y", 0, 60)]
    assert found.stability == pytest.approx(1)
    assert found.profiles[1].label == "low feature 0"
    assert found.profiles[1].features[0].effect == pytest.approx(-7, abs=0.8)
    assert {exemplar[3] for exemplar in found.profiles[1].exemplars} == {"agent_0"}


def test_roles_that_change_hands_every_episode_show_among_units_only():
    rng = generator(1)
    role = np.stack([rng.permutation(3) for _ in range(40)])
    found = discover(*planted_roles(CENTRES, role, rng=rng))
    assert (found.k, found.k_agents) == (3, 1)
    names = found.table["role"].to_numpy()
    assert len(set(zip(names.tolist(), role.ravel().tolist(), strict=True))) == 3


def test_structureless_units_have_one_role_and_agents_one_class():
    found = [
        discover(
            *planted_roles(np.zeros((1, 6)), fixed([0, 0, 0], 16), rng=generator(d)), config=replace(CONFIG, seed=d)
        )
        for d in range(60)
    ]
    assert [f.k for f in found].count(1) >= 57
    # More than 8 of 60 draws of a 5 % test would be a 1 % event.
    assert [f.k_agents for f in found].count(1) >= 52
    lone = next(f for f in found if f.k == 1)
    assert (lone.k1_rejected, lone.stability) == (False, None)
    assert lone.profiles[0].label == "no evidence for more than one role"
    assert set(lone.table["role"]) == {0}


def test_arbitrary_declared_roles_are_recovered_at_chance():
    table, log = planted_roles(CENTRES[:1], fixed([0, 0, 0]), rng=generator(3), declared_roles=[["x", "y", "z"]] * 30)
    assert discover(table, log).recovery.ami == pytest.approx(0, abs=1e-12)


def test_shuffling_agents_and_episodes_shuffles_rows_and_changes_not_one_bit():
    table, log = planted_roles(CENTRES, fixed([0, 1, 2]), rng=generator(4))
    rng = generator(5)
    agents = rng.permutation(3)
    order = np.concatenate([3 * episode + agents for episode in rng.permutation(30)])
    shuffled = pl.concat([table.frame.select(UNIT_KEYS), table.frame.drop(UNIT_KEYS)[order]], how="horizontal")
    before, after = discover(table, log), discover(FeatureTable(frame=shuffled, features=table.features), log)
    assert before.table["role"][order].to_list() == after.table["role"].to_list()
    np.testing.assert_array_equal(before.table["confidence"].to_numpy()[order], after.table["confidence"].to_numpy())
    np.testing.assert_array_equal(before.classes[0].p_value[np.ix_(agents, agents)], after.classes[0].p_value)
    assert (before.stability, before.k) == (after.stability, after.k)


def test_two_runs_of_the_same_are_the_same():
    table, log = planted_roles(CENTRES, fixed([0, 1, 2]), rng=generator(4))
    first, second = discover(table, log), discover(table, log)
    assert first.table.equals(second.table)
    np.testing.assert_array_equal(first.map, second.map)


def test_other_checkpoints_are_assigned_to_the_roles_of_the_analysed_one():
    role = np.concatenate([fixed([0, 0, 0], 20), fixed([0, 1, 2], 20)])
    checkpoints = ["early"] * 20 + ["late"] * 20
    table, log = planted_roles(CENTRES, role, rng=generator(6), checkpoints=checkpoints)
    found = discover(table, log)
    assert found.k == 3
    assert found.classes[0].checkpoint == "late"
    (first,) = set(found.table.filter(agent="agent_0", checkpoint="late")["role"])
    early = found.table.filter(checkpoint="early")["role"].to_list()
    assert early.count(first) >= 57
    assert sum(profile.size for profile in found.profiles) == 60


def test_agents_are_the_mode_over_runs_and_the_smaller_on_a_tie():
    role = np.concatenate([fixed([0, 1, 2], 20), fixed([0, 0, 0], 20)])
    table, log = planted_roles(CENTRES, role, rng=generator(7), runs=["a"] * 20 + ["b"] * 20)
    found = discover(table, log)
    assert [classes.n_classes for classes in found.classes] == [3, 1]
    assert found.k_agents == 1


def test_redrawn_slots_are_compared_by_declared_role():
    rng = generator(8)
    role = np.stack([rng.permutation([0, 1, 1]) for _ in range(30)])
    declared = [[("x", "y")[r] for r in row] for row in role]
    table, log = planted_roles(CENTRES, role, rng=rng, declared_roles=declared)
    found = discover(table, log)
    assert found.classes[0].members in {("x", "y"), ("y", "x")}
    assert found.k_agents == 2
    assert "identities-redrawn" in {notice.code for notice in found.notices}


def test_under_six_episodes_nothing_is_claimed():
    found = discover(*planted_roles(CENTRES, fixed([0, 1, 2], 5), rng=generator(9)))
    assert (found.k, found.k_agents, found.k1_rejected, found.stability) == (None, None, None, None)
    assert found.table["role"].null_count() == 15
    assert [notice.code for notice in found.notices].count("not-computed") == 2


def test_units_without_features_have_no_role_and_no_place_on_the_map():
    table, log = planted_roles(CENTRES, fixed([0, 1, 2]), rng=generator(10))
    names = [feature.name for feature in table.features]
    row = pl.int_range(pl.len()) == 4
    frame = table.frame.with_columns(pl.when(~row).then(pl.col(name)).alias(name) for name in names)
    found = discover(FeatureTable(frame=frame, features=table.features), log)
    assert found.table["role"].is_null().to_list().index(True) == 4
    assert found.table["role"].null_count() == 1
    assert np.isnan(found.map[4]).all()
    assert np.isfinite(found.map[[3, 5]]).all()


def test_only_the_chosen_agents_have_roles():
    table, log = planted_roles(CENTRES, fixed([0, 1, 2]), rng=generator(11))
    found = discover(table, log, agents=("agent_0", "agent_2"))
    assert set(found.table["agent"]) == {"agent_0", "agent_2"}
    assert (found.k, found.k_agents) == (2, 2)


def test_without_a_telling_feature_nothing_is_computed():
    table, log = planted_roles(CENTRES, fixed([0, 1, 2]), rng=generator(12))
    frame = table.frame.with_columns(pl.lit(1.0).alias(feature.name) for feature in table.features)
    found = discover(FeatureTable(frame=frame, features=table.features), log)
    assert found.k is None
    assert found.k_agents == 1


def test_a_label_says_features_in_their_own_words():
    table, log = planted_roles(CENTRES[:2], fixed([0, 1, 1]), rng=generator(13))
    spoken = Feature(name="feature 0", unit="sd", family="motion", high="fast", low="slow")
    found = discover(FeatureTable(frame=table.frame, features=(spoken, *table.features[1:])), log)
    assert [profile.label for profile in found.profiles] == ["fast", "slow"]


def test_an_agent_that_left_its_role_is_named():
    centres = np.array([[0.0, 0, 0], [7, 0, 0], [7, 1.5, 0]])
    declared = [["archer", "archer", "knight", "knight"]] * 30
    table, log = planted_roles(centres, fixed([0, 2, 1, 1]), rng=generator(14), declared_roles=declared)
    found = discover(table, log, agents=(*AGENTS, "agent_3"))
    messages = [notice.message for notice in found.notices if notice.code == "behaves-like"]
    assert len(messages) == 1
    assert messages[0].startswith("agent_1, declared archer, behaves much more like knight agents")
