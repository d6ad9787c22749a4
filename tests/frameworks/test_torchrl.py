"""TorchRL environments are recorded number for number as their own rollouts hold them."""

import warnings

import numpy as np
import pytest

import convscope
from convscope.errors import UsageError
from convscope.record import EndKind, RecordingWarning, Status
from convscope.values.header import ActionKind, ActionSpace
from tests.frameworks.recorded import analyzed, recorded, same

pytest.importorskip("torchrl", reason="TorchRL is not installed")
pytest.importorskip("vmas", reason="VMAS is not installed")
pytest.importorskip("mpe2", reason="MPE2 is not installed")
pytestmark = pytest.mark.filterwarnings("default")
with warnings.catch_warnings(action="ignore"):
    import cloudpickle
    import gymnasium
    import torch
    from mpe2 import simple_speaker_listener_v4, simple_spread_v3
    from pettingzoo import ParallelEnv
    from tensordict.nn import TensorDictModule
    from torchrl import collectors
    from torchrl.envs import MarlGroupMapType, RewardSum, SerialEnv, StepCounter, TransformedEnv
    from torchrl.envs.libs.gym import GymEnv
    from torchrl.envs.libs.pettingzoo import PettingZooWrapper
    from torchrl.envs.libs.vmas import VmasEnv


def balance(**options):
    return VmasEnv(scenario="balance", num_envs=4, n_agents=3, max_steps=7, seed=0, **options)


def tag(**options):
    return VmasEnv(scenario="simple_tag", num_envs=3, max_steps=6, seed=0, **options)


def episodes_of(rollout):
    """Return the episodes of a rollout (environment, time) in the order in which they end, as (environment, rows)."""
    done = rollout["next", "done"][..., 0]
    found, starts = [], [0] * len(done)
    for t in range(done.shape[1]):
        for env in np.flatnonzero(done[:, t].numpy()).tolist():
            found.append((env, slice(starts[env], t + 1)))
            starts[env] = t + 1
    return found + [(env, slice(start, done.shape[1])) for env, start in enumerate(starts) if start < done.shape[1]]


def assert_same_agents(episode, rows, group, *, slots=slice(None)):
    """Compare what one group of agents saw, did and got."""
    length = episode.length
    width = rows[group, "observation"].shape[-1]
    seen = torch.cat([rows[group, "observation"], rows["next", group, "observation"][-1:]])
    same(episode.columns["observations"][:, slots, :width], seen)
    actions = rows[group, "action"]
    same(episode.columns["actions"][:length, slots], actions if actions.ndim == 3 else actions[..., None])
    same(episode.columns["rewards"][:length, slots], rows["next", group, "reward"][..., 0])
    assert np.isnan(episode.columns["actions"][length:]).all()


