"""Rollouts of JaxMARL come apart into environments, agents and episodes, or are refused with what is missing."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.jaxmarl import LOADER
from tests.convscope_loaders.reading import opened_by
from tests.convscope_loaders.reading import whole as only_block
from tests.convscope_loaders.reading import write_npz as saved

DATA = Path(__file__).parents[1] / "data" / "jaxmarl"
FIELDS = frozenset({"observations", "actions", "rewards"})


opened = partial(opened_by, LOADER, score=0.9)


block_of = partial(only_block, fields=FIELDS)


def by_hand(array, n_envs=2):
    """(T, agents * environments, ...) as (environments * T, agents, ...): what one environment lived through, then the
    next one's."""
    n_steps, n_actors, *rest = array.shape
    apart = array.reshape(n_steps, n_actors // n_envs, n_envs, *rest)
    return np.moveaxis(apart, 2, 0).reshape(n_envs * n_steps, n_actors // n_envs, *rest)


@pytest.mark.parametrize(
    ("name", "lengths", "ends"),
    [
        ("smax_3m", [23, 7, 15, 14, 1], "ueuue"),
        ("spread", [26, 4, 26, 4], "ueue"),
        ("overcooked", [30, 30], "ee"),
    ],
)
def test_genuine_rollouts_are_read_as_they_were_played(name, lengths, ends):
    log = opened(DATA / f"{name}.npz")
    with np.load(DATA / f"{name}.npz") as arrays:
        assert log.episodes.length.tolist() == lengths
        kinds = {"u": EndKind.UNKNOWN, "e": EndKind.CUT}
        assert log.episodes.end.tolist() == [kinds[letter] for letter in ends]
        block = block_of(log)
        np.testing.assert_array_equal(
            block.columns["observations"],
            by_hand(arrays["traj.obs"]).reshape(60, -1, block.columns["observations"].shape[2]),
        )
        np.testing.assert_array_equal(block.columns["actions"][..., 0], by_hand(arrays["traj.action"]))
        np.testing.assert_array_equal(block.columns["rewards"], by_hand(arrays["traj.reward"]))
    assert log.header.framework == "JaxMARL"


def test_each_agent_sees_its_own_place_in_the_state():
    log = opened(DATA / "spread.npz")
    block = block_of(log, fields=frozenset({"observations", "positions", "info/p_vel"}))
    # An observation of simple_spread begins with the agent's own velocity and position.
    np.testing.assert_array_equal(block.columns["observations"][..., 2:4], block.columns["positions"])
    np.testing.assert_allclose(block.columns["observations"][..., :2], block.columns["info/p_vel"], atol=1e-6)
    assert not log.has("messages")  # the agents of this environment are silent


def test_the_dead_of_smax_are_those_who_see_nothing_and_can_only_stop():
    log = opened(DATA / "smax_3m.npz")
    block = block_of(log, fields=frozenset({"observations", "action_masks"}))
    can_only_stop = (block.columns["action_masks"] == np.eye(8)[4]).all(axis=2)
    sees_nothing = (block.columns["observations"] == 0).all(axis=2)
    is_dead = block.status == Status.DEAD
    assert 0 < is_dead.sum() < is_dead.size
    np.testing.assert_array_equal(is_dead, can_only_stop)
    np.testing.assert_array_equal(is_dead, sees_nothing)
    assert ("not-read", "left out (2): what scripted enemies have in mind") in {
        (notice.code, notice.message) for notice in log.header.notices
    }


def test_shaped_rewards_of_overcooked_belong_to_the_agents_they_are_named_for():
    log = opened(DATA / "overcooked.npz")
    shaped = block_of(log, fields=frozenset({"info/shaped_reward"})).columns["info/shaped_reward"]
    with np.load(DATA / "overcooked.npz") as arrays:
        for agent in range(2):
            expected = arrays[f"traj.info.shaped_reward.agent_{agent}"].T.ravel()
            np.testing.assert_array_equal(shaped[:, agent], expected)


def rollout(lengths, n_agents, *, recorded=None, is_late=True, deaths=False, rewards="own", with_step=True):
    """A rollout whose observations say environment, agent, episode and timestep; one list of lengths an environment."""
    n_envs, n_steps = len(lengths), recorded or min(map(sum, lengths))
    shape = (n_steps, n_agents, n_envs)
    at, episode, over = (np.zeros((n_steps, n_envs), int) for _ in range(3))
    for env, mine in enumerate(lengths):
        times = [(t, e, t == n - 1) for e, n in enumerate(mine) for t in range(n)][:n_steps]
        at[:, env], episode[:, env], over[:, env] = np.array(times).T
    who, where = np.arange(n_agents)[:, None], np.arange(n_envs)
    observed = np.stack(np.broadcast_arrays(where, who, episode[:, None], at[:, None]), axis=-1).astype("f4")
    done = np.broadcast_to(over[:, None] > 0, shape).copy()
    if deaths:
        # The first agent is out from its third step on, and the survivors of an episode are never flagged.
        done[:, 0] |= at >= 2
        done[:, 1:] = False
    after = np.concatenate([np.zeros((1, n_agents, n_envs), bool), done[:-1]]) if is_late else done
    rng = np.random.default_rng(0)
    paid = rng.normal(size=(n_steps, 1, n_envs) if rewards == "shared" else shape)
    arrays = {
        "traj.global_done": np.tile(over > 0, n_agents),
        "traj.done": after.reshape(n_steps, -1),
        "traj.action": (observed[..., 1] % 4).astype(int).reshape(n_steps, -1),
        "traj.reward": np.broadcast_to(paid, shape).reshape(n_steps, -1),
        "traj.obs": observed.reshape(n_steps, n_agents * n_envs, 4),
        "traj.value": observed[..., 1].reshape(n_steps, -1),
        "traj.log_prob": np.zeros((n_steps, n_agents * n_envs)),
    }
    return arrays | ({"state.step": at, "state.pos": np.stack([at, at], -1)} if with_step else {})


def check(log, n_agents):
    """Make sure that each row of each episode is where its observation says."""
    block = block_of(log)
    observed = block.columns["observations"]
    first = 0
    for length in log.episodes.length.tolist():
        mine = observed[first : first + length]
        assert (mine[..., 1] == np.arange(n_agents)).all()
        assert (mine[..., [0, 2]] == mine[:1, :1, [0, 2]]).all()
        np.testing.assert_array_equal(mine[:, 0, 3], mine[0, 0, 3] + np.arange(length))
        first += length
    np.testing.assert_array_equal(block.columns["actions"][..., 0], observed[..., 1] % 4)
    return block


LENGTHS = st.lists(st.lists(st.integers(2, 7), min_size=8, max_size=8), min_size=1, max_size=4)


@given(LENGTHS, st.integers(2, 4), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_row_of_every_actor_finds_its_place(tmp_path_factory, lengths, n_agents, is_late, deaths):
    arrays = rollout(lengths, n_agents, recorded=15, is_late=is_late, deaths=deaths)
    log = opened(saved(tmp_path_factory.mktemp("jaxmarl"), arrays))
    assert int(log.episodes.length.sum()) == 15 * len(lengths)
    block = check(log, n_agents)
    at = block.columns["observations"][:, 0, 3]
    assert ((block.status[:, 0] == Status.DEAD) == (deaths & (at >= 3))).all()
    assert (block.status[:, 1:] == Status.ACTING).all()
    pieces = list(log.blocks(FIELDS, max_bytes=1))
    np.testing.assert_array_equal(np.concatenate([piece.status for piece in pieces]), block.status)


@given(LENGTHS, st.integers(2, 3))
@settings(max_examples=30, deadline=None)
def test_shared_rewards_tell_the_environments(tmp_path_factory, lengths, n_agents):
    arrays = rollout(lengths, n_agents, recorded=15, rewards="shared", with_step=False)
    check(opened(saved(tmp_path_factory.mktemp("jaxmarl"), arrays)), n_agents)


def test_the_number_of_agents_is_asked_for_where_nothing_tells_it(tmp_path):
    arrays = rollout([[5, 5, 5]] * 3, 2, with_step=False)
    path = saved(tmp_path, arrays)
    with pytest.raises(
        AmbiguousLogError, match=r"6 actors of /traj/action may be 2 agents in 3 environments or 3"
    ) as caught:
        opened(path)
    (tmp_path / "m.toml").write_text(caught.value.mapping)
    log = open_logs([path], mapping=read_mapping(tmp_path / "m.toml"))
    assert log.header.inputs[0].loader == "numpy"
    assert log.episodes.length.tolist() == [5] * 9
    check(log, 2)


@pytest.mark.parametrize(
    "told", [{"num_envs": np.array(3)}, {"config": np.array('{"NUM_ENVS": 3, "ENV_NAME": "SMAX"}')}]
)
def test_a_saved_configuration_tells_the_number_of_environments(tmp_path, told):
    log = opened(saved(tmp_path, rollout([[5, 5, 5]] * 3, 2, with_step=False) | told))
    check(log, 2)
    assert log.header.environment == ("SMAX" if "config" in told else None)


def test_actors_folded_the_other_way_are_told_by_the_ends(tmp_path):
    arrays = rollout([[5, 4, 6], [3, 7, 5]], 3, is_late=False)
    for name, array in arrays.items():
        if name.startswith("traj."):
            apart = array.reshape(len(array), 3, 2, *array.shape[2:]).swapaxes(1, 2)
            arrays[name] = apart.reshape(array.shape)
    log = opened(saved(tmp_path, arrays))
    check(log, 3)
    assert "though JaxMARL folds them the other way" in " ".join(log.header.inputs[0].assumptions)


@pytest.mark.parametrize("is_late", [True, False])
def test_flags_alone_are_placed_by_the_count_of_steps_or_asked_for(tmp_path, is_late):
    arrays = rollout([[5, 4, 6], [3, 7, 5]], 3, is_late=is_late)
    del arrays["traj.global_done"]
    log = opened(saved(tmp_path / "told", arrays))
    assert log.episodes.length.tolist() == [5, 4, 6, 3, 7, 5]
    check(log, 3)
    del arrays["state.step"], arrays["state.pos"]
    path = saved(tmp_path / "asked", arrays | {"num_envs": np.array(2)})
    with pytest.raises(AmbiguousLogError, match=r'cut = "flags"\).*cut = "first-rows"') as caught:
        opened(path)
    text = caught.value.mapping
    (tmp_path / "m.toml").write_text(text.replace('cut = "flags"', 'cut = "first-rows"') if is_late else text)
    check(open_logs([path], mapping=read_mapping(tmp_path / "m.toml")), 3)


def test_what_the_log_wrapper_says_is_folded_environment_by_environment(tmp_path):
    arrays = rollout([[5, 4, 6], [3, 7, 5]], 3, is_late=False)
    over = arrays.pop("traj.global_done").reshape(15, 3, 2)
    arrays["traj.info.returned_episode"] = over.swapaxes(1, 2).reshape(15, 6)
    arrays["traj.info.returned_episode_returns"] = np.tile(np.repeat([1.0, 2.0], 3), (15, 1))
    log = opened(saved(tmp_path, arrays))
    assert log.episodes.length.tolist() == [5, 4, 6, 3, 7, 5]
    check(log, 3)
    returns = block_of(log, fields=frozenset({"info/returned_episode_returns"})).columns[
        "info/returned_episode_returns"
    ]
    assert (returns == np.repeat([1.0, 2.0], 15)[:, None]).all()


def test_states_after_the_step_are_left_out_with_a_notice(tmp_path):
    arrays = rollout([[5, 4, 6], [3, 7, 5]], 3)
    n_steps = len(arrays["state.step"])
    over = arrays["traj.global_done"][:, :2]
    arrays["state.step"] = np.where(over, 0, arrays["state.step"] + 1)
    log = opened(saved(tmp_path, arrays))
    assert n_steps == 15
    assert not log.has("positions")
    assert [notice.code for notice in log.header.notices] == ["states-of-another-row"]
    check(log, 3)


def test_what_is_said_in_a_multi_particle_environment_is_a_message(tmp_path):
    arrays = rollout([[5, 4, 6], [3, 7, 5]], 3)
    arrays["state.c"] = np.random.default_rng(0).normal(size=(15, 2, 3, 2))
    log = opened(saved(tmp_path, arrays))
    said = block_of(log, fields=frozenset({"messages"})).columns["messages"]
    np.testing.assert_array_equal(said, arrays["state.c"].swapaxes(0, 1).reshape(30, 3, 2))


def changed(arrays, name, how):
    return {**arrays, name: how(arrays[name])}


@pytest.mark.parametrize(
    ("name", "how", "match"),
    [
        ("traj.done", lambda a: ~a, "contradict each other"),
        (
            "traj.global_done",
            lambda a: np.random.default_rng(0).random(a.shape) > 0.5,
            "however agents and environments",
        ),
        ("state.step", lambda a: a[:, :1].repeat(4, 1), "the states are of 4 environments, and /traj/action has 6"),
    ],
)
def test_arrays_that_contradict_each_other_are_errors(tmp_path, name, how, match):
    arrays = rollout([[5, 4, 6], [3, 7, 5]], 3, rewards="shared")
    del arrays["state.pos"]
    with pytest.raises(LogFormatError, match=match):
        opened(saved(tmp_path, changed(arrays, name, how)))


def test_flags_of_single_agents_alone_do_not_say_when_an_episode_ends(tmp_path):
    arrays = rollout([[5, 4, 6], [3, 7, 5]], 3, deaths=True)
    del arrays["traj.global_done"]
    with pytest.raises(LogFormatError, match=r"save done\['__all__'\] as global_done"):
        opened(saved(tmp_path, arrays))


def test_one_agent_in_each_environment_is_no_team(tmp_path):
    with pytest.raises(LogFormatError, match="teams of two or more"):
        opened(saved(tmp_path, rollout([[5, 4], [3, 7]], 1)))


def test_parameters_are_refused_in_a_sentence():
    with pytest.raises(LogFormatError, match=r"params\.safetensors is the parameters of a network"):
        open_logs([DATA / "params.safetensors"])


@pytest.mark.parametrize("name", ["traj.obs", "traj.action", "traj.done", "traj.reward"])
def test_other_archives_are_not_ours(tmp_path, name):
    arrays = rollout([[5, 4], [3, 7]], 2)
    del arrays[name]
    found = probe(saved(tmp_path, arrays), "log")
    assert LOADER.sniff(found).score == 0
    with pytest.raises(LogFormatError, match="is no rollout of JaxMARL"):
        LOADER.open(found, None)
