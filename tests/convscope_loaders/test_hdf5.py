"""Files of no known framework are read right, or refused with both readings; never wrong."""

from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.loader import ONLY_MAPPED
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.probe import probe
from convscope.values.fields import Level
from convscope.values.header import ActionKind
from convscope.values.status import EndKind, Status
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import opened_by
from tests.convscope_loaders.reading import rows_of as all_rows_of
from tests.convscope_loaders.reading import write_hdf5 as write

LENGTHS = (5, 7, 6)
N_ROWS = sum(LENGTHS)


opened = partial(opened_by, LOADER)


rows_of = partial(all_rows_of, max_bytes=700)


def flat(n_agents=3, width=4):
    actions = np.arange(N_ROWS * n_agents).reshape(N_ROWS, n_agents) % 5
    observed = np.arange(N_ROWS * n_agents * width, dtype="f4").reshape(N_ROWS, n_agents, width)
    return {"actions": actions, "observations": observed}


STARTS = np.cumsum([0, *LENGTHS[:-1]])
ENDS = np.cumsum(LENGTHS)


@pytest.mark.parametrize(
    "mark",
    [
        {"episode_starts": STARTS},
        {"episode_ends": ENDS},
        {"episode_ends": ENDS - 1},
        {"lengths": np.array(LENGTHS)},
        {"episode_id": np.repeat([4, 2, 9], LENGTHS)},
        {"timestep": np.concatenate([np.arange(n) for n in LENGTHS])},
        {"dones": np.isin(np.arange(N_ROWS), ENDS - 1)},
        {"terminals": np.arange(N_ROWS) == 4, "timeouts": np.isin(np.arange(N_ROWS), ENDS[1:] - 1)},
    ],
    ids="+".join,
)
def test_rows_are_cut_by_whatever_marks_the_episodes(path, mark):
    arrays = flat()
    write(path, arrays | mark | {"rewards": np.ones(N_ROWS)})
    log = opened(path)
    assert tuple(log.episodes.length) == LENGTHS
    status, actions, observed, rewards = rows_of(log, "actions", "observations", "team_rewards")
    assert (status == Status.ACTING).all()
    assert np.array_equal(actions[..., 0], arrays["actions"])
    assert np.array_equal(observed, arrays["observations"])
    assert rewards.shape == (N_ROWS,)


def test_ends_are_told_apart_and_flags_of_unknown_kind_stay_unknown(path):
    marks = {"terminals": np.arange(N_ROWS) == 4, "timeouts": np.isin(np.arange(N_ROWS), ENDS[1:-1] - 1)}
    write(path, flat() | marks)
    assert opened(path).episodes.end.tolist() == [EndKind.TERMINATED, EndKind.TRUNCATED, EndKind.CUT]
    write(path, flat() | {"dones": np.isin(np.arange(N_ROWS), ENDS - 1)})
    assert set(opened(path).episodes.end.tolist()) == {EndKind.UNKNOWN}


@pytest.mark.parametrize("is_time_first", [False, True])
def test_padded_blocks_are_read_in_either_order_of_axes(path, is_time_first):
    rng = np.random.default_rng(0)
    observed = np.cumsum(rng.normal(size=(4, 9, 2, 3)), axis=1)
    actions = rng.integers(3, size=(4, 9, 2))
    lengths = [9, 3, 8, 5]
    filled = np.arange(9) < np.array(lengths)[:, None]
    arrays = {"obs": observed * filled[..., None, None], "actions": actions, "filled": filled}
    write(path, {name: np.swapaxes(array, 0, 1) if is_time_first else array for name, array in arrays.items()})
    log = opened(path)
    assert log.episodes.length.tolist() == lengths
    _, read = rows_of(log, "actions")
    assert np.array_equal(read[..., 0], actions[filled])