def test_environments_side_by_side_are_recorded_as_their_rollout_has_them(tmp_path):
    env = convscope.record(balance(), tmp_path / "log.h5", environment="balance")
    rollout = env.rollout(30, break_when_any_done=False)
    env.close()
    header, episodes = recorded(tmp_path / "log.h5")
    expected = episodes_of(rollout)
    assert len(episodes) == len(expected) > 8
    for episode, (number, rows) in zip(episodes, expected, strict=True):
        assert_same_agents(episode, rollout[number, rows], "agents")
        assert (episode.status[:-1] == Status.ACTING).all()
        is_done = bool(rollout[number, rows]["next", "done"][-1])
        at_limit = EndKind.AMBIGUOUS if episode.length == 7 else EndKind.TERMINATED
        assert episode.end == (at_limit if is_done else EndKind.CUT)
    assert (header.framework, header.environment) == ("TorchRL", "balance")
    assert [agent.name for agent in header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert {agent.action_space for agent in header.agents} == {ActionSpace(kind=ActionKind.CONTINUOUS, width=2)}
    assert {field.name for field in header.fields} == {"observations", "actions", "rewards"}
    assert any("max_steps of the environment" in sentence for sentence in header.inputs[0].assumptions)


def test_a_reset_cuts_what_goes_on_and_begins_anew(tmp_path):
    env = convscope.record(balance(), tmp_path / "log.h5")
    first, second = env.rollout(3), env.rollout(2)
    env.close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert [episode.length for episode in episodes] == [3] * 4 + [2] * 4
    assert {episode.end for episode in episodes} == {EndKind.CUT}
    for number, episode in enumerate(episodes):
        assert_same_agents(episode, (first, second)[number // 4][number % 4], "agents")


def test_groups_of_other_sizes_and_discrete_actions_are_recorded_side_by_side(tmp_path):
    env = convscope.record(tag(continuous_actions=False), tmp_path / "log.h5")
    rollout = env.rollout(20, break_when_any_done=False)
    env.close()
    header, episodes = recorded(tmp_path / "log.h5")
    assert [(agent.name, agent.group) for agent in header.agents] == [
        *((f"adversary_{i}", "adversary") for i in range(3)),
        ("agent_0", "agent"),
    ]
    assert {agent.action_space for agent in header.agents} == {ActionSpace(kind=ActionKind.DISCRETE, n=(9,))}
    for episode, (number, rows) in zip(episodes, episodes_of(rollout), strict=True):
        assert_same_agents(episode, rollout[number, rows], "adversary", slots=slice(0, 3))
        assert_same_agents(episode, rollout[number, rows], "agent", slots=slice(3, 4))
        assert np.isnan(episode.columns["observations"][:, 3, 14:]).all()


def test_agents_of_one_group_may_observe_different_things(tmp_path):
    env = convscope.record(tag(group_map=MarlGroupMapType.ALL_IN_ONE_GROUP), tmp_path / "log.h5")
    rollout = env.rollout(5)
    env.close()
    _, episodes = recorded(tmp_path / "log.h5")
    for number, episode in enumerate(episodes):
        for slot in range(4):
            seen = rollout[number]["agents"][..., slot]["observation"]
            same(episode.columns["observations"][:-1, slot, : seen.shape[-1]], seen)


def test_transforms_and_environments_in_several_workers_are_recorded_from_outside(tmp_path):
    inner = SerialEnv(2, lambda: TransformedEnv(balance(), StepCounter(max_steps=4)))
    outer = TransformedEnv(inner, RewardSum(in_keys=[("agents", "reward")], out_keys=[("agents", "episode_reward")]))
    env = convscope.record(outer, tmp_path / "log.h5")
    rollout = env.rollout(12, break_when_any_done=False).reshape(8, 12)
    env.close()
    _, episodes = recorded(tmp_path / "log.h5")
    expected = episodes_of(rollout)
    assert len(episodes) == len(expected) >= 24
    for episode, (number, rows) in zip(episodes, expected, strict=True):
        assert_same_agents(episode, rollout[number, rows], "agents")
        last = rollout[number, rows]["next"][-1]
        flags = (bool(last["terminated"]), bool(last["truncated"]))
        assert (
            episode.end
            == {
                (True, False): EndKind.TERMINATED,
                (False, True): EndKind.TRUNCATED,
                (True, True): EndKind.AMBIGUOUS,
                (False, False): EndKind.CUT,
            }[flags]
        )
        assert episode.length <= 4


def test_environments_that_do_not_step_are_not_recorded_meanwhile(tmp_path):
    makers = [lambda: PettingZooWrapper(simple_spread_v3.parallel_env(max_cycles=9)) for _ in range(3)]
    env = convscope.record(SerialEnv(3, makers), tmp_path / "log.h5")
    steps, rows = [], env.reset()
    for chosen in ([1, 1, 1], [1, 0, 1], [0, 0, 1], [1, 0, 1]):
        stepped = env.step(env.rand_action(rows).set("_step", torch.tensor(chosen, dtype=torch.bool)[:, None]))
        steps.append((chosen, stepped.clone()))
        rows = env.step_mdp(stepped)
    env.close()
    _, episodes = recorded(tmp_path / "log.h5")
    for number, episode in enumerate(episodes):
        own = torch.stack([stepped[number] for chosen, stepped in steps if chosen[number]])
        assert episode.length == (3, 1, 4)[number]
        assert_same_agents(episode, own, "agent")


def test_what_a_collector_gathers_is_what_is_recorded(tmp_path):
    env = convscope.record(balance(), tmp_path / "log.h5")
    # It was called SyncDataCollector until 0.13.
    kind = getattr(collectors, "Collector", None) or collectors.SyncDataCollector
    collector = kind(env, None, frames_per_batch=40, total_frames=80)
    rollout = torch.cat(list(collector), dim=1)
    collector.shutdown()
    _, episodes = recorded(tmp_path / "log.h5")
    for episode, (number, rows) in zip(episodes, episodes_of(rollout), strict=True):
        assert_same_agents(episode, rollout[number, rows], "agents")


class Thinking(torch.nn.Module):
    """A policy that gives out attention, messages, a hidden state and logits."""

    def forward(self, observation):
        logits = observation[..., :9] * 3
        attention = torch.softmax(observation @ observation.mT, dim=-1)
        return logits.argmax(-1), logits, attention, observation[..., :2], observation.mean((-1, -2))


def thinking():
    keys = ["action", "logits", "attention", "said"]
    out_keys = [*(("agents", key) for key in keys), "value"]
    return TensorDictModule(Thinking(), in_keys=[("agents", "observation")], out_keys=out_keys)


def test_what_the_policy_adds_is_captured_by_its_key(tmp_path):
    capture = {
        "logits": "logits",
        "attention": ("agents", "attention"),
        "messages": "said",
        "team_info/value": "value",
        "info/ground": ("agents", "info", "ground_rew"),
        "hidden": "recurrent",
    }
    env = convscope.record(balance(continuous_actions=False), tmp_path / "log.h5", capture=capture)
    with pytest.warns(
        RecordingWarning, match="nothing is called recurrent, which hidden was to be; found .*agents/logits"
    ):
        rollout = env.rollout(12, thinking(), break_when_any_done=False)
    env.close()
    header, episodes = recorded(tmp_path / "log.h5")
    assert any("nothing is called recurrent" in notice.message for notice in header.notices)
    for episode, (number, rows) in zip(episodes, episodes_of(rollout), strict=True):
        own, length = rollout[number, rows], episode.length
        same(episode.columns["action_logits"][:length], own["agents", "logits"])
        same(episode.columns["attention"][:length, 0], own["agents", "attention"])
        same(episode.columns["messages"][:length], own["agents", "said"])
        same(episode.columns["info/value"][:length], own["value"])
        same(
            episode.columns["info/ground"][:length].reshape(length, 3), own["agents", "info", "ground_rew"].squeeze(-1)
        )


class Attentive(torch.nn.Module):
    """A policy that keeps its attention to itself."""

    def __init__(self, n_actions):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = torch.nn.Linear(16, n_actions)

    def forward(self, observation):
        seen = observation[..., :16].reshape(-1, 3, 16)
        mixed, _ = self.attention(seen, seen, seen, average_attn_weights=False)
        return self.head(mixed).argmax(-1).reshape(observation.shape[:-1])


def test_what_goes_on_inside_the_policy_is_captured_from_its_modules(tmp_path):
    torch.manual_seed(0)
    single = PettingZooWrapper(simple_spread_v3.parallel_env(max_cycles=4), group_map=MarlGroupMapType.ALL_IN_ONE_GROUP)
    for name, inner, n_actions in (("many", balance(continuous_actions=False), 9), ("one", single, 5)):
        policy = Attentive(n_actions)
        capture = {"attention": "attention", "logits": policy.head, "info/seen": "observation"}
        env = convscope.record(inner, tmp_path / f"{name}.h5", model=policy, capture=capture)
        acting = TensorDictModule(policy, in_keys=[("agents", "observation")], out_keys=[("agents", "action")])
        rollout = env.rollout(9, acting, break_when_any_done=False).reshape(-1, 9)
        env.close()
        _, episodes = recorded(tmp_path / f"{name}.h5")
        for episode, (number, rows) in zip(episodes, episodes_of(rollout), strict=True):
            own = rollout[number, rows]["agents"]
            seen = own["observation"][..., :16]
            mixed, attention = policy.attention(seen, seen, seen, average_attn_weights=False)
            np.testing.assert_allclose(episode.columns["attention"][:-1], attention.detach(), atol=1e-5)
            logits = policy.head(mixed).detach()
            np.testing.assert_allclose(episode.columns["action_logits"][:-1], logits, atol=1e-5)
            same(episode.columns["info/seen"][:-1], own["observation"])


def test_positions_are_those_before_and_after_each_step(tmp_path):
    def positions(env):
        return torch.stack([agent.state.pos for agent in env.agents], dim=1)

    env = convscope.record(balance(), tmp_path / "log.h5", positions=positions)
    env.reset()
    seen = [positions(env).clone()]
    for _ in range(3):
        env.step(env.rand_action())
        seen.append(positions(env).clone())
    env.close()
    _, episodes = recorded(tmp_path / "log.h5")
    for number, episode in enumerate(episodes):
        same(episode.columns["positions"], torch.stack(seen)[:, number])


class Skirmish(ParallelEnv):
    """Three agents of which one dies in each step but the first, or none does and all have a mask of legal actions."""

    metadata = {"name": "skirmish_v0"}  # noqa: RUF012  as PettingZoo has it
    possible_agents = ["x", "y", "z"]  # noqa: RUF012  as above

    def __init__(self, *, is_deadly):
        self.is_deadly = is_deadly
        box = gymnasium.spaces.Box(-9, 9, (2,), np.float32)
        mask = gymnasium.spaces.Box(0, 1, (4,), np.int8)
        self.space = box if is_deadly else gymnasium.spaces.Dict({"observation": box, "action_mask": mask})

    def observation_space(self, agent):
        return self.space

    def action_space(self, agent):
        return gymnasium.spaces.Discrete(4)

    def state(self):
        return np.array([self.t, -self.t], np.float32)

    def look(self):
        seen = {agent: np.array([self.t, number], np.float32) for number, agent in enumerate(self.agents)}
        if self.is_deadly:
            return seen
        return {agent: {"observation": seen[agent], "action_mask": np.array([1, 0, 1, 0], np.int8)} for agent in seen}

    def reset(self, seed=None, options=None):
        self.agents, self.t = list(self.possible_agents), 0
        return self.look(), {agent: {} for agent in self.agents}

    def step(self, actions):
        self.t += 1
        seen = self.look()
        dead = self.possible_agents[self.t - 2 : self.t - 1] if self.is_deadly and self.t >= 2 else []
        is_over = dict.fromkeys(seen, self.t == 4)
        terminated = {agent: agent in dead for agent in seen}
        self.agents = [agent for agent in self.agents if agent not in dead and self.t < 4]
        return seen, dict.fromkeys(seen, float(self.t)), terminated, is_over, {agent: {} for agent in seen}


def test_agents_that_die_are_told(tmp_path):
    inner = PettingZooWrapper(
        Skirmish(is_deadly=True),
        group_map=MarlGroupMapType.ALL_IN_ONE_GROUP,
        use_mask=True,
        done_on_any=False,
        return_state=True,
    )
    env = convscope.record(inner, tmp_path / "log.h5", keeps_state=True)
    rollout = env.rollout(20)
    env.close()
    _, (episode,) = recorded(tmp_path / "log.h5")
    a, w, d = Status.ACTING, Status.WAITING, Status.DEAD
    assert rollout.batch_size == (4,)
    same(episode.status, [[a, a, a], [a, a, a], [w, a, a], [d, w, a], [d, d, w]])
    assert episode.length == 4
    seen = torch.cat([rollout["agents", "observation"], rollout["next", "agents", "observation"][-1:]]).numpy()
    same(episode.columns["observations"], np.where(episode.status[..., None] == d, np.nan, seen))
    rewards = rollout["next", "agents", "reward"][..., 0].numpy()
    same(episode.columns["rewards"][:-1], np.where(episode.status[:-1] == d, np.nan, rewards))
    actions = rollout["agents", "action"].numpy()
    same(episode.columns["actions"][:-1, :, 0], np.where(episode.status[:-1] == a, actions, np.nan))
    same(episode.columns["state"], [[0, 0], [1, -1], [2, -2], [3, -3], [4, -4]])


def test_legal_actions_are_told(tmp_path):
    env = convscope.record(
        PettingZooWrapper(Skirmish(is_deadly=False), group_map=MarlGroupMapType.ALL_IN_ONE_GROUP), tmp_path / "log.h5"
    )
    rollout = env.rollout(20)
    env.close()
    _, (episode,) = recorded(tmp_path / "log.h5")
    same(episode.columns["action_masks"], [[[1, 0, 1, 0]] * 3] * 4 + [[[1, 1, 1, 1]] * 3])
    same(episode.columns["action_masks"][:-1], rollout["agents", "action_mask"])


def test_agents_in_turn_wait_while_another_acts(tmp_path):
    inner = PettingZooWrapper(simple_speaker_listener_v4.env(max_cycles=3), use_mask=True)
    env = convscope.record(inner, tmp_path / "log.h5")
    rollout = env.rollout(4)
    env.close()
    _, (episode,) = recorded(tmp_path / "log.h5")
    a, w = Status.ACTING, Status.WAITING
    same(episode.status[:-1], [[a, w], [w, a]] * 2)
    for slot, group in enumerate(("speaker_0", "listener_0")):
        turns = rollout[group, "mask"][:, 0].numpy()
        same(episode.columns["actions"][:-1, slot, 0][turns], rollout[group, "action"][turns, 0])
        assert np.isnan(episode.columns["actions"][:-1, slot, 0][~turns]).all()


def test_a_recording_that_begins_behind_a_reset_says_so(tmp_path):
    inner = balance()
    start = inner.reset()
    env = convscope.record(inner, tmp_path / "log.h5")
    with pytest.warns(RecordingWarning, match="began behind a reset"):
        env.rollout(3, auto_reset=False, tensordict=start)
    env.close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert [episode.length for episode in episodes] == [3] * 4


def test_environments_of_one_agent_are_refused(tmp_path):
    with pytest.raises(UsageError, match="in no group of agents"):
        convscope.record(GymEnv("CartPole-v1"), tmp_path / "log.h5")
    assert not (tmp_path / "log.h5").exists()


def test_a_recorded_environment_cannot_be_sent_to_another_process(tmp_path):
    env = convscope.record(balance(), tmp_path / "log.h5")
    with pytest.raises(UsageError, match="make one in each process"):
        cloudpickle.dumps(env.transform)  # as TorchRL sends environments to its workers


def test_a_recording_can_be_analyzed(tmp_path):
    env = convscope.record(
        balance(continuous_actions=False), tmp_path / "log.h5", capture={"attention": "attention", "logits": "logits"}
    )
    env.rollout(60, thinking(), break_when_any_done=False)
    env.close()
    found = analyzed(tmp_path / "log.h5", tmp_path / "out")
    assert found["log"]["n_timesteps"] == 240
    assert found["routing"]["source"] == "attention"
