"""Features belong to what a unit did: not to names, padding, the dead, or how the log was cut."""

import pickle
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.values.config import AnalysisConfig
from convscope.values.features import UNIT_KEYS
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind
from convscope.values.status import Status

OF_TEAM = {"entity_positions", "team_rewards"}


def rich_arrays(seed=0, lengths=(7, 1, 24, 5), n_agents=4):
    rng = np.random.default_rng(seed)
    n_rows = sum(lengths)
    status = rng.choice([1, 1, 1, 1, 2], size=(n_rows, n_agents)).astype(np.uint8)
    start = 0
    for length in lengths:
        status[start + 2 * length // 3 : start + length, 1] = Status.DEAD
        start += length
    status[: lengths[0], 3] = Status.ABSENT
    status[:, 0] = Status.ACTING
    columns = {
        "actions": rng.integers(4, size=(n_rows, n_agents, 1)).astype(float),
        "positions": rng.normal(size=(n_rows, n_agents, 2)),
        "entity_positions": rng.normal(size=(n_rows, 3, 2)),
        "rewards": rng.normal(size=(n_rows, n_agents)),
        "observations": rng.normal(size=(n_rows, n_agents, 6)),
        "messages": rng.integers(3, size=(n_rows, n_agents, 2)).astype(float),
        "hidden_states": rng.normal(size=(n_rows, n_agents, 5)),
        "info/held": rng.integers(2, size=(n_rows, n_agents)).astype(float),
        "info/health": rng.integers(2, size=(n_rows, n_agents)).cumsum(axis=0).astype(float) // 3,
        "action_logits": rng.normal(size=(n_rows, n_agents, 4)),
        "team_rewards": rng.normal(size=n_rows),
    }
    return columns, lengths, status


def rich_log(columns, lengths, status):
    log = log_from_arrays(columns, lengths, ["ann", "bob", "cid", "dee"], status=status)
    fields = tuple(replace(s, values=("none", "dish")) if s.name == "info/held" else s for s in log.header.fields)
    slots = tuple(Slot(kind=SlotKind.OTHER, rank=rank, columns=(rank,)) for rank in (1, 2))
    receiver = ReceiverLayout(name="all", agents=("ann", "bob", "cid", "dee"), own=(0,), world=(4, 5), slots=slots)
    layout = ObservationLayout(receivers=(receiver,))
    return replace(log, header=replace(log.header, fields=fields, layout=layout))


def values(table):
    return table.frame.drop(UNIT_KEYS).to_numpy()


def test_sixteen_families_have_features_and_no_name_is_used_twice(table_of):
    table = table_of(rich_log(*rich_arrays()))
    names = [feature.name for feature in table.features]
    assert len({feature.family for feature in table.features}) == 16
    assert len(set(names)) == len(names)
    assert all(feature.unit for feature in table.features)


def test_a_row_for_every_agent_that_is_not_absent_in_log_order(table_of):
    keys = table_of(rich_log(*rich_arrays())).frame.select("episode", "agent").rows()
    assert keys[:3] == [(0, "ann"), (0, "bob"), (0, "cid")]
    assert keys[3:7] == [(1, "ann"), (1, "bob"), (1, "cid"), (1, "dee")]
    assert len(keys) == 15


@pytest.mark.parametrize("junk", [np.nan, 1e300, -5.0])
def test_rows_in_which_an_agent_is_dead_or_absent_do_not_change_one_bit(table_of, junk):
    columns, lengths, status = rich_arrays()
    before = values(table_of(rich_log(columns, lengths, status)))
    is_out = (status == Status.DEAD) | (status == Status.ABSENT)
    spoilt = {name: column.copy() for name, column in columns.items()}
    for name in set(spoilt) - {"actions", *OF_TEAM}:
        spoilt[name][is_out] = junk
    after = values(table_of(rich_log(spoilt, lengths, status)))
    np.testing.assert_array_equal(before, after)


def test_exchanging_agents_exchanges_their_rows_and_changes_no_value(table_of):
    columns, lengths, status = rich_arrays()
    order = [2, 0, 3, 1]
    swapped = {n: c if n in OF_TEAM else c[:, order] for n, c in columns.items()}
    before = table_of(rich_log(columns, lengths, status))
    after = table_of(rich_log(swapped, lengths, status[:, order]))
    for place, agent in enumerate(order):
        mine = before.frame.filter(before.frame["agent"] == ["ann", "bob", "cid", "dee"][agent]).drop(UNIT_KEYS)
        now = after.frame.filter(after.frame["agent"] == ["ann", "bob", "cid", "dee"][place]).drop(UNIT_KEYS)
        np.testing.assert_array_equal(mine.to_numpy(), now.to_numpy())


@pytest.mark.parametrize(("max_bytes", "n_workers"), [(1, 1), (4000, 1), (4000, 2)])
def test_blocks_and_workers_do_not_change_one_bit(table_of, max_bytes, n_workers):
    log = rich_log(*rich_arrays())
    expected = table_of(log)
    table = table_of(log, max_bytes=max_bytes, n_workers=n_workers)
    np.testing.assert_array_equal(values(table), values(expected))
    assert table.frame.select(UNIT_KEYS).equals(expected.frame.select(UNIT_KEYS))


def test_an_episode_has_the_same_features_alone_as_after_others(table_of):
    columns, lengths, status = rich_arrays()
    whole = table_of(rich_log(columns, lengths, status))
    start = lengths[0] + lengths[1]
    part = slice(start, start + lengths[2])
    alone = table_of(rich_log({n: c[part] for n, c in columns.items()}, lengths[2:3], status[part]))
    np.testing.assert_array_equal(values(whole)[7:11], values(alone))


def test_what_the_log_lacks_is_said(table_of):
    table = table_of(log_from_arrays({"actions": np.zeros((4, 2, 1))}, [4], ["a", "b"]))
    said = {notice.where: notice.message for notice in table.notices}
    assert "the log holds no positions" in said["features.motion"]
    assert {notice.code for notice in table.notices} == {"not-applicable"}
    assert "activity" in {feature.family for feature in table.features}


def test_an_info_field_that_never_changes_within_an_episode_is_a_label_and_left_out(table_of):
    columns, lengths, status = rich_arrays()
    columns["info/held"] = np.tile([0.0, 1.0, 0.0, 1.0], (len(status), 1))
    table = table_of(rich_log(columns, lengths, status))
    assert "info values" not in {feature.family for feature in table.features}
    assert any("label" in notice.message for notice in table.notices)


def test_the_table_of_episodes_stays_at_home(table_of):
    log = rich_log(*rich_arrays())
    copy = pickle.loads(pickle.dumps(FeatureFold(log, AnalysisConfig())))  # noqa: S301  our own bytes
    with pytest.raises(ValueError, match="another process"):
        copy.finish(())


def test_a_pattern_makes_the_other_agents_opponents_where_the_log_names_no_teams(table_of):
    log = rich_log(*rich_arrays())
    table = table_of(log, AnalysisConfig(agents="[ab]*"))
    assert "distance to nearest opponent" in table.frame.columns
    assert "assumed-teams" in {notice.code for notice in table.notices}
    assert "distance to nearest opponent" not in table_of(log).frame.columns


def test_names_that_a_log_repeats_are_numbered(table_of):
    log = log_from_arrays({"info/a_b": np.eye(2), "info/a b": np.eye(2)}, [2], ["a", "b"])
    fields = tuple(replace(spec, values=("x", "x")) for spec in log.header.fields)
    names = table_of(replace(log, header=replace(log.header, fields=fields))).frame.columns
    assert [name for name in names if name.startswith("share of steps with a b x")] == [
        "share of steps with a b x",
        "share of steps with a b x (2)",
        "share of steps with a b x (3)",
        "share of steps with a b x (4)",
    ]


def test_a_block_in_which_nobody_ever_acts_has_units_without_features(table_of):
    columns, lengths, status = rich_arrays()
    status[lengths[0] : lengths[0] + lengths[1]] = Status.WAITING
    table = table_of(rich_log(columns, lengths, status), max_bytes=1)
    assert table.frame.filter(pl.col("episode") == 1)["speed"].to_list() == [None] * 4


@pytest.mark.parametrize("huge", [1e300, -1e308, np.inf])
def test_numbers_that_are_too_large_to_be_squared_warn_nobody_and_reach_no_table(table_of, huge):
    columns, lengths, status = rich_arrays()
    for name in set(columns) - {"actions", "info/held"}:
        columns[name][::3] = huge
    found = values(table_of(rich_log(columns, lengths, status))).astype(float)
    assert not np.isinf(found).any()
    assert np.isfinite(found).any()
