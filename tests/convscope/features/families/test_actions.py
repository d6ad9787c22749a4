"""Action mix, continuous actions and transitions, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.features.decisions import decisions_of
from convscope.features.families.action_mix import ACTION_MIX
from convscope.ingest.memory import log_from_arrays
from convscope.values.header import ActionKind, ActionSpace


def actions(*agents):
    return np.array(agents, dtype=np.float64).T[:, :, np.newaxis]


def test_shares_and_variety_of_four_actions(features_of):
    columns = {"actions": actions([0, 0, 0, 3], [0, 1, 2, 3])}
    assert features_of("share of action 0", columns) == [0.75, 0.25]
    assert features_of("share of action 3", columns) == [0.25, 0.25]
    # -(3/4 log 3/4 + 1/4 log 1/4) / log 4
    assert features_of("variety of actions", columns) == pytest.approx([0.4056, 1.0], abs=1e-4)


def test_repeats_dwell_time_and_entropy_rate(features_of):
    columns = {"actions": actions([0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1])}
    assert features_of("repeats of the last action", columns) == pytest.approx([4 / 5, 0])
    assert features_of("time on one action", columns) == pytest.approx([3, 1])
    # Alternation: pairs (0,1) three times, (1,0) twice; the last action tells the next, whatever the correction.
    assert features_of("unpredictability of the next action", columns)[1] == pytest.approx(0)


def test_transitions_never_cross_the_end_of_an_episode(features_of):
    columns = {"actions": actions([0, 0, 1, 1])}
    assert features_of("repeats of the last action", columns, [2, 2]) == [1.0, 1.0]
    assert features_of("repeats of the last action", columns, [1, 3]) == [None, 0.5]


def test_turns_of_others_are_skipped_not_counted(features_of):
    status = np.array([[1, 2], [2, 1], [1, 2], [2, 1]], dtype=np.uint8)
    columns = {"actions": actions([3, 0, 3, 0], [0, 1, 0, 2])}
    assert features_of("repeats of the last action", columns, status=status) == [1.0, 0.0]


def test_random_actions_are_even_and_unpredictable(features_of):
    drawn = np.random.default_rng(0).integers(4, size=(20_000, 1, 1))
    assert features_of("variety of actions", {"actions": drawn}) == pytest.approx([1], abs=0.01)
    assert features_of("unpredictability of the next action", {"actions": drawn}) == pytest.approx(
        [np.log(4)], abs=0.01
    )


def test_agents_with_an_action_space_of_their_own_have_no_shares_but_a_variety():
    log = log_from_arrays({"actions": actions([0, 1], [0, 1], [0, 5])}, [2], ["a", "b", "c"])
    spaces = [ActionSpace(kind=ActionKind.DISCRETE, n=(n,)) for n in (2, 2, 6)]
    agents = tuple(replace(a, action_space=s) for a, s in zip(log.header.agents, spaces, strict=True))
    header = replace(log.header, agents=agents)
    (block,) = log.blocks(frozenset({"actions"}))
    found = ACTION_MIX.compute(header, decisions_of(block))
    assert [feature.name for feature in ACTION_MIX.features(header)][:2] == ["share of action 0", "share of action 1"]
    np.testing.assert_allclose(found[:, 0], [0.5, 0.5, np.nan])
    np.testing.assert_allclose(found[:, -1], [1, 1, np.log(2) / np.log(6)])


def test_size_and_change_of_continuous_actions(features_of):
    columns = {"actions": np.array([[[0.5, 0.0]], [[0.5, 1.2]], [[3.0, 4.0]]])}
    assert features_of("size of actions", columns) == pytest.approx([(0.5 + 1.3 + 5) / 3])
    assert features_of("change of action per step", columns) == pytest.approx([(1.2 + np.hypot(2.5, 2.8)) / 2])
    assert features_of("mean of action part 2", columns) == pytest.approx([5.2 / 3])


def test_multi_discrete_actions_have_shares_for_each_part(features_of):
    columns = {"actions": np.array([[[0, 2], [1, 0]], [[0, 1], [1, 0]]])}
    assert features_of("share of action part 1 = 0", columns) == [1.0, 0.0]
    assert features_of("share of action part 2 = 2", columns) == [0.5, 0.0]
    assert features_of("repeats of the last action", columns) == [0.0, 1.0]