def test_a_mask_that_covers_the_final_observation_is_told_by_the_end_flags(path):
    lengths = np.array([4, 2])
    filled = np.arange(6) < lengths[:, None] + 1
    ended = np.arange(6) == lengths[:, None] - 1
    observed = np.arange(2 * 6 * 3 * 2, dtype=float).reshape(2, 6, 3, 2)
    arrays = {"obs": observed, "actions": np.zeros((2, 6, 3), int), "filled": filled, "terminated": ended}
    write(path, arrays)
    log = opened(path)
    assert log.episodes.length.tolist() == [4, 2]
    assert log.episodes.rows.tolist() == [5, 3]
    status, read, actions = rows_of(log, "observations", "actions")
    assert np.array_equal(read, observed[filled])
    assert (status[[4, 7]] == Status.WAITING).all()
    assert np.isnan(actions[[4, 7]]).all()


def test_time_is_the_smoother_axis_when_nothing_else_says_so(path):
    rng = np.random.default_rng(1)
    walks = np.cumsum(rng.normal(size=(30, 20, 3, 2)), axis=1)
    write(path, {"obs": walks, "actions": rng.integers(4, size=(30, 20, 3)), "n_agents": np.array(3)})
    log = opened(path)
    assert log.episodes.length.tolist() == [20] * 30
    assert any("neighbours have" in sentence for sentence in log.header.inputs[0].assumptions)


def test_noise_has_no_time_axis_and_is_ambiguous(path):
    rng = np.random.default_rng(1)
    write(path, {"obs": rng.normal(size=(30, 20, 3, 2)), "actions": rng.integers(4, size=(30, 20, 3))})
    with pytest.raises(AmbiguousLogError, match="can be read in 6 ways") as caught:
        opened(path)
    assert "1. 30 episodes, 20 timesteps, 3 agents" in str(caught.value)
    assert "2. 30 timesteps, 20 episodes, 3 agents" in str(caught.value)


def test_streams_of_unequal_length_end_in_death(path):
    arrays = {}
    for agent, lengths in {"archer_0": (4, 4), "archer_1": (2, 4), "knight_0": (4, 1)}.items():
        for episode, n in enumerate(lengths):
            group = f"{agent}/episode_{episode:03d}"
            arrays |= {f"{group}/act": np.arange(n) % 3, f"{group}/obs": np.ones((n, 3, 2)), f"{group}/rew": np.ones(n)}
    write(path, arrays)
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["archer_0", "archer_1", "knight_0"]
    assert log.episodes.length.tolist() == [4, 4]
    status, actions, rewards = rows_of(log, "actions", "rewards")
    is_dead = np.array([[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]], bool)
    assert np.array_equal(status == Status.DEAD, is_dead)
    assert np.array_equal(np.isnan(actions[..., 0]), is_dead)
    assert np.array_equal(np.isnan(rewards), is_dead)
    assert log.header.field("observations").shape == (6,)


def test_an_agent_is_absent_before_and_dead_after_its_life(path):
    alive = np.ones((N_ROWS, 3), bool)
    alive[3:5, 0], alive[0:2, 1] = False, False
    write(path, flat() | {"episode_starts": STARTS, "alive": alive})
    (status,) = rows_of(opened(path))
    assert status[:5, 0].tolist() == [Status.ACTING] * 3 + [Status.DEAD] * 2
    assert status[:5, 1].tolist() == [Status.ABSENT] * 2 + [Status.ACTING] * 3
    assert (status[5:] == Status.ACTING).all()


