"""JaxMARL environments are recorded from inside a compiled rollout, number for number as the rollout returns them."""

import warnings
from typing import NamedTuple

import numpy as np
import pytest

import convscope
from convscope.errors import UsageError
from convscope.record import EndKind, Status
from tests.frameworks.recorded import analyzed, recorded, same

pytest.importorskip("jaxmarl", reason="JaxMARL is not installed")
pytestmark = pytest.mark.filterwarnings("default")
with warnings.catch_warnings(action="ignore"):
    import jax
    import jax.numpy as jnp
    import jaxmarl
    from jax.experimental import io_callback
    from jaxmarl.environments.smax import map_name_to_scenario
    from jaxmarl.wrappers.baselines import LogWrapper

N_ENVS = 3


def spread(n_steps=25):
    return jaxmarl.make("MPE_simple_spread_v3", max_steps=n_steps)


def batchify(values, agents):
    """Fold agents and environments as JaxMARL's baselines do."""
    stacked = jnp.stack([values[agent] for agent in agents])
    return stacked.reshape(len(agents) * N_ENVS, *stacked.shape[2:])


def legal_actions(env, state):
    try:
        return jax.vmap(env.get_avail_actions)(getattr(state, "env_state", state))
    except NotImplementedError:
        return {agent: jnp.ones((N_ENVS, env.action_space(agent).n)) for agent in env.agents}


def played(env, n_steps, *recordings, seed=0):
    """Play a compiled rollout that hands a batch to the host in each step; return what it returns itself.

    Each recording is what takes the batch, and what makes it from what there is before the step and what comes of it.
    """

    def step(carry, key):
        obs, state, last_done = carry
        key_action, key_step = jax.random.split(key)
        legal = legal_actions(env, state)
        actions = {
            agent: jax.random.categorical(jax.random.fold_in(key_action, i), jnp.where(legal[agent] > 0, 0.0, -1e9))
            for i, agent in enumerate(env.agents)
        }
        keys = jax.random.split(key_step, N_ENVS)
        obs_next, state_next, rewards, dones, _ = jax.vmap(env.step)(keys, state, actions)
        row = {"obs": obs, "actions": actions, "rewards": rewards, "dones": dones, "avail_actions": legal}
        for recording, batch_of in recordings:
            io_callback(recording, None, batch_of(row, state=state, last_done=last_done), ordered=True)
        return (obs_next, state_next, dones), row

    key = jax.random.PRNGKey(seed)
    obs, state = jax.vmap(env.reset)(jax.random.split(key, N_ENVS))
    nobody = dict.fromkeys([*env.agents, "__all__"], jnp.zeros(N_ENVS, bool))
    start, keys = (obs, state, nobody), jax.random.split(key, n_steps)
    _, rows = jax.jit(lambda carry, keys: jax.lax.scan(step, carry, keys))(start, keys)
    jax.effects_barrier()
    return jax.tree.map(np.asarray, rows)


def plain(row, **_):
    return {name: row[name] for name in ("obs", "actions", "rewards", "dones")}


def cut(rows):
    """Return the episodes of a rollout in the order of a log, as (environment, rows, whether it is over)."""
    done = rows["dones"]["__all__"]
    found, starts = [], [0] * done.shape[1]
    for t in range(len(done)):
        over = sorted(np.flatnonzero(done[t]).tolist(), key=lambda env: (starts[env], env))
        for env in over:
            found.append((env, slice(starts[env], t + 1), True))
            starts[env] = t + 1
    going_on = sorted((start, env) for env, start in enumerate(starts) if start < len(done))
    return found + [(env, slice(start, len(done)), False) for start, env in going_on]


def assert_same(episodes, rows, agents):
    expected = cut(rows)
    assert len(episodes) == len(expected)
    for episode, (env, part, is_over) in zip(episodes, expected, strict=True):
        assert episode.length == part.stop - part.start
        assert (episode.end is not EndKind.CUT) == is_over
        for slot, agent in enumerate(agents):
            is_in = episode.status[:, slot] != Status.DEAD
            seen = rows["obs"][agent][part, env].reshape(episode.length, -1)
            same(episode.columns["observations"][:, slot, : seen.shape[1]], np.where(is_in[:, None], seen, np.nan))
            same(episode.columns["actions"][:, slot, 0], np.where(is_in, rows["actions"][agent][part, env], np.nan))
            same(episode.columns["rewards"][:, slot], np.where(is_in, rows["rewards"][agent][part, env], np.nan))


