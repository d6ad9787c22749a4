"""Layouts that look like others: each is read as its writer meant it, or refused with the readings."""

from functools import partial

import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.values.status import EndKind, Status
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import opened_by, rows_of
from tests.convscope_loaders.reading import write_hdf5 as write

RNG = np.random.default_rng(7)


opened = partial(opened_by, LOADER)


def as_the_error_says(path, tmp_path, *, change=lambda text: text):
    """Open the file with the mapping of its error."""
    with pytest.raises(AmbiguousLogError) as caught:
        opened(path)
    assert caught.value.mapping is not None
    assert caught.value.mapping in str(caught.value)
    (tmp_path / "map.toml").write_text(change(caught.value.mapping))
    return opened(path, read_mapping(tmp_path / "map.toml"))


def walk(*shape, axis=0):
    return np.cumsum(RNG.normal(size=shape), axis=axis).astype("f4")


def flags_at(n_rows, *rows):
    return np.isin(np.arange(n_rows), rows)


@pytest.mark.parametrize(
    "observed", [{"obs": (20, 3)}, {"obs": (20, 17)}, {"obs/arm": (20, 3), "obs/object": (20, 10)}], ids=str
)
def test_one_agent_with_several_action_columns_is_never_read_as_several(path, observed):
    arrays = {name: walk(*shape) for name, shape in observed.items()}
    write(path, arrays | {"actions": walk(20, 3), "rewards": np.ones(20), "terminals": flags_at(20, 9, 19)})
    with pytest.raises(AmbiguousLogError, match="one agent with 3 action columns"):
        opened(path)


def test_columns_of_actions_are_agents_where_another_array_has_as_many(path):
    arrays = {"actions": RNG.integers(4, size=(20, 3)), "rewards": np.ones(20), "terminals": flags_at(20, 9, 19)}
    write(path, arrays | {"positions": walk(20, 3, 2)})
    assert [agent.name for agent in opened(path).header.agents] == ["agent_0", "agent_1", "agent_2"]
    write(path, arrays)
    with pytest.raises(AmbiguousLogError, match="3 agents"):
        opened(path)
    write(path, arrays, agents=["a", "b", "c"])
    assert [agent.name for agent in opened(path).header.agents] == ["a", "b", "c"]


def dying(n_agents=3, n_steps=9):
    """One episode in which the second agent dies in its fourth step."""
    observed, actions = walk(n_steps, n_agents, 4) + 9, RNG.integers(1, 5, size=(n_steps, n_agents))
    observed[4:, 1], actions[4:, 1] = 0, 0
    over = np.zeros((n_steps, n_agents), bool)
    over[3, 1] = over[-1, [0, 2]] = True
    return observed, actions, over


@pytest.mark.parametrize("is_sticky", [False, True])
def test_an_agent_whose_flag_comes_early_is_dead_from_then_on(path, is_sticky):
    arrays = {}
    for episode in range(3):
        observed, actions, over = dying()
        over = np.logical_or.accumulate(over) if is_sticky else over
        arrays |= {f"ep_{episode}/obs": observed, f"ep_{episode}/act": actions, f"ep_{episode}/terminations": over}
    write(path, arrays, agents=["a", "b", "c"])
    log = opened(path)
    assert log.episodes.length.tolist() == [9, 9, 9]
    (status,) = rows_of(log)
    assert status[:9, 1].tolist() == [Status.ACTING] * 4 + [Status.DEAD] * 5
    assert (status[:, [0, 2]] == Status.ACTING).all()
    assert set(log.episodes.end.tolist()) == {EndKind.TERMINATED}
    assert any("after its end flag" in sentence for sentence in log.header.inputs[0].assumptions)


def test_a_stream_is_cut_where_the_last_agent_has_had_its_flag(path):
    parts = [dying() for _ in range(3)]
    observed, actions, over = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    write(path, {"obs": observed, "actions": actions, "dones": over}, agents=["a", "b", "c"])
    log = opened(path)
    assert log.episodes.length.tolist() == [9, 9, 9]
    (status,) = rows_of(log)
    assert (status[[4, 8, 13, 17], 1] == Status.DEAD).all()


def test_agents_that_go_on_after_their_own_flags_are_ambiguous(path, tmp_path):
    over = np.zeros((60, 3), bool)
    over[[4, 30], 0] = over[[9, 40], 1] = over[[19, 59], 2] = True
    write(
        path, {"obs": walk(60, 3, 4), "actions": RNG.integers(4, size=(60, 3)), "dones": over}, agents=["a", "b", "c"]
    )
    with pytest.raises(AmbiguousLogError, match="Agents go on after their flags"):
        opened(path)
    assert as_the_error_says(path, tmp_path).episodes.length.tolist() == [20, 40]