def test_seeds_are_runs_and_updates_are_checkpoints_in_numbered_order(path):
    arrays = {}
    for seed in (0, 1):
        for update in (0, 90, 200):
            group = f"seed_{seed}/update_{update}"
            for agent, width in (("speaker_0", 2), ("listener_0", 5)):
                walk = np.cumsum(np.random.default_rng(seed).normal(size=(8, 12, width)), axis=1)
                arrays |= {f"{group}/{agent}/obs": walk, f"{group}/{agent}/actions": np.arange(96).reshape(8, 12) % 3}
            arrays[f"{group}/p_pos"] = np.tile(np.arange(8.0).reshape(4, 2), (8, 12, 1, 1))
    write(path, arrays, agents=["speaker_0", "listener_0"])
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["speaker_0", "listener_0"]
    assert log.episodes.runs == ("seed_0", "seed_1")
    assert log.episodes.checkpoints == ("update_0", "update_90", "update_200")
    assert log.episodes.n_episodes == 48
    assert log.episodes.number[8:10].tolist() == [0, 1]
    assert log.header.field("observations").widths == (2, 5)
    _, mine, others = rows_of(log, "positions", "entity_positions")
    assert mine[0].tolist() == [[0, 1], [2, 3]]
    assert others[0].tolist() == [[4, 5], [6, 7]]
    assert any("2 are taken as the agents" in sentence for sentence in log.header.inputs[0].assumptions)


def test_layouts_are_conditions_and_trials_that_are_numbered_through_give_the_order(path):
    arrays = {}
    for layout, trials in (("ring", (0, 3)), ("cramped", (1, 2))):
        for trial in trials:
            group = f"{layout}/trial_{trial:02d}"
            for player in (0, 1):
                arrays |= {
                    f"{group}/player_{player}/action": np.full(3, trial),
                    f"{group}/player_{player}/held": np.array([0, 1, 0]),
                    f"{group}/player_{player}/position": np.ones((3, 2), "i2"),
                }
            arrays |= {f"{group}/reward": np.ones(3), f"{group}/pots": np.zeros((3, 2, 2))}
    write(path, arrays, actions=["a", "b", "c", "d"], held_codes=["none", "onion"])
    log = opened(path)
    assert [log.episodes.condition_name(e) for e in range(4)] == ["ring", "cramped", "cramped", "ring"]
    assert log.episodes.runs == ("log.h5",)
    _, actions = rows_of(log, "actions")
    assert actions[::3, 0, 0].tolist() == [0, 1, 2, 3]
    assert log.header.field("actions").values == ("a", "b", "c", "d")
    assert log.header.field("info/held").values == ("none", "onion")
    assert log.header.field("info/pots").level is Level.TEAM
    assert log.header.field("team_rewards").level is Level.TEAM


def attention(n_rows, n_agents, rng):
    weights = rng.random((n_rows, 2, n_agents, n_agents))
    return weights / weights.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("is_turned", [False, True])
def test_attention_is_turned_so_that_the_rows_of_a_receiver_sum_to_one(path, is_turned):
    weights = attention(N_ROWS, 3, np.random.default_rng(2))
    stored = np.swapaxes(weights, -1, -2) if is_turned else weights
    write(path, flat() | {"episode_starts": STARTS, "attn_weights": stored})
    log = opened(path)
    _, read = rows_of(log, "attention")
    assert np.allclose(read, weights)
    assert log.header.field("attention").level is Level.PAIR
    assert any("add up to 1" in sentence for sentence in log.header.inputs[0].assumptions)


def test_attention_of_several_layers_and_of_heads_between_agents_is_found(path):
    weights = attention(N_ROWS, 3, np.random.default_rng(2))
    layered = np.stack([weights, weights[:, ::-1]], axis=1)
    write(path, flat() | {"episode_starts": STARTS, "attn": layered})
    _, read = rows_of(opened(path), "attention")
    assert np.allclose(read, layered)
    write(path, flat() | {"episode_starts": STARTS, "attn": np.moveaxis(weights, 1, 2)})
    _, read = rows_of(opened(path), "attention")
    assert np.allclose(read, weights)


def test_each_agents_own_weights_are_those_of_a_receiver(path):
    weights = attention(N_ROWS, 3, np.random.default_rng(2))
    arrays = {f"agent_{slot}/{key}": value[:, slot] for key, value in flat().items() for slot in range(3)}
    arrays |= {f"agent_{slot}/attn": weights[:, :, slot] for slot in range(3)}
    write(path, arrays | {"episode_starts": STARTS})
    log = opened(path)
    _, read = rows_of(log, "attention")
    assert log.header.field("attention").level is Level.PAIR
    assert np.allclose(read, weights)


