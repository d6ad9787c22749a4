"""Formation sensitivity: by hand, under renaming, and on teams that do not care."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.dependence.sensitivity import _difference, _largest
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.simulate.formations import FormationSpec, Geometry, simulate_formations
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ATTENTION, POSITIONS
from convscope.values.status import Status
from tests.convscope.dependence.reading import dependence_of, labels_of

QUIET = FormationSpec(n_episodes=24, n_steps=8, step_noise=0.0)


def plain_log(formation):
    """Two agents of one role and one of another; a's weight on b is .5 near and .8 far, its own weight is no choice."""
    weights = np.zeros((*np.shape(formation), 1, 3, 3))
    weights[..., 0, 0, 1] = np.where(np.array(formation) == 0, 0.5, 0.8)
    weights[..., 0, 0, 2] = 1 - weights[..., 0, 0, 1]
    weights[..., 0, 1, [0, 2]] = 0.5
    weights[..., 0, 2, [0, 1]] = 0.5
    n_episodes, n_steps = np.shape(formation)
    return log_from_arrays({ATTENTION: weights.reshape(-1, 1, 3, 3)}, [n_steps] * n_episodes, ["a", "b", "c"])


def test_both_forms_by_hand():
    formation = [[0] * 4] * 3 + [[1] * 4] * 3
    found = dependence_of(plain_log(formation), labels=labels_of(formation)).formation
    assert found.cell.value == pytest.approx(0.3)
    assert (found.cell.receiver, found.cell.formations) == ("a", ("near", "far"))
    # Senders' means over receivers: only b's moves by (.8 - .5) / 2 receivers, and c's by as much the other way.
    assert found.key.value == pytest.approx(0.15)
    assert found.key.receiver is None
    # 20 ways to choose three of six episodes, and exchanging the names of the two formations changes nothing.
    assert found.attainable_p == pytest.approx(0.1)
    assert [each.n_timesteps for each in found.formations] == [12, 12]


def test_labels_of_single_timesteps_are_read_to_the_step():
    formation = [[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 0]]
    found = dependence_of(plain_log(formation), labels=labels_of(formation)).formation
    assert found.window == 1
    assert found.cell.value == pytest.approx(0.3)


def test_formations_in_the_same_order_in_every_episode_are_not_compared():
    formation = [[0, 0, 1, 1]] * 8
    found = dependence_of(plain_log(formation), labels=labels_of(formation))
    assert found.formation is None
    (notice,) = [notice for notice in found.notices if notice.where == "routing.formation_sensitivity"]
    assert "at the same time" in notice.message


def test_formations_mixed_alike_in_every_window_have_no_p():
    """At 40 timesteps a window holds two: all episodes go through them alike, and labels cannot be exchanged."""
    formation = [[0, 1] * 20] * 8
    found = dependence_of(plain_log(formation), labels=labels_of(formation))
    assert found.formation.cell.p_value is None
    assert "formations-fixed" in {notice.code for notice in found.notices}


def test_only_timesteps_that_both_formations_reach_are_compared():
    """Near episodes are twice as long, and later rows are of another world: 0 and 1 differ by .3 where both are."""
    formation = np.array([[0] * 8] * 4 + [[1] * 8] * 4)
    log = plain_log(formation)
    weights = log.sources[0].columns[ATTENTION].reshape(8, 8, 1, 3, 3).copy()
    weights[:4, 4:, 0, 0, 1:] = [0.1, 0.9]
    happens = np.concatenate([np.ones((4, 8), dtype=bool), np.tile(np.arange(8) < 4, (4, 1))])
    cut = log_from_arrays({ATTENTION: weights[happens]}, [8] * 4 + [4] * 4, ["a", "b", "c"])
    labels = labels_of(formation)
    found = dependence_of(cut, labels=replace(labels, spans=labels.spans[happens.ravel()])).formation
    assert found.cell.value == pytest.approx(0.3)


def test_draws_that_compare_other_cells_are_no_zeros():
    differences = np.array([[0.3, np.nan], [np.nan, np.nan], [0.4, np.nan], [0.1, 0.2]])
    assert _largest(differences) == pytest.approx([0.3, np.nan, 0.4, np.nan], nan_ok=True)


