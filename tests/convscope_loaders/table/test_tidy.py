"""Tables with a row per agent and timestep, in any text format and order, become the same episodes."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.values.header import ActionKind
from convscope.values.status import EndKind, Status
from tests.convscope_loaders.table.rows import LENGTHS, ROWS, as_text, is_same, opened, whole, without, write


def test_columns_are_known_by_the_names_that_people_give(tmp_path):
    log = opened(write(tmp_path / "log.csv", ROWS))
    assert log.episodes.runs == ("seed_0", "seed_1")
    assert log.episodes.length.tolist() == LENGTHS
    assert log.episodes.rows.tolist() == LENGTHS
    assert [agent.name for agent in log.header.agents] == ["ann", "bob"]
    space = log.header.agents[0].action_space
    assert (space.kind, space.n) == (ActionKind.DISCRETE, (3,))
    assert log.header.field("actions").values == ("left", "right", "stay")
    # A flag of unknown kind says where an episode ends, not why.
    assert set(log.episodes.end.tolist()) == {EndKind.UNKNOWN}
    status, columns = whole(log)
    assert columns["positions"][:3].tolist() == [[[0, 0], [0, 1]], [[1, 0], [1, 1]], [[2, 0], [2, 1]]]
    assert columns["actions"][:3, :, 0].tolist() == [[0, 1], [1, 2], [2, 0]]
    assert columns["rewards"][:3].tolist() == [[0, 1], [0.5, 1.5], [1, 2]]
    assert status[:5].tolist() == [[Status.ACTING] * 2] * 4 + [[Status.DEAD, Status.ACTING]]
    assert np.isnan(columns["positions"][4, 0]).all()


@pytest.mark.parametrize("name", ["log.tsv", "log.jsonl", "log.csv.gz", "log.jsonl.gz", "log.txt"])
def test_every_text_format_says_the_same(tmp_path, name):
    expected = opened(write(tmp_path / "plain.csv", ROWS))
    plain = write(tmp_path / name.removesuffix(".gz"), ROWS)
    path = plain.with_name(name)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(plain.read_bytes()))
    assert is_same(opened(path), expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.replace(",", ";"),
        lambda text: "# " + text,
        lambda text: text.replace("left", '"left"'),
        lambda text: text.replace("True", "true").replace("False", "FALSE"),
        lambda text: text.replace("seed,", "Seed ,").replace("agent", "Agent ID").replace("episode", "Episode"),
        lambda text: text.replace("action", "act").replace("reward", "rew").replace(",t,", ",time_step,"),
    ],
)
def test_habits_of_writers_do_not_matter(tmp_path, change):
    expected = opened(write(tmp_path / "plain.csv", ROWS))
    path = tmp_path / "log.csv"
    path.write_text(change(as_text(ROWS)), "utf-8")
    assert is_same(opened(path), expected)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(ROWS))))
def test_rows_may_come_in_any_order(tmp_path, order):
    expected = opened(write(tmp_path / "plain.csv", ROWS))
    found = opened(write(tmp_path / "log.csv", [ROWS[row] for row in order]))
    ours, theirs = whole(found), whole(expected)
    assert sorted(found.episodes.length.tolist()) == sorted(LENGTHS)
    assert sorted(map(str, ours[1]["positions"].tolist())) == sorted(map(str, theirs[1]["positions"].tolist()))


def by_agent(rows):
    return sorted(rows, key=lambda row: (row["agent"], row["seed"], row["episode"], row["t"]))


COMPLETE = [row for row in ROWS if not (row["seed"] == 0 and row["episode"] == 1)]


@pytest.mark.parametrize("order", [list, by_agent], ids=["by time", "by agent"])
@pytest.mark.parametrize("lacking", [("episode",), ("episode", "done"), ("episode", "t")], ids="+".join)
def test_without_an_episode_column_the_clock_or_the_flags_tell_them_apart(tmp_path, order, lacking):
    expected = opened(write(tmp_path / "plain.csv", without(COMPLETE, "done", "t" if "t" in lacking else "done")))
    found = opened(write(tmp_path / "log.csv", without(order(COMPLETE), *lacking)))
    assert is_same(found, expected)
    said = " ".join(found.header.inputs[0].assumptions)
    assert ("its agent's last one" if "t" in lacking else "where t starts again") in said


def test_a_clock_that_never_starts_again_leaves_it_to_the_flags(tmp_path):
    rows = [{**row, "t": number} for number, row in enumerate(without(COMPLETE, "episode"))]
    for row, other in zip(rows[1::2], rows[::2], strict=True):
        row["t"] = other["t"]
    found = opened(write(tmp_path / "log.csv", rows))
    assert found.episodes.length.tolist() == [3, 3, 2]


def test_with_nothing_to_tell_them_apart_all_rows_of_a_run_are_an_episode(tmp_path):
    log = opened(write(tmp_path / "log.csv", without(COMPLETE, "episode", "done", "t")))
    assert log.episodes.length.tolist() == [3, 5]
    assert any("all rows of a run are read as one" in sentence for sentence in log.header.inputs[0].assumptions)


def test_agents_that_disagree_on_the_episodes_are_ambiguous_and_a_mapping_is_offered(tmp_path):
    rows = without(ROWS, "episode", "t")
    for row in rows:
        row["done"] = row["done"] and row["agent"] == "bob"
    with pytest.raises(AmbiguousLogError, match="disagree on which episode") as caught:
        opened(write(tmp_path / "log.csv", rows))
    assert "[table]" in caught.value.mapping


def test_a_clock_that_falls_in_the_middle_is_ambiguous(tmp_path):
    rows = [{"t": t, "agent": "a", "action": 0} for t in (0, 1, 2, 1, 2, 0, 1)]
    with pytest.raises(AmbiguousLogError, match="not in the order of time"):
        opened(write(tmp_path / "log.csv", rows))


def test_episodes_of_one_step_are_told_apart(tmp_path):
    rows = [{"t": 0, "agent": agent, "action": number % 2} for number in range(4) for agent in "ab"]
    log = opened(write(tmp_path / "log.csv", rows))
    assert log.episodes.length.tolist() == [1, 1, 1, 1]


def test_two_rows_of_an_agent_in_one_timestep_are_an_error(tmp_path):
    with pytest.raises(LogFormatError, match=r"log.csv: row 19 and row 3 give an agent two rows in one timestep"):
        opened(write(tmp_path / "log.csv", [*ROWS, ROWS[3]]))


def test_a_row_without_a_timestep_is_an_error(tmp_path):
    rows = [*ROWS[:5], {**ROWS[5], "t": None}, *ROWS[6:]]
    with pytest.raises(LogFormatError, match="row 5 has no timestep"):
        opened(write(tmp_path / "log.csv", rows))


def rows_of(**columns):
    """Two episodes of three steps of two agents, with more columns computed from number, episode, t and slot."""
    return [
        {"episode": e, "t": t, "agent": a, **{name: make(e, t, a) for name, make in columns.items()}}
        for e in range(2)
        for t in range(3)
        for a in range(2)
    ]


def test_parts_of_vectors_are_put_together_in_the_order_of_their_numbers(tmp_path):
    parts = {f"obs_{k}": lambda e, t, a, k=k: 100 * e + 10 * t + k for k in (10, 2, 0, 1)}
    log = opened(write(tmp_path / "log.csv", rows_of(**parts, action=lambda e, t, a: t)))
    assert log.header.field("observations").shape == (4,)
    assert whole(log)[1]["observations"][1, 0].tolist() == [10, 11, 12, 20]


@pytest.mark.parametrize("spelled", ["obs[{}]", "obs.{}", "Obs {}", "observation_{}", "o{}"])
def test_numbers_behind_names_are_written_in_many_ways(tmp_path, spelled):
    parts = {spelled.format(k): lambda e, t, a, k=k: k for k in range(3)}
    log = opened(write(tmp_path / "log.csv", rows_of(**parts, action=lambda e, t, a: t)))
    name = "observations" if spelled != "o{}" else "info/o"
    assert whole(log)[1][name][0, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "as_list",
    [lambda v: v, str, lambda v: str(np.array(v)), lambda v: str(tuple(v))],
    ids=["json", "str", "numpy", "tuple"],
)
def test_lists_in_a_cell_are_vectors(tmp_path, as_list):
    rows = rows_of(obs=lambda e, t, a: as_list([e, t, a + 0.5]), action=lambda e, t, a: t)
    log = opened(write(tmp_path / ("log.jsonl" if as_list([0]) == [0] else "log.csv"), rows))
    assert whole(log)[1]["observations"][4].tolist() == [[1, 1, 0.5], [1, 1, 1.5]]


def test_lists_of_unequal_length_and_lists_cut_by_numpy_are_errors(tmp_path):
    rows = rows_of(obs=lambda e, t, a: [0] * (t + 1), action=lambda e, t, a: t)
    with pytest.raises(LogFormatError, match="from 1 to 3 numbers for agent_0"):
        opened(write(tmp_path / "log.jsonl", rows))
    rows = rows_of(obs=lambda e, t, a: [[0] * (t + 1)], action=lambda e, t, a: t)
    with pytest.raises(LogFormatError, match="from 1 to 3 numbers; write as many"):
        opened(write(tmp_path / "log.jsonl", rows))
    rows = rows_of(obs=lambda e, t, a: "[0. 0. ... 0. 0.]", action=lambda e, t, a: t)
    with pytest.raises(LogFormatError, match="obs should hold numbers"):
        opened(write(tmp_path / "log.csv", rows))


def test_observations_by_name_are_one_vector(tmp_path):
    rows = rows_of(obs_speed=lambda e, t, a: 1, obs_range=lambda e, t, a: 2, action=lambda e, t, a: t)
    log = opened(write(tmp_path / "log.csv", rows))
    assert whole(log)[1]["observations"][0, 0].tolist() == [2, 1]


def test_what_is_the_whole_teams_is_one_number_a_step(tmp_path):
    rows = rows_of(
        team_reward=lambda e, t, a: t, state_0=lambda e, t, a: e, state_1=lambda e, t, a: 7, action=lambda e, t, a: t
    )
    columns = whole(opened(write(tmp_path / "log.csv", rows)))[1]
    assert columns["team_rewards"].tolist() == [0, 1, 2, 0, 1, 2]
    assert columns["state"][3].tolist() == [1, 7]


def test_roles_teams_checkpoints_and_layouts_are_recognised(tmp_path):
    rows = [
        {**row, "update": update, "layout": layout, "role": "scout" if row["agent"] else "guard", "team": "red"}
        for update in (10, 9)
        for layout in ("ring", "room")
        for row in rows_of(action=lambda e, t, a: t)
    ]
    log = opened(write(tmp_path / "log.csv", rows))
    assert log.episodes.n_episodes == 8
    assert log.episodes.checkpoints == ("update_9", "update_10")
    assert log.episodes.conditions == ("ring", "room")
    assert [(agent.declared_role, agent.team) for agent in log.header.agents] == [("guard", "red"), ("scout", "red")]


def test_a_value_that_changes_within_episodes_is_no_checkpoint(tmp_path):
    rows = [{**row, "phase": row["t"] // 2} for row in rows_of(action=lambda e, t, a: t)]
    log = opened(write(tmp_path / "log.csv", rows))
    assert log.episodes.length.tolist() == [3, 3]
    assert log.header.field("info/phase").path == "/phase"
    assert any("phase changes within episodes" in sentence for sentence in log.header.inputs[0].assumptions)


def test_a_seed_for_each_episode_is_not_taken_for_a_run(tmp_path):
    rows = [{**row, "seed": 40 + row["episode"]} for row in rows_of(action=lambda e, t, a: t)]
    with pytest.raises(AmbiguousLogError, match="seed is another one in each episode"):
        opened(write(tmp_path / "log.csv", rows))


def test_environments_side_by_side_have_episodes_of_their_own(tmp_path):
    rows = [{**row, "env_id": env} for env in range(3) for row in rows_of(action=lambda e, t, a: t)]
    assert opened(write(tmp_path / "log.csv", rows)).episodes.length.tolist() == [3] * 6
    rows = [{**row, "env_id": "simple_tag_v3"} for row in rows_of(action=lambda e, t, a: t)]
    log = opened(write(tmp_path / "log.csv", rows))
    assert (log.header.environment, log.episodes.n_episodes) == ("simple_tag_v3", 2)


def test_two_columns_for_the_agent_are_one_where_they_agree_and_ambiguous_where_not(tmp_path):
    rows = [{**row, "agent_name": "ab"[row["agent"]]} for row in rows_of(action=lambda e, t, a: t)]
    log = opened(write(tmp_path / "log.csv", rows))
    assert [agent.name for agent in log.header.agents] == ["a", "b"]
    rows = [{**row, "player": row["t"] % 2} for row in rows_of(action=lambda e, t, a: t)]
    with pytest.raises(AmbiguousLogError, match="agent and player could each be the agent") as caught:
        opened(write(tmp_path / "log.csv", rows))
    assert 'agent = "agent"' in caught.value.mapping


def test_two_columns_for_the_action_are_ambiguous(tmp_path):
    rows = rows_of(action=lambda e, t, a: t, act=lambda e, t, a: 0)
    with pytest.raises(AmbiguousLogError, match="act and action could each be the actions"):
        opened(write(tmp_path / "log.csv", rows))


@pytest.mark.parametrize("both", [("move_action", "comm_action"), ("action_grip", "action_turn")])
def test_several_columns_that_speak_of_actions_are_ambiguous_and_one_is_the_action(tmp_path, both):
    rows = rows_of(**dict.fromkeys(both, lambda e, t, a: t), x=lambda e, t, a: t, y=lambda e, t, a: a)
    path = write(tmp_path / "log.csv", rows)
    with pytest.raises(
        AmbiguousLogError, match=r"could each be the actions, or be one together; .* columns = \["
    ) as caught:
        opened(path)
    (tmp_path / "m.toml").write_text(caught.value.mapping)
    assert opened(path, read_mapping(tmp_path / "m.toml")).header.field("actions").shape == (2,)
    log = opened(write(tmp_path / "one.csv", without(rows, both[0])))
    assert log.header.field("actions").path == f"/{both[1]}"
    assert any("is read as the action: no other" in said for said in log.header.inputs[0].assumptions)


def test_texts_where_numbers_should_be_are_an_error_that_shows_one(tmp_path):
    rows = rows_of(action=lambda e, t, a: t, reward=lambda e, t, a: "lots")
    with pytest.raises(LogFormatError, match="reward should hold numbers and holds texts, such as 'lots'"):
        opened(write(tmp_path / "log.csv", rows))
    rows = rows_of(action=lambda e, t, a: t, done=lambda e, t, a: "no")
    with pytest.raises(LogFormatError, match="done should be true or false"):
        opened(write(tmp_path / "log.csv", rows))


def test_missing_actions_are_waiting_and_a_last_row_without_any_is_the_final_observation(tmp_path):
    rows = rows_of(
        x=lambda e, t, a: t, y=lambda e, t, a: a, action=lambda e, t, a: None if t == 2 or (t, a) == (1, 0) else t
    )
    for name in ("log.csv", "log.jsonl"):
        log = opened(write(tmp_path / name, rows))
        assert log.episodes.length.tolist() == [2, 2]
        assert log.episodes.rows.tolist() == [3, 3]
        assert whole(log)[0][:3].tolist() == [
            [Status.ACTING] * 2,
            [Status.WAITING, Status.ACTING],
            [Status.WAITING] * 2,
        ]


def test_large_numbers_are_names_and_not_confused(tmp_path):
    rows = [{**row, "episode": 2**60 + row["episode"]} for row in rows_of(action=lambda e, t, a: t)]
    for name in ("log.csv", "log.jsonl"):
        assert opened(write(tmp_path / name, rows)).episodes.length.tolist() == [3, 3]
    rows = [{**row, "episode": 10**30 + row["episode"]} for row in rows_of(action=lambda e, t, a: t)]
    assert opened(write(tmp_path / "log.csv", rows)).episodes.length.tolist() == [3, 3]


def test_what_is_next_and_what_are_remarks_is_left_out_and_said(tmp_path):
    rows = rows_of(
        obs=lambda e, t, a: [t, a],
        next_obs=lambda e, t, a: [t + 1, a],
        action=lambda e, t, a: t,
        held=lambda e, t, a: ("soup", "none")[t % 2],
        note=lambda e, t, a: f"{e}{t}{a}",
    )
    rows = [{**row, "note": f"{number}"} for number, row in enumerate(rows * 100)]
    rows = [{**row, "episode": number // 6, "note": f"note {number}"} for number, row in enumerate(rows)]
    log = opened(write(tmp_path / "log.jsonl", rows))
    assert {"left-out-next", "left-out-remarks"} <= {notice.code for notice in log.header.notices}
    assert log.header.field("info/held").values == ("none", "soup")
    assert {spec.name for spec in log.header.fields} == {"observations", "actions", "info/held"}


def test_rows_of_padding_are_refused(tmp_path):
    rows = rows_of(action=lambda e, t, a: t, filled=lambda e, t, a: t < 2)
    with pytest.raises(LogFormatError, match="row 4 never happened, as filled says"):
        opened(write(tmp_path / "log.csv", rows))


def test_blocks_of_any_size_hold_the_same(tmp_path):
    log = opened(write(tmp_path / "log.csv", ROWS))
    status, columns = whole(log)
    small_status, small = whole(log, max_bytes=1)
    assert np.array_equal(status, small_status)
    assert all(np.array_equal(columns[name], small[name], equal_nan=True) for name in columns)


def test_json_with_the_numbers_that_only_python_writes_is_read(tmp_path):
    rows = rows_of(x=lambda e, t, a: float("nan") if t == 1 else t, y=lambda e, t, a: 0, action=lambda e, t, a: t)
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "NaN" in path.read_text()
    assert np.isnan(whole(opened(path))[1]["positions"][1, 0, 0])
    path.write_text(json.dumps(rows))
    assert np.isnan(whole(opened(path))[1]["positions"][1, 0, 0])


def test_rows_after_an_agents_end_are_those_of_the_dead(tmp_path):
    rows = rows_of(action=lambda e, t, a: t, x=lambda e, t, a: t, y=lambda e, t, a: 0)
    for row in rows:
        row["terminated"] = row["t"] == 2 or (row["agent"] == 0 and row["episode"] == 0 and row["t"] >= 1)
    log = opened(write(tmp_path / "log.csv", rows))
    status, columns = whole(log)
    assert status[:3, 0].tolist() == [Status.ACTING, Status.ACTING, Status.DEAD]
    assert (status[:, 1] == Status.ACTING).all()
    assert log.episodes.end.tolist() == [EndKind.TERMINATED] * 2
    assert any("after its first row with terminated" in sentence for sentence in log.header.inputs[0].assumptions)
    assert columns["positions"][2, 0].tolist() == [2, 0]


@pytest.mark.parametrize("is_end", [lambda t: t >= 1, lambda t: t == 0], ids=["padding", "flag on the next episode"])
def test_flags_that_end_all_agents_before_the_last_row_are_refused(tmp_path, is_end):
    rows = rows_of(action=lambda e, t, a: t, done=lambda e, t, a: is_end(t))
    with pytest.raises(LogFormatError, match="comes after done of all agents"):
        opened(write(tmp_path / "log.csv", rows))


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "level_0"])
def test_row_numbers_of_pandas_are_left_out_and_said(tmp_path, name):
    rows = [{name: number, **row} for number, row in enumerate(ROWS)]
    log = opened(write(tmp_path / "log.csv", rows))
    assert is_same(log, opened(write(tmp_path / "plain.csv", ROWS)))
    assert "left-out-row-numbers" in {notice.code for notice in log.header.notices}


def test_one_hot_actions_are_refused_with_a_remedy(tmp_path):
    rows = rows_of(actions_onehot=lambda e, t, a: [1, 0], obs=lambda e, t, a: [t])
    with pytest.raises(LogFormatError, match="give the table a column action"):
        opened(write(tmp_path / "log.jsonl", rows))


def test_agents_may_have_lists_of_a_length_of_their_own(tmp_path):
    rows = rows_of(obs=lambda e, t, a: [t] * (3 - a) if t or e else None, action=lambda e, t, a: t)
    log = opened(write(tmp_path / "log.jsonl", rows))
    observed = whole(log)[1]["observations"]
    assert np.array_equal(observed[0], np.full((2, 3), np.nan), equal_nan=True)
    assert np.array_equal(observed[2], [[2, 2, 2], [2, 2, np.nan]], equal_nan=True)
    assert any("lists of different lengths in obs" in sentence for sentence in log.header.inputs[0].assumptions)


def test_a_letter_is_a_flag_only_where_it_is_true_or_false(tmp_path):
    rows = rows_of(a=lambda e, t, a: t, d=lambda e, t, a: 2.5 * t, h=lambda e, t, a: 7)
    log = opened(write(tmp_path / "log.csv", rows))
    assert {spec.name for spec in log.header.fields} == {"actions", "info/d", "info/h"}
    rows = rows_of(a=lambda e, t, a: t, d=lambda e, t, a: t == 2)
    assert {spec.name for spec in opened(write(tmp_path / "flag.csv", rows)).header.fields} == {"actions"}
    rows = rows_of(action=lambda e, t, a: t, done=lambda e, t, a: t)
    with pytest.raises(LogFormatError, match="done should be true or false and holds 2"):
        opened(write(tmp_path / "odd.csv", rows))