def test_messages_with_an_addressee_of_unknown_direction_are_left_out_and_said(path):
    write(path, flat() | {"episode_starts": STARTS, "messages": np.ones((N_ROWS, 3, 3, 4))})
    log = opened(path)
    assert not log.has("messages")
    assert any("/messages" in notice.message for notice in log.header.notices)
    write(path, flat() | {"episode_starts": STARTS, "messages": np.ones((N_ROWS, 3, 3))})
    assert opened(path).header.field("messages").shape == (3,)


def test_a_gate_of_the_world_is_no_gate_between_agents(path):
    write(path, flat() | {"episode_starts": STARTS, "gate": np.ones((N_ROWS, 2))})
    log = opened(path)
    assert not log.has("gates")
    assert log.header.field("info/gate").level is Level.TEAM


def test_roles_that_are_redrawn_are_declared_per_episode(path):
    codes = np.array([[0, 1, 2], [1, 0, 2], [2, 2, 0]])
    write(path, flat() | {"episode_starts": STARTS, "role_ids": np.repeat(codes, LENGTHS, axis=0)})
    log = opened(path)
    assert np.array_equal(log.episodes.declared_roles, codes)
    assert log.header.roles == ("role_0", "role_1", "role_2")
    assert not log.header.identities_persist
    assert {agent.declared_role for agent in log.header.agents} == {None}


def test_roles_that_stay_belong_to_the_agents(path):
    codes = np.tile([0, 1, 1], (N_ROWS, 1))
    write(path, flat() | {"episode_starts": STARTS, "role_ids": codes}, roles=["scout", "guard"])
    assert [agent.declared_role for agent in opened(path).header.agents] == ["scout", "guard", "guard"]
    write(path, flat() | {"episode_starts": STARTS}, agents=["a", "b", "c"], agent_roles=["x", "y", "y"])
    assert [agent.declared_role for agent in opened(path).header.agents] == ["x", "y", "y"]


def test_actions_are_what_their_numbers_are(path):
    one_hot = np.eye(4)[np.arange(N_ROWS * 3).reshape(N_ROWS, 3) % 4]
    write(path, flat() | {"actions": one_hot, "episode_starts": STARTS})
    log = opened(path)
    assert log.header.agents[0].action_space.n == (4,)
    assert np.array_equal(rows_of(log, "actions")[1][..., 0], np.arange(N_ROWS * 3).reshape(N_ROWS, 3) % 4)
    write(path, flat() | {"actions": np.linspace(-1, 1, N_ROWS * 6).reshape(N_ROWS, 3, 2), "episode_starts": STARTS})
    space = opened(path).header.agents[0].action_space
    assert (space.kind, space.width) == (ActionKind.CONTINUOUS, 2)
    none = np.where(np.arange(N_ROWS)[:, None] % 4 == 0, -1, np.full((N_ROWS, 3), 2))
    write(path, flat() | {"actions": none, "episode_starts": STARTS})
    log = opened(path)
    assert log.header.agents[0].action_space.kind is ActionKind.DISCRETE
    assert np.array_equal(np.isnan(rows_of(log, "actions")[1][..., 0]), none == -1)


def test_padding_of_narrow_agents_is_missing_and_lost_observations_stay_missing(path):
    arrays = flat()
    arrays["observations"][2, 1, 0] = np.nan
    meta = {"metadata/agent_names": np.array([b"lead", b"a_0", b"a_1"]), "metadata/obs_dim_per_agent": [4, 2, 2]}
    write(path, arrays | meta | {"episode_ends": ENDS})
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["lead", "a_0", "a_1"]
    _, observed = rows_of(log, "observations")
    assert np.isnan(observed[:, 1:, 2:]).all()
    assert np.isnan(observed[2, 1, 0])
    assert np.isfinite(observed[:, 0]).all()