def test_longer_episodes_of_one_formation_do_not_make_a_drift_a_change():
    spec = FormationSpec(n_episodes=24, n_steps=8, episode_noise=0.2, tight_lasts=0.5, trend=0.8)
    config = AnalysisConfig(n_permutations=99)
    found = []
    for draw in range(60):
        study = simulate_formations(spec, generator(9, "formations", str(draw)))
        labels, lengths = labels_of(study.is_wide), study.log.episodes.length
        labels = replace(labels, spans=labels.spans[labels.spans[:, 1] < lengths[labels.spans[:, 0]]])
        found.append(dependence_of(study.log, labels=labels, config=config).formation.cell.p_value <= 0.05)
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


def test_without_noise_the_planted_change_is_found_exactly():
    study = simulate_formations(replace(QUIET, effect=0.5), generator(0, "formations"))
    found = dependence_of(study.log, labels=labels_of(study.is_wide)).formation
    assert found.cell.value == pytest.approx(study.change, abs=1e-9)
    assert found.cell.p_value == pytest.approx(1 / 200)


def late_log(spec, draw, when):
    """One of two guards leaves at a time of each episode's own."""
    log = simulate_formations(spec, generator(8, str(draw))).log
    is_late = np.arange(spec.n_steps) >= when[:, None]
    status = np.full((*is_late.shape, 6), Status.ACTING, dtype=np.uint8)
    status[is_late, 5] = Status.DEAD
    roles = {agent.name: agent.declared_role for agent in log.header.agents}
    attention = log.sources[0].columns[ATTENTION]
    n_rows, lengths = len(attention), [spec.n_steps] * spec.n_episodes
    plain = log_from_arrays(
        {ATTENTION: attention}, lengths, list(roles), status=status.reshape(n_rows, 6), declared_roles=roles
    )
    return plain, is_late.astype(int)


def test_a_member_that_comes_with_the_formation_is_left_out_and_named():
    """The other guard then has no guard to attend to, and more for everybody else: no change between the others."""
    log, is_late = late_log(QUIET, 0, np.random.default_rng(0).integers(2, 7, size=24))
    found = dependence_of(log, labels=labels_of(is_late))
    (notice,) = [notice for notice in found.notices if notice.code == "formations-unlike"]
    assert "without agent_5:" in notice.message
    assert found.formation.cell.value == pytest.approx(0, abs=1e-9)


def test_habits_of_whoever_leaves_are_no_change():
    spec = FormationSpec(n_episodes=24, n_steps=8, run_noise=0.6)
    config = AnalysisConfig(n_permutations=99)
    found = []
    for draw in range(30):
        log, is_late = late_log(spec, draw, np.random.default_rng(draw).integers(2, 7, size=24))
        found.append(dependence_of(log, labels=labels_of(is_late), config=config).formation.cell.p_value <= 0.05)
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 30)


def test_a_role_that_one_formation_does_not_show_changes_nothing_between_the_others():
    near = np.array([[0.5, 0.3, 0.2]])
    far = np.array([[5 / 8, 3 / 8, np.nan]])
    assert _difference(near, far)[0, :2] == pytest.approx([0, 0])


def test_whoever_leaves_late_changes_nothing_of_it():
    """Means per pair of roles would move, as the late formation has fewer senders to choose from."""
    spec = replace(QUIET, geometry=Geometry.SWITCHES, leaves_late=True)
    study = simulate_formations(spec, generator(1, "formations"))
    found = dependence_of(study.log, labels=labels_of(study.is_wide)).formation
    assert found.cell.value == pytest.approx(0, abs=1e-9)


def test_equal_episodes_in_another_order_change_not_one_bit():
    """Gates are often all open: then routing cannot order the episodes, and their labels must."""
    formation = np.array([[0] * 3] * 4 + [[1] * 3] * 4 + [[0, 1, 1]] * 3)
    order = np.random.default_rng(1).permutation(11)
    open_ = np.zeros_like(formation)
    plain = dependence_of(plain_log(open_), labels=labels_of(formation)).formation
    other = dependence_of(plain_log(open_), labels=labels_of(formation[order])).formation
    assert (plain.cell, plain.key, plain.attainable_p) == (other.cell, other.key, other.attainable_p)
    assert plain.cell.p_value == 1