def test_a_compiled_rollout_is_recorded_as_it_returns_itself(tmp_path):
    env = convscope.record(spread(), tmp_path / "log.h5")
    rows = played(env, 70, (env, plain))
    env.close()
    header, episodes = recorded(tmp_path / "log.h5")
    assert_same(episodes, rows, env.agents)
    assert {episode.end for episode in episodes} == {EndKind.AMBIGUOUS, EndKind.CUT}
    assert (header.framework, header.environment) == ("JaxMARL", "SimpleSpreadMPE")
    assert {agent.action_space.n for agent in header.agents} == {(5,)}


def test_agents_of_other_shapes_are_recorded_side_by_side(tmp_path):
    env = convscope.record(jaxmarl.make("MPE_simple_tag_v3", max_steps=9), tmp_path / "log.h5")
    rows = played(env, 25, (env, plain))
    env.close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert_same(episodes, rows, env.agents)


AGENTS = ("ally_0", "ally_1", "ally_2")


def with_masks(row, **_):
    return {**plain(row), "avail_actions": row["avail_actions"]}


def with_late_flags(row, last_done, **_):
    return {**{name: row[name] for name in ("obs", "actions", "rewards")}, "last_done": last_done}


class Transition(NamedTuple):
    """As JaxMARL's baselines have it, with a hidden state."""

    global_done: jnp.ndarray
    last_done: jnp.ndarray
    action: jnp.ndarray
    reward: jnp.ndarray
    obs: jnp.ndarray
    hstate: jnp.ndarray
    world_state: jnp.ndarray
    value: jnp.ndarray


def transition(row, last_done, **_):
    folded = {name: batchify(row[name], AGENTS) for name in ("actions", "rewards", "obs")}
    return Transition(
        global_done=jnp.tile(row["dones"]["__all__"], len(AGENTS)),
        last_done=batchify(last_done, AGENTS),
        action=folded["actions"],
        reward=folded["rewards"],
        obs=folded["obs"],
        hstate=folded["obs"][:, :4] * 2,
        world_state=row["obs"]["ally_0"][:, :5],
        value=row["obs"]["ally_0"][:, 0],
    )


@pytest.fixture(scope="module")
def battle(tmp_path_factory):
    """A battle that is handed over in three ways: its folder, and what the rollout returns itself."""
    folder = tmp_path_factory.mktemp("battle")
    env = jaxmarl.make("HeuristicEnemySMAX", scenario=map_name_to_scenario("3m"), max_steps=40)
    capture = {"hidden": "hstate", "team_info/value": "value", "logits": "nothing"}
    recordings = (
        (convscope.record(env, folder / "plain.h5"), with_masks),
        (convscope.record(env, folder / "late.h5"), with_late_flags),
        (convscope.record(env, folder / "folded.h5", capture=capture, keeps_state=True), transition),
    )
    rows = played(env, 120, *recordings)
    for recording, _ in recordings:
        recording.close()
    return folder, rows


def test_units_that_fall_are_dead_until_the_episode_ends(battle):
    folder, rows = battle
    _, episodes = recorded(folder / "plain.h5")
    assert_same(episodes, rows, AGENTS)
    assert {EndKind.TERMINATED, EndKind.CUT} <= {episode.end for episode in episodes}
    fallen = 0
    for episode, (number, part, _) in zip(episodes, cut(rows), strict=True):
        out = np.stack([rows["dones"][agent][part, number] for agent in AGENTS], axis=1)
        was_out = np.concatenate([np.zeros_like(out[:1]), out[:-1]])
        same(episode.status, np.where(was_out, Status.DEAD, Status.ACTING))
        legal = np.stack([rows["avail_actions"][agent][part, number] for agent in AGENTS], axis=1)
        same(episode.columns["action_masks"], np.where(was_out[..., None], np.nan, legal))
        fallen += int(was_out.any(axis=0).sum())
    assert fallen > 3