def test_dotted_names_and_groups_by_field_tell_agents(path):
    dotted = {f"steps/{a}.{f}": np.ones(6, int) for a in ("x", "y") for f in ("action", "reward")}
    write(path, dotted | {"steps/x.observation": np.ones((6, 2)), "steps/y.observation": np.ones((6, 3))})
    assert [agent.name for agent in opened(path).header.agents] == ["x", "y"]
    by_field = {f"episode_{e}/actions/{a}": np.ones(4, int) for e in (0, 1) for a in ("x", "y")}
    by_field |= {f"episode_{e}/observations/{a}": np.ones((5, 2)) for e in (0, 1) for a in ("x", "y")}
    write(path, by_field)
    log = opened(path)
    assert log.episodes.rows.tolist() == [5, 5]
    assert log.episodes.length.tolist() == [4, 4]
    assert (rows_of(log)[0][4] == Status.WAITING).all()


def test_joint_columns_are_ambiguous_and_the_error_shows_both_readings_and_a_mapping(path, tmp_path):
    write(path, {"actions": np.zeros((9, 3)), "observations": np.zeros((9, 12)), "terminals": np.arange(9) == 8})
    with pytest.raises(AmbiguousLogError) as caught:
        opened(path)
    message = str(caught.value)
    assert "3 agents" in message
    assert "one agent with 3 action columns" in message
    (tmp_path / "map.toml").write_text(message[message.index("convscope-mapping") :])
    log = opened(path, read_mapping(tmp_path / "map.toml"))
    assert log.header.field("observations").shape == (4,)


def test_the_one_letter_names_of_omiga_are_understood():
    path = Path(__file__).parents[1] / "data" / "pymarl" / "lbf-random.hdf5"
    log = opened(path)
    assert log.episodes.length.tolist() == [40, 33, 7, 6, 40, 40]
    assert {agent.action_space.n for agent in log.header.agents} == {(6,)}
    _, actions, observed, rewards = rows_of(log, "actions", "observations", "team_rewards")
    with h5py.File(path) as file:
        assert np.array_equal(actions[..., 0], file["a"][...].argmax(axis=-1))
        assert np.array_equal(observed, file["o"][...])
        assert np.array_equal(rewards, file["r"][...])
        assert np.flatnonzero(file["d"][:, 0]).tolist() == [39, 72, 79, 85, 125, 165]


def test_a_mapping_overrides_what_would_be_inferred(path, tmp_path):
    arrays = flat()
    write(path, {"u8": arrays["actions"], "stuff/deep": arrays["observations"], "episode_starts": STARTS})
    with pytest.raises(LogFormatError, match="no actions, observations or positions"):
        opened(path)
    (tmp_path / "map.toml").write_text(
        "convscope-mapping = 1\n"
        '[fields.actions]\npath = "/u8"\naxes = ["row", "agent"]\n'
        '[fields.observations]\npath = "/stuff/deep"\naxes = ["row", "agent", "value"]\n'
        '[agents]\nnames = ["a", "b", "c"]\n[agents.teams]\nblue = ["a", "b"]\n'
        '[roles.of_agent]\na = "scout"\n'
    )
    log = opened(path, read_mapping(tmp_path / "map.toml"))
    assert tuple(log.episodes.length) == LENGTHS
    assert [agent.team for agent in log.header.agents] == ["blue", "blue", None]
    assert [agent.declared_role for agent in log.header.agents] == ["scout", None, None]
    assert np.array_equal(rows_of(log, "observations")[1], arrays["observations"])


