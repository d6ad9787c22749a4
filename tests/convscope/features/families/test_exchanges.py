"""Rewards, messages, activity and info values, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays


def test_shares_and_timing_of_rewards(features_of):
    columns = {"rewards": np.array([[1.0, 0.0], [0.0, 0.0], [-1.0, 2.0], [0.0, 0.0], [0.0, 0.0]])}
    assert features_of("mean reward", columns) == [0.0, 0.4]
    assert features_of("share of the team's reward", columns) == [0.5, 0.5]
    assert features_of("share of steps with a reward", columns) == [0.4, 0.2]
    # Steps 0..4 are moments 0..1: (0 + 0.5) / 2, and 0.5.
    assert features_of("timing of rewards", columns) == [0.25, 0.5]


def test_a_reward_of_the_team_alone_says_nothing_of_an_agent(table_of):
    log = log_from_arrays({"team_rewards": np.ones(3), "actions": np.zeros((3, 2, 1))}, [3], ["a", "b"])
    table = table_of(log)
    assert "rewards" not in {feature.family for feature in table.features}
    assert any("the team only" in notice.message for notice in table.notices)


def test_rate_variety_and_change_of_messages(features_of):
    spoken = np.array([[0, 0], [1, 0], [1, 0], [0, 1]], dtype=float)
    columns = {"messages": np.stack([spoken, np.zeros((4, 2))], axis=1)}
    assert features_of("share of steps with a message", columns) == [0.75, 0.0]
    assert features_of("change of message", columns) == [pytest.approx(2 / 3), 0.0]
    # Shares 1/4, 1/2, 1/4, three kinds in four messages.
    assert features_of("variety of messages", columns) == pytest.approx([1.5 * np.log(2) + 2 / 8, 0])


def test_activity_counts_only_steps_in_which_somebody_acts(features_of):
    status = np.array([[1, 1], [1, 2], [1, 1], [1, 3], [2, 3]], dtype=np.uint8)
    columns = {"actions": np.zeros((5, 2, 1))}
    assert features_of("share of steps acting", columns, status=status) == [1.0, 0.5]
    assert features_of("share of steps waiting", columns, status=status) == [0.0, 0.25]
    assert features_of("survival", columns, status=status) == [1.0, 0.75]


def test_share_of_steps_with_each_thing_in_hand(table_of):
    held = np.array([[0, 1], [1, 1], [1, 0], [np.nan, 0]], dtype=float)
    log = log_from_arrays({"info/held": held}, [4], ["a", "b"])
    fields = tuple(replace(spec, values=("none", "soup")) for spec in log.header.fields)
    table = table_of(replace(log, header=replace(log.header, fields=fields)))
    assert table.frame["share of steps with held soup"].to_list() == [pytest.approx(2 / 3), 0.5]


def test_info_fields_of_bare_numbers_enter_by_their_changes_only(table_of):
    log = log_from_arrays({"info/agent_id": np.array([[0.0, 1.0]] * 3)}, [3], ["a", "b"])
    table = table_of(log)
    assert {feature.family for feature in table.features} == {"activity", "events"}
    assert table.frame["rises of agent id"].to_list() == table.frame["falls of agent id"].to_list() == [0, 0]


def test_observations_of_another_width_are_not_compared(table_of):
    seen = np.random.default_rng(0).normal(size=(6, 3, 4))
    log = log_from_arrays({"observations": seen}, [6], ["a", "b", "c"])
    fields = tuple(replace(spec, widths=(4, 4, 3)) for spec in log.header.fields)
    table = table_of(replace(log, header=replace(log.header, fields=fields)))
    column = table.frame["dimensions of observation"].to_list()
    assert column[2] is None
    assert None not in column[:2]