def padded(lengths, blank, *, n_agents=2, width=3):
    """Padded blocks (episode, time, agent, ...) without anything that tells the padding."""
    n_rows = max(lengths)
    happened = np.arange(n_rows) < np.array(lengths)[:, None]
    observed, actions = (
        walk(len(lengths), n_rows, n_agents, width, axis=1),
        np.ones((len(lengths), n_rows, n_agents), int),
    )
    observed[~happened], actions[~happened] = blank
    return {"obs": observed, "act": actions, "rew": happened.astype("f4")}


def test_rows_of_nan_and_of_minus_one_are_padding(path):
    for blank in ((np.nan, -1), (np.nan, 0), (0, -1)):
        write(path, padded([8, 12, 5, 9, 12], blank))
        log = opened(path)
        assert log.episodes.length.tolist() == [8, 12, 5, 9, 12]
        assert any("are padding" in sentence for sentence in log.header.inputs[0].assumptions)


def test_rows_of_zeros_are_padding_or_steps_as_the_mapping_says(path, tmp_path):
    write(path, padded([8, 12, 5, 9, 12], (0, 0)))
    assert as_the_error_says(path, tmp_path).episodes.length.tolist() == [8, 12, 5, 9, 12]

    def as_steps(text):
        assert '# reading 2: cut = "whole", without a list' in text
        return 'convscope-mapping = 1\n[episodes]\ncut = "whole"\n'

    assert as_the_error_says(path, tmp_path, change=as_steps).episodes.length.tolist() == [12] * 5


def test_zeros_that_are_actions_are_no_padding(path):
    arrays = padded([12] * 5, (0, 0))
    arrays["act"][:, -3:] = 0
    write(path, arrays)
    assert opened(path).episodes.length.tolist() == [12] * 5


def test_a_reward_of_minus_one_is_no_padding(path):
    arrays = padded([12] * 5, (0, 0))
    arrays["rew"][2, -1] = -1
    write(path, arrays)
    assert opened(path).episodes.length.tolist() == [12] * 5


def resetting(lengths, n_agents=2):
    return np.concatenate([walk(n, n_agents, 3) * 0.1 + 20 * RNG.normal(size=(1, n_agents, 3)) for n in lengths])


LENGTHS = (6, 9, 4, 7, 8)
LAST = np.cumsum(LENGTHS) - 1


def test_flags_on_the_first_row_of_the_next_episode_are_told_by_what_agents_see(path):
    n_rows = sum(LENGTHS)
    arrays = {"obs": resetting(LENGTHS), "actions": np.ones((n_rows, 2), int), "rewards": np.ones((n_rows, 2))}
    write(path, arrays | {"done": flags_at(n_rows, *(LAST[:-1] + 1))}, agents=["a", "b"])
    log = opened(path)
    assert tuple(log.episodes.length) == LENGTHS
    assert any("first row of the next" in sentence for sentence in log.header.inputs[0].assumptions)
    write(path, arrays | {"done": flags_at(n_rows, *LAST)}, agents=["a", "b"])
    assert tuple(opened(path).episodes.length) == LENGTHS


def test_a_column_that_is_true_where_episodes_start_is_no_list_of_rows(path):
    n_rows = sum(LENGTHS)
    arrays = {"obs": resetting(LENGTHS), "actions": np.ones((n_rows, 2), int)}
    write(path, arrays | {"episode_starts": flags_at(n_rows, 0, *(LAST[:-1] + 1))}, agents=["a", "b"])
    assert tuple(opened(path).episodes.length) == LENGTHS


def test_rows_between_an_episode_and_the_next_are_no_steps(path):
    starts = np.cumsum([0, *(np.array(LENGTHS) + 1)[:-1]])
    n_rows = sum(LENGTHS) + len(LENGTHS)
    arrays = {"obs": walk(n_rows, 2, 3), "actions": np.ones((n_rows, 2), int)}
    write(path, arrays | {"episodes/start": starts, "episodes/length": np.array(LENGTHS)}, agents=["a", "b"])
    log = opened(path)
    assert tuple(log.episodes.length) == LENGTHS
    assert tuple(log.episodes.rows) == tuple(n + 1 for n in LENGTHS)