def test_flags_that_come_a_step_late_are_told_by_their_name(battle):
    folder, rows = battle
    _, expected = recorded(folder / "plain.h5")
    _, episodes = recorded(folder / "late.h5")
    # The flags of the last step never come.
    expected = {(episode.length, episode.columns["rewards"].tobytes()): episode for episode in expected}
    assert len(episodes) == len(expected)
    for episode in episodes:
        other = expected[episode.length, episode.columns["rewards"].tobytes()]
        assert episode.end in {other.end, EndKind.CUT}
        same(episode.status, other.status)
        for name in ("observations", "actions", "rewards"):
            same(episode.columns[name], other.columns[name])
    n_last = sum(part.stop == len(rows["obs"]["ally_0"]) for _, part, _ in cut(rows))
    assert sum(episode.end is EndKind.CUT for episode in episodes) == n_last


def test_transitions_of_the_baselines_are_unfolded(battle):
    folder, rows = battle
    header, episodes = recorded(folder / "folded.h5")
    assert_same(episodes, rows, AGENTS)
    assert any("the batch has no nothing, which logits was to be" in notice.message for notice in header.notices)
    for episode, (number, part, _) in zip(episodes, cut(rows), strict=True):
        seen = np.stack([rows["obs"][agent][part, number, :4] for agent in AGENTS], axis=1)
        same(episode.columns["hidden_states"], np.where(episode.status[..., None] == Status.DEAD, np.nan, seen * 2))
        same(episode.columns["state"], rows["obs"]["ally_0"][part, number, :5])
        same(episode.columns["info/value"], rows["obs"]["ally_0"][part, number, 0])


def test_a_reset_is_seen_in_the_state_or_told(tmp_path):
    def with_state(row, state, **_):
        return {**plain(row), "state": state}

    env = convscope.record(
        LogWrapper(spread()), tmp_path / "seen.h5", positions=lambda state: state.env_state.p_pos[:, :3]
    )
    first, second = played(env, 7, (env, with_state)), played(env, 5, (env, with_state), seed=1)
    env.close()
    told = convscope.record(spread(), tmp_path / "told.h5")
    played(told, 7, (told, plain))
    told.begin()
    played(told, 5, (told, plain), seed=1)
    told.close()
    for path in (tmp_path / "seen.h5", tmp_path / "told.h5"):
        _, episodes = recorded(path)
        assert [(e.length, e.end) for e in episodes] == [(7, EndKind.CUT)] * 3 + [(5, EndKind.CUT)] * 3
        assert_same(episodes[:3], first, env.agents)
        assert_same(episodes[3:], second, env.agents)
    _, episodes = recorded(tmp_path / "seen.h5")
    assert episodes[0].columns["positions"].shape == (7, 3, 2)


def test_batches_that_do_not_fit_are_refused_on_the_host(tmp_path):
    env = convscope.record(spread(), tmp_path / "log.h5")
    obs = {agent: np.zeros((2, 18)) for agent in env.agents}
    actions, rewards = ({agent: np.zeros(2) for agent in env.agents} for _ in range(2))
    good = {"obs": obs, "actions": actions, "rewards": rewards, "dones": {**rewards, "__all__": np.zeros(2)}}
    for batch, message in (
        ({**good, "dones": {}, "obs": {}}, "dones has no agent_0, agent_1, agent_2"),
        ({name: good[name] for name in ("obs", "actions", "rewards")}, "nothing tells where episodes end"),
        (
            {name: good[name] for name in ("obs", "rewards", "dones")},
            "the batch has no actions; it has dones, obs, rewards",
        ),
        ({**good, "global_done": np.zeros(6)}, "may be the flags before the step or after it"),
        (
            {**good, "actions": np.zeros(7)},
            r"actions has shape \(7,\); expected an array for each agent, or one of 6 actors",
        ),
        ({**good, "rewards": np.zeros((5, 6))}, r"rewards of shape \(5, 6\) are not those of one step"),
        ({**good, "obs": {agent: np.zeros((3, 18)) for agent in env.agents}}, "expected 2 environments as first axis"),
    ):
        with pytest.raises(UsageError, match=message):
            env(batch)
    with pytest.raises(UsageError, match="cannot be looked into"):
        convscope.record(spread(), tmp_path / "other.h5", model=object())


def test_a_recording_can_be_analyzed(tmp_path):
    env = convscope.record(spread(8), tmp_path / "log.h5")
    played(env, 90, (env, plain))
    env.close()
    assert analyzed(tmp_path / "log.h5", tmp_path / "out")["log"]["n_timesteps"] == 270