def test_arrays_that_do_not_fit_are_an_error_that_names_both(path):
    arrays = {f"episode_{e}/{name}": np.ones((n, 3)) for e in (0, 1) for name, n in (("actions", 4), ("rewards", 4))}
    arrays |= {f"episode_{e}/observations": np.ones((n, 3, 2)) for e, n in ((0, 4), (1, 7))}
    write(path, arrays, agents=["a", "b", "c"])
    with pytest.raises(LogFormatError, match=r"episode_1/observations \(7, 3, 2\) does not fit .*actions \(4, 3\)"):
        opened(path)


@pytest.mark.parametrize("names", [("r1", "r2"), ("block_1", "block_2"), ("arena", "arena_b")])
def test_groups_that_could_be_several_things_are_never_guessed_nor_dropped(path, names):
    arrays = {f"{name}/{key}": array for name in names for key, array in flat().items()}
    write(path, arrays | {f"{name}/episode_starts": STARTS for name in names}, agents=["a", "b", "c"])
    try:
        log = opened(path)
    except AmbiguousLogError:
        return
    assert log.episodes.n_timesteps == 2 * N_ROWS
    assert any("conditions" in sentence for sentence in log.header.inputs[0].assumptions)


def test_agents_called_alike_are_an_error(path):
    write(path, flat() | {"episode_starts": STARTS}, agents=["a", "b", "a"])
    with pytest.raises(LogFormatError, match="names an agent twice"):
        opened(path)


def test_episodes_without_a_step_are_left_out_and_said(path):
    arrays = {f"episode_{e}/actions": np.ones((n, 3), int) for e, n in ((0, 4), (1, 0), (2, 2))}
    arrays |= {f"episode_{e}/observations": np.ones((n, 3, 2)) for e, n in ((0, 4), (1, 0), (2, 2))}
    write(path, arrays)
    log = opened(path)
    assert log.episodes.length.tolist() == [4, 2]
    assert "empty-episodes" in {notice.code for notice in log.header.notices}
    write(path, {"episode_0/actions": np.ones((0, 3), int), "episode_0/observations": np.ones((0, 3, 2))})
    with pytest.raises(LogFormatError, match="no episode with a step"):
        opened(path)


def test_a_list_of_episodes_beyond_the_rows_is_an_error(path):
    write(path, flat() | {"episode_starts": np.array([0, 3, 99])})
    with pytest.raises(LogFormatError):
        opened(path)


@pytest.mark.parametrize(
    ("attributes", "arrays", "what"),
    [
        ({"keras_version": "3"}, {"model_weights/w": np.ones(3)}, "Keras"),
        ({"_insertion_idx": 3}, {"_meta/act": np.ones(3), "_meta/obs": np.ones((3, 2))}, "ring"),
        ({}, {"x": np.ones(3)}, "no array is called"),
    ],
)
def test_files_that_are_no_logs_do_not_match_and_say_why(path, attributes, arrays, what):
    write(path, arrays, **attributes)
    match = LOADER.sniff(probe(path, "log.h5"))
    assert match.score <= ONLY_MAPPED
    assert what in match.reason


@pytest.mark.parametrize("flags", [np.array([[b"no"] * 5] * 4), np.zeros((4, 5, 0))], ids=["texts", "nothing"])
def test_flags_that_are_none_mark_no_end(path, flags):
    rng = np.random.default_rng(0)
    observed = np.cumsum(rng.normal(size=(4, 6, 3, 2)), axis=1)
    write(path, {"obs": observed, "actions": np.zeros((4, 5, 3), int), "terminated": flags}, n_agents=3)
    assert opened(path).episodes.length.tolist() == [5] * 4


def test_the_block_size_changes_no_value(path):
    write(path, flat() | {"episode_starts": STARTS, "rewards": np.arange(N_ROWS * 3.0).reshape(N_ROWS, 3)})
    log = opened(path)
    fields = ("actions", "observations", "rewards")
    for one, other in zip(rows_of(log, *fields, max_bytes=1), rows_of(log, *fields, max_bytes=1 << 30), strict=True):
        assert np.array_equal(one, other)