def test_of_as_many_episodes_as_steps_the_mask_tells_which_are_which(path):
    happened = np.arange(4) < np.array([4, 2, 1, 3])[:, None]
    arrays = {"obs": walk(4, 4, 3, 3, axis=1), "actions": RNG.integers(3, size=(4, 4, 3)), "rewards": np.ones((4, 4))}
    for mask, axes in ((happened, "episode, time, agent"), (happened.T, "time, episode, agent")):
        write(path, arrays | {"filled": mask}, agents=list("abc"))
        log = opened(path)
        assert log.episodes.length.tolist() == [4, 2, 1, 3]
        assert any(f"is read as ({axes})" in sentence for sentence in log.header.inputs[0].assumptions)


def test_where_all_sizes_are_the_same_and_little_else_tells_nothing_is_guessed(path):
    arrays = {
        "obs": RNG.normal(size=(4, 4, 4, 4)),
        "actions": RNG.integers(3, size=(4, 4, 4)),
        "rewards": np.ones((4, 4)),
    }
    write(path, arrays | {"lengths": np.array([4, 2, 1, 3])})
    with pytest.raises(AmbiguousLogError, match="can be read in 6 ways"):
        opened(path)


def test_agents_in_arrays_and_in_names_need_an_order(path, tmp_path):
    arrays = {f"{field}/{name}": value for name in ("speaker", "listener") for field, value in walker().items()}
    write(path, arrays | {"attention": np.tile([[0.25, 0.75], [1, 0]], (30, 1, 1)), "dones": flags_at(30, 9, 19, 29)})
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["listener", "speaker"]
    assert not log.has("attention")
    assert "unknown-order-of-agents" in {notice.code for notice in log.header.notices}
    (tmp_path / "map.toml").write_text('convscope-mapping = 1\n[agents]\nnames = ["speaker", "listener"]\n')
    log = opened(path, read_mapping(tmp_path / "map.toml"))
    assert [agent.name for agent in log.header.agents] == ["speaker", "listener"]
    assert log.has("attention")


def walker(n=30):
    return {"obs": walk(n, 3), "actions": RNG.integers(3, size=n), "rewards": np.ones(n)}


def test_joint_actions_of_agents_in_no_order_are_read_as_the_mapping_says(path, tmp_path):
    arrays = {f"obs/{name}": walk(30, 3) for name in ("speaker", "listener")}
    arrays |= {f"rewards/{name}": np.full(30, number) for number, name in enumerate(("speaker", "listener"))}
    arrays |= {"actions": np.tile([1, 2], (30, 1)), "dones": flags_at(30, 9, 19, 29)}
    write(path, arrays, agents=["speaker", "listener"])
    _, actions, rewards = rows_of(opened(path), "actions", "rewards")
    assert (actions[0, :, 0].tolist(), rewards[0].tolist()) == ([1, 2], [0, 1])


def test_groups_by_number_are_agents_or_episodes_as_the_mapping_says(path, tmp_path):
    arrays = {f"{field}_{k}": value for k in (0, 1) for field, value in walker(12).items()}
    write(path, arrays)
    log = as_the_error_says(path, tmp_path)
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1"]
    assert log.episodes.length.tolist() == [12]


def test_groups_of_agents_have_agents_of_their_own(path):
    arrays = {"done": flags_at(30, 9, 19, 29)}
    for name, n, width in (("hunters", 3, 4), ("prey", 1, 6)):
        arrays |= {f"{name}/obs": walk(30, n, width), f"{name}/actions": RNG.integers(5, size=(30, n))}
    write(path, arrays)
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["hunters_0", "hunters_1", "hunters_2", "prey_0"]
    _, actions, observed = rows_of(log, "actions", "observations")
    assert np.array_equal(actions[:, 3, 0], arrays["prey/actions"][:, 0])
    assert np.array_equal(observed[:, 2, :4], arrays["hunters/obs"][:, 2])
    assert log.header.field("observations").widths == (4, 4, 4, 6)


def test_layouts_are_no_groups_of_agents(path):
    arrays = {}
    for name, n in (("cramped", 20), ("ring", 30)):
        arrays |= {
            f"{name}/obs": walk(n, 2, 4),
            f"{name}/actions": np.ones((n, 2), int),
            f"{name}/rew": np.ones((n, 2)),
        }
        arrays |= {f"{name}/done": flags_at(n, 9, n - 1)}
    write(path, arrays, agents=["a", "b"])
    log = opened(path)
    assert log.episodes.conditions == ("cramped", "ring")
    assert log.header.agents[0].name == "a"


