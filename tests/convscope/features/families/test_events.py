"""Events of the values that only a log knows, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays

NONE, ONION, SOUP = 0.0, 1.0, 2.0


@pytest.fixture
def kitchen(table_of):
    """Return a function that computes the features of two cooks who hold things."""

    def compute(held, *, lengths=None, status=None, **columns):
        rows = np.array(held, dtype=float).T
        arrays = {"info/held": rows} | {name: np.array(column, dtype=float) for name, column in columns.items()}
        log = log_from_arrays(arrays, lengths or [len(rows)], ["a", "b"], status=status)
        fields = tuple(
            replace(spec, values=("none", "onion", "soup")) if spec.name == "info/held" else spec
            for spec in log.header.fields
        )
        return table_of(replace(log, header=replace(log.header, fields=fields))).frame

    return compute


def test_what_each_comes_to_hold_per_step(kitchen):
    frame = kitchen([[NONE, ONION, NONE, ONION, ONION], [NONE, NONE, SOUP, SOUP, NONE]])
    assert frame["changes to held onion"].to_list() == [2 / 4, 0]
    assert frame["changes to held soup"].to_list() == [0, 1 / 4]
    assert frame["changes to held none"].to_list() == [1 / 4, 1 / 4]
    assert frame["share of all events"].to_list() == [3 / 5, 2 / 5]


def test_nothing_happens_across_the_end_of_an_episode(kitchen):
    frame = kitchen([[NONE, NONE, ONION, ONION], [NONE, SOUP, SOUP, SOUP]], lengths=[2, 2])
    assert frame["changes to held onion"].to_list() == [0] * 4
    assert frame["changes to held soup"].to_list() == [0, 1, 0, 0]
    assert frame["share of all events"].to_list() == [0, 1, None, None]


def test_the_closing_row_counts_and_death_does_not(kitchen):
    status = np.array([[1, 1], [1, 1], [2, 3]], dtype=np.uint8)
    frame = kitchen([[NONE, NONE, ONION], [NONE, NONE, ONION]], status=status)
    assert frame["changes to held onion"].to_list() == [1 / 2, 0]


def test_turns_of_others_are_bridged(kitchen):
    status = np.array([[1, 2], [2, 1], [1, 2], [2, 1]], dtype=np.uint8)
    frame = kitchen([[NONE, SOUP, ONION, ONION], [SOUP, NONE, SOUP, NONE]], status=status)
    assert frame["changes to held onion"].to_list() == [1 / 2, 0]


def test_where_it_happens_and_whether_another_acts_there(kitchen):
    places = [[[0, 0], [5, 5]], [[1, 0], [1, 0]], [[0, 0], [5, 6]], [[9, 9], [9, 9]]]
    # a at (0, 0), (1, 0), (0, 0); b at (1, 0): a shares one of its three events' places.
    frame = kitchen([[NONE, ONION, NONE, ONION], [NONE, NONE, SOUP, SOUP]], positions=places)
    assert frame["places per event"].to_list() == [2 / 3, 1]
    assert frame["events at places of its own"].to_list() == [2 / 3, 0]


def test_the_team_is_rewarded_at_the_events_of_who_serves(kitchen):
    frame = kitchen([[NONE, ONION, ONION, ONION], [SOUP, SOUP, SOUP, NONE]], team_rewards=[1, 0, 3, 0])
    assert frame["share of team reward at its events"].to_list() == [1 / 4, 3 / 4]


def test_bare_numbers_rise_and_fall(features_of):
    columns = {"info/health": np.array([[5, 5], [5, 4], [6, 3], [6, 3], [6, np.nan]])}
    assert features_of("rises of health", columns) == [1 / 4, 0]
    assert features_of("falls of health", columns) == [0, 2 / 3]


def test_a_number_that_always_changes_is_a_signal_and_left_out(table_of):
    table = table_of(log_from_arrays({"info/clock": np.arange(8.0).reshape(4, 2)}, [4], ["a", "b"]))
    assert "rises of clock" not in table.frame.columns
    assert any("no events: rises of clock, falls of clock" in notice.message for notice in table.notices)


def test_what_one_gives_up_and_an_ally_comes_to_at_the_same_step_is_handed_over(kitchen):
    frame = kitchen([[ONION, NONE, NONE, SOUP, NONE], [NONE, ONION, ONION, NONE, NONE]])
    # The onion goes from a to b at once; b loses it for nobody; the soup comes from nobody and goes to nobody.
    assert frame["hands over to allies"].to_list() == [1 / 4, 0]
    assert frame["takes over from allies"].to_list() == [0, 1 / 4]


def test_nothing_is_handed_over_at_a_distance_and_nothing_cannot_be_handed_over(kitchen):
    far = [[[0, 0], [5, 5]], [[0, 0], [1, 1]]]
    held = [[ONION, NONE], [NONE, ONION]]
    assert kitchen(held, positions=far)["hands over to allies"].to_list() == [0, 0]
    near = [[[0, 0], [1, 1]], [[0, 0], [5, 5]]]
    # The reverse, b giving a its empty hands, is nothing.
    assert kitchen(held, positions=near)["hands over to allies"].to_list() == [1, 0]


def test_a_swap_is_two_hand_overs(kitchen):
    frame = kitchen([[ONION, SOUP], [SOUP, ONION]])
    assert frame["hands over to allies"].to_list() == frame["takes over from allies"].to_list() == [1, 1]