def test_the_order_of_episodes_and_the_cut_into_blocks_change_not_one_bit():
    study = simulate_formations(
        FormationSpec(n_episodes=20, n_steps=6, geometry=Geometry.SWITCHES), generator(2, "formations")
    )
    plain = dependence_of(study.log, labels=labels_of(study.is_wide)).formation
    cut = dependence_of(study.log, labels=labels_of(study.is_wide), max_bytes=1).formation
    order = np.random.default_rng(0).permutation(20)
    values = study.log.sources[0].columns[ATTENTION].reshape(20, 6, 1, 6, 6)[order].reshape(-1, 1, 6, 6)
    roles = {agent.name: agent.declared_role for agent in study.log.header.agents}
    shuffled = log_from_arrays({ATTENTION: values}, [6] * 20, list(roles), declared_roles=roles)
    other = dependence_of(shuffled, labels=labels_of(study.is_wide[order])).formation
    assert (plain.cell, plain.key) == (cut.cell, cut.key) == (other.cell, other.key)


@pytest.mark.parametrize("padding", [np.nan, 1e300])
def test_empty_slots_change_not_one_bit(padding):
    study = simulate_formations(FormationSpec(n_episodes=40, n_steps=6), generator(6, "formations"))
    columns = study.log.sources[0].columns
    roles = {agent.name: agent.declared_role for agent in study.log.header.agents}
    n_rows = len(columns[ATTENTION])
    attention, positions = np.full((n_rows, 1, 8, 8), padding), np.full((n_rows, 8, 2), padding)
    own = [0, 2, 3, 4, 6, 7]
    attention[np.ix_(range(n_rows), [0], own, own)] = columns[ATTENTION]
    positions[:, own] = columns[POSITIONS]
    status = np.full((n_rows, 8), Status.ABSENT, dtype=np.uint8)
    status[:, own] = Status.ACTING
    names = [list(roles)[own.index(slot)] if slot in own else f"nobody_{slot}" for slot in range(8)]
    padded = log_from_arrays(
        {ATTENTION: attention, POSITIONS: positions}, [6] * 40, names, status=status, declared_roles=roles
    )
    for labels in (labels_of(study.is_wide), None):
        plain = dependence_of(study.log, labels=labels).formation
        other = dependence_of(padded, labels=labels).formation
        assert (plain.cell, plain.key, plain.runs) == (other.cell, other.key, other.runs)


def test_episodes_without_a_label_are_left_out():
    formation = [[0] * 4] * 4 + [[1] * 4] * 4
    labels = labels_of(formation)
    labels = replace(labels, spans=labels.spans[~np.isin(labels.spans[:, 0], [0, 7])])
    found = dependence_of(plain_log(formation), labels=labels).formation
    assert [each.n_episodes for each in found.formations] == [3, 3]
    assert found.attainable_p == pytest.approx(0.1)


@pytest.mark.parametrize("geometry", [Geometry.EPISODES, Geometry.SWITCHES])
def test_a_team_that_does_not_care_is_seldom_said_to(geometry):
    spec = FormationSpec(
        geometry=geometry, n_episodes=16, n_steps=6, share_wide=0.25, episode_noise=0.4, run_noise=0.4, trend=0.5
    )
    config = AnalysisConfig(n_permutations=99)
    found = []
    for draw in range(60):
        study = simulate_formations(spec, generator(3, "formations", geometry, str(draw)))
        sensitivity = dependence_of(study.log, labels=labels_of(study.is_wide), config=config).formation
        found += [] if sensitivity is None else [sensitivity.cell.p_value, sensitivity.key.p_value]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_of_several_runs_each_is_told_and_they_are_exchanged_apart():
    study = simulate_formations(replace(QUIET, n_runs=3, n_episodes=8, effect=0.5), generator(4, "formations"))
    found = dependence_of(study.log, labels=labels_of(study.is_wide)).formation
    assert [each.run for each in found.runs] == ["run_0", "run_1", "run_2"]
    assert [each.cell for each in found.runs] == pytest.approx([study.change] * 3, abs=1e-9)


def test_other_sources_than_logged_weights_say_so():
    actions = np.random.default_rng(0).integers(3, size=(400, 3, 1)).astype(float)
    found = dependence_of(log_from_arrays({"actions": actions}, [20] * 20, ["a", "b", "c"]))
    assert found.formation is None
    assert {(notice.code, notice.where) for notice in found.notices} == {
        ("not-computed", f"routing.{name}")
        for name in ("formation_sensitivity", "scaling", "transfer", "padding", "drift")
    }