def test_teams_of_agents_are_no_conditions(path):
    arrays = {f"{t}/agent_{k}/{f}": v for t in ("red", "blue") for k in (0, 1) for f, v in walker().items()}
    write(path, arrays)
    with pytest.raises(AmbiguousLogError, match="/blue, /red"):
        opened(path)


def test_agents_of_unlike_actions_keep_their_kinds(path):
    arrays = {"scout/obs": walk(12, 3), "scout/actions": RNG.integers(4, size=12), "tank/obs": walk(12, 3)}
    write(path, arrays | {"tank/actions": walk(12, 2), "done": flags_at(12, 11)})
    scout, tank = opened(path).header.agents
    assert (scout.action_space.kind, scout.action_space.n) == ("discrete", (4,))
    assert (tank.action_space.kind, tank.action_space.width) == ("continuous", 2)


def test_a_step_counter_of_the_whole_training_moves_no_episode(path):
    arrays = {}
    for agent in ("a", "b"):
        own = walker(20) | {"eps_id": np.repeat([0, 1], 10), "t": np.arange(500, 520)}
        arrays |= {f"{agent}/{field}": value for field, value in own.items()}
    write(path, arrays)
    log = opened(path)
    assert log.episodes.length.tolist() == [10, 10]
    (status,) = rows_of(log)
    assert (status == Status.ACTING).all()


def test_rows_of_several_environments_between_each_other_are_an_error(path):
    arrays = {"obs": walk(24, 2, 3), "actions": np.ones((24, 2), int), "t": np.repeat(np.arange(8), 3)}
    write(path, arrays, agents=["a", "b"])
    with pytest.raises(LogFormatError, match="repeats timesteps"):
        opened(path)


def test_many_groups_with_names_of_their_own_are_episodes_if_the_mapping_says_so(path, tmp_path):
    arrays = {}
    for number in range(20):
        name = f"game-{chr(97 + number)}x"
        arrays |= {f"{name}/obs": walk(6 + number, 2, 3), f"{name}/actions": np.ones((6 + number, 2), int)}
    write(path, arrays, agents=["a", "b"])
    log = as_the_error_says(path, tmp_path)
    assert log.episodes.length.tolist() == list(range(6, 26))


def test_a_group_per_timestep_with_one_action_is_asked_about(path):
    write(path, {f"ep_{e}/step_{t}/actions": 1 for e in (0, 1) for t in range(3)})
    with pytest.raises(AmbiguousLogError, match="those of several agents in turn"):
        opened(path)


def test_marks_that_others_make_needless_and_texts_are_named(path):
    arrays = {"obs": walk(20, 2, 3), "actions": np.ones((20, 2), int), "episode_ends": np.array([10, 20])}
    write(path, arrays | {"dones": flags_at(20, 9, 19), "note": np.array([b"x"] * 20)}, agents=["a", "b"])
    (notice,) = [notice for notice in opened(path).header.notices if notice.code == "unused-arrays"]
    assert "/dones, /note" in notice.message


def test_rows_that_repeat_the_last_one_are_padding_or_steps_as_the_mapping_says(path, tmp_path):
    arrays = padded([8, 12, 5, 9, 12], (0, 0))
    arrays["act"] = np.random.default_rng(1).integers(9, size=arrays["act"].shape)
    for array in arrays.values():
        for entry, length in enumerate((8, 12, 5, 9, 12)):
            array[entry, length:] = array[entry, length - 1]
    for turned in (arrays, {name: np.swapaxes(array, 0, 1) for name, array in arrays.items()}):
        write(path, turned)
        assert as_the_error_says(path, tmp_path).episodes.length.tolist() == [8, 12, 5, 9, 12]
    arrays["obs"][1, 3:5] = arrays["obs"][1, 2]
    arrays["act"][1, 3:5] = arrays["act"][1, 2]
    write(path, arrays)
    assert opened(path).episodes.length.tolist() == [12] * 5


@pytest.mark.parametrize("group", ["", "episode_1/"])
def test_groups_that_are_timesteps_are_refused_with_what_to_write(tmp_path, group):
    rng = np.random.default_rng(2)
    observed = {f"{group}step_{t}/obs": rng.normal(size=(3, 5)) for t in range(12)}
    path = write(tmp_path / "log.h5", observed | {f"{group}step_{t}/actions": rng.integers(0, 4, 3) for t in range(12)})
    with pytest.raises(LogFormatError, match="step_0 to step_11 may hold one timestep each"):
        opened_by(LOADER, path)
