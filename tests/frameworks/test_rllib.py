"""RLlib's environment runners are recorded number for number as their environments hand out."""

import pickle
import warnings

import numpy as np
import pytest

import convscope
from convscope.errors import OutputError, UsageError
from convscope.record import EndKind, RecordingWarning, Status
from tests.frameworks.recorded import analyzed, recorded, same

pytest.importorskip("ray.rllib", reason="RLlib is not installed")
pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.filterwarnings("default")
with warnings.catch_warnings(action="ignore"):
    import gymnasium
    import ray
    import torch
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.connectors.env_to_module import FlattenObservations
    from ray.rllib.core.columns import Columns
    from ray.rllib.core.rl_module import MultiRLModuleSpec, RLModuleSpec
    from ray.rllib.core.rl_module.torch import TorchRLModule
    from ray.rllib.env.multi_agent_env import MultiAgentEnv
    from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner
    from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

    from convscope_loaders.recorders.rllib import ConvscopeCallback

A, W, D, N = Status.ACTING, Status.WAITING, Status.DEAD, Status.ABSENT


class Shift(MultiAgentEnv):
    """Three agents: ``b`` sees every other step only, ``c`` comes in step 1 and dies in step 3; five steps at most.

    Every environment keeps what it handed out.
    """

    played = []  # noqa: RUF012  what all environments of the process handed out

    def __init__(self, config=None):
        super().__init__()
        self.possible_agents = self.agents = ["a", "b", "c"]
        box = gymnasium.spaces.Box(-99, 99, (2,), np.float32)
        if (config or {}).get("has_masks"):
            box = gymnasium.spaces.Dict({"observations": box, "action_mask": gymnasium.spaces.Box(0, 1, (3,), np.int8)})
        self.observation_spaces = dict.fromkeys(self.possible_agents, box)
        self.action_spaces = dict.fromkeys(self.possible_agents, gymnasium.spaces.Discrete(3))
        self.rng = np.random.default_rng(0)

    def look(self, agents):
        seen = {agent: self.rng.normal(size=2).astype(np.float32) for agent in agents}
        if isinstance(self.observation_spaces["a"], gymnasium.spaces.Dict):
            seen = {
                a: {"observations": o, "action_mask": np.array([1, 1, self.t % 2], np.int8)} for a, o in seen.items()
            }
        return seen

    def reset(self, *, seed=None, options=None):
        self.t = 0
        self.steps = [{"seen": self.look(["a", "b"])}]
        Shift.played.append(self.steps)
        return self.steps[0]["seen"], {}

    def step(self, actions):
        self.t += 1
        present = ["a", *["b"] * (self.t in {2, 4, 5}), *["c"] * (1 <= self.t <= 3)]
        seen = self.look(present)
        rewards = {agent: float(self.rng.normal()) for agent in {*present, "b"} if agent != "c" or self.t > 1}
        terminated = {"c": self.t == 3, "__all__": False}
        truncated = {"__all__": self.t == 5}
        self.steps.append({"seen": seen, "actions": dict(actions), "rewards": rewards})
        return seen, rewards, terminated, truncated, {}


def config(env=Shift, *, callback, **runners):
    return (
        PPOConfig()
        .environment(env, env_config=runners.pop("env_config", {}))
        .env_runners(num_env_runners=0, create_env_on_local_worker=True, **runners)
        .multi_agent(policies={"p"}, policy_mapping_fn=lambda agent, episode, **_: "p")
        .callbacks(callback)
        .debugging(seed=0)
    )


def runner(path, *, capture=None, **options):
    return started(config(callback=ConvscopeCallback(path, capture=capture), **options))


def started(settings):
    found = MultiAgentEnvRunner(config=settings)
    Shift.played.clear()  # what RLlib tried out
    return found


def expected_columns(steps):
    """Return what an episode holds by row and agent, and the rewards as RLlib counts them: to the action before."""
    n_rows = len(steps)
    seen, rewards = np.full((n_rows, 3, 2), np.nan), np.full((n_rows, 3), np.nan)
    actions = np.full((n_rows, 3, 1), np.nan)
    for slot, agent in enumerate("abc"):
        acted = None
        for row, step in enumerate(steps):
            if row and agent in step["rewards"] and acted is not None:
                rewards[acted, slot] = np.nansum([rewards[acted, slot], step["rewards"][agent]])
            if agent in step["seen"]:
                own = step["seen"][agent]
                seen[row, slot] = own["observations"] if isinstance(own, dict) else own
            if row + 1 < n_rows and agent in steps[row + 1]["actions"]:
                acted = row
                actions[row, slot] = steps[row + 1]["actions"][agent]
    return seen, actions, rewards


def assert_same(episode, steps):
    seen, actions, rewards = expected_columns(steps[: episode.length + 1])
    same(episode.columns["observations"], seen)
    same(episode.columns["actions"], actions)
    np.testing.assert_allclose(episode.columns["rewards"], rewards, rtol=0, atol=1e-12)


STATUS = [[A, A, N], [A, W, A], [A, A, A], [A, W, W], [A, A, D], [W, W, D]]


def test_agents_that_skip_steps_come_and_die_are_recorded_as_the_environment_has_them(tmp_path):
    run = runner(tmp_path / "log.h5", num_envs_per_env_runner=2)
    run.sample(num_episodes=4, random_actions=True)
    played = list(Shift.played)
    run._callbacks[0].recorder.close()
    header, episodes = recorded(tmp_path / "log.h5")
    assert len(episodes) == 4
    for episode, steps in zip(episodes, [steps for steps in played if len(steps) == 6], strict=True):
        assert_same(episode, steps)
        same(episode.status, STATUS)
        assert (episode.length, episode.end, episode.condition) == (5, EndKind.AMBIGUOUS, "collection")
    assert (header.framework, header.environment) == ("RLlib", str(Shift))
    assert {agent.action_space.n for agent in header.agents} == {(3,)}
    assert any("pure time limit" in sentence for sentence in header.inputs[0].assumptions)


def test_episodes_that_are_sampled_in_pieces_are_whole_and_belong_to_a_policy(tmp_path):
    run = runner(tmp_path / "log.h5")
    for number in range(4):
        run.set_state({"rl_module": run.module.get_state(), "weights_seq_no": number + 1})
        run.sample(num_timesteps=3)
    run._callbacks[0].recorder.close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert [episode.length for episode in episodes] == [5, 5]
    assert [episode.checkpoint for episode in episodes] == ["weights_1", "weights_2"]
    for episode, steps in zip(episodes, Shift.played, strict=False):
        assert_same(episode, steps)
        same(episode.status, STATUS)


def test_an_episode_that_is_given_up_is_cut(tmp_path):
    run = runner(tmp_path / "log.h5")
    run.sample(num_timesteps=3, random_actions=True)
    run.sample(num_episodes=1, random_actions=True)
    run._callbacks[0].recorder.close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert [(episode.length, episode.end) for episode in episodes] == [(3, EndKind.CUT), (5, EndKind.AMBIGUOUS)]
    seen, actions, _ = expected_columns(Shift.played[0])
    actions[2, 1] = np.nan  # which RLlib tells when the agent observes again
    same(episodes[0].columns["observations"], seen)
    same(episodes[0].columns["actions"], actions)


def test_observations_are_those_of_the_environment_before_connectors_change_them(tmp_path):
    run = runner(
        tmp_path / "log.h5",
        env_config={"has_masks": True},
        env_to_module_connector=lambda *_: FlattenObservations(multi_agent=True),
    )
    run.sample(num_timesteps=14)
    run._callbacks[0].recorder.close()
    _, episodes = recorded(tmp_path / "log.h5")
    first, second = episodes
    assert_same(second, Shift.played[1])
    same(second.columns["action_masks"][:, 0], [[1, 1, t % 2] for t in range(6)])
    seen, _, _ = expected_columns(Shift.played[0])
    same(first.columns["observations"][1:], seen[1:])


class Thinking(TorchRLModule):
    """Gives out attention over all three agents, a message, a nested state and logits."""

    def _forward(self, batch, **_):
        seen = batch[Columns.OBS]
        attention = torch.softmax(torch.cat([seen, seen[..., :1]], dim=-1)[:, None], dim=-1).repeat(1, 2, 1)
        logits = torch.cat([seen, -seen[..., :1]], dim=-1)
        return {Columns.ACTION_DIST_INPUTS: logits, "attention": attention, "said": seen * 2, "deep": {"h": seen + 1}}


def test_outputs_of_modules_are_captured_by_their_key(tmp_path):
    capture = {
        "attention": "attention",
        "messages": "said",
        "hidden": ("deep", "h"),
        "logits": "action_dist_inputs",
        "info/value": "vf_preds",
    }
    settings = config(callback=ConvscopeCallback(tmp_path / "log.h5", capture=capture))
    settings.rl_module(rl_module_spec=MultiRLModuleSpec(rl_module_specs={"p": RLModuleSpec(module_class=Thinking)}))
    run = started(settings)
    with pytest.warns(RecordingWarning, match="the modules gave out no vf_preds, which info/value was to be"):
        run.sample(num_timesteps=5)
    run._callbacks[0].recorder.close()
    _, (episode,) = recorded(tmp_path / "log.h5")
    seen, _, _ = expected_columns(Shift.played[0])
    seen = np.where(np.array(STATUS)[..., None] == A, seen, np.nan)
    same(episode.columns["messages"], seen * 2)
    same(episode.columns["hidden_states"], (seen.astype(np.float32) + np.float32(1)))
    same(episode.columns["action_logits"], np.concatenate([seen, -seen[..., :1]], axis=-1))
    weights = np.exp(np.concatenate([seen, seen[..., :1]], axis=-1))
    weights /= weights.sum(-1, keepdims=True)
    for head in range(2):
        np.testing.assert_allclose(episode.columns["attention"][:, head], weights, atol=1e-6)


def test_each_runner_has_a_file_of_its_own_and_all_are_one_run(tmp_path):
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 * 2**20)
    try:
        settings = (
            config(callback=ConvscopeCallback(tmp_path / "log.h5", run="mine"))
            .env_runners(num_env_runners=2, rollout_fragment_length=40)
            .training(train_batch_size=80, minibatch_size=40, num_epochs=1)
            .evaluation(evaluation_interval=1, evaluation_duration=2)
        )
        algorithm = settings.build_algo()
        algorithm.train()
        algorithm.train()
        algorithm.eval_env_runner._callbacks[0].recorder.close()
        algorithm.stop()
    finally:
        ray.shutdown()
    names = sorted(path.name for path in tmp_path.glob("*.h5"))
    assert names == ["log.evaluation.h5", "log.runner-1.h5", "log.runner-2.h5"]
    header, episodes = recorded(*(tmp_path / name for name in names))
    assert len(header.agents) == 3
    assert {episode.condition for episode in episodes} == {"collection", "evaluation"}
    found = analyzed(tmp_path, tmp_path / "out")
    assert found["log"]["n_runs"] == 1


def test_what_cannot_be_recorded_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "there.h5").touch()
    with pytest.raises(OutputError, match="exists already"):
        ConvscopeCallback(tmp_path / "there.h5")
    with pytest.raises(UsageError, match="is of the team"):
        ConvscopeCallback(tmp_path / "log.h5", capture={"state": "s"})
    with pytest.raises(UsageError, match="which is no key of a module's output"):
        ConvscopeCallback(tmp_path / "log.h5", capture={"logits": torch.nn.Linear(1, 1)})
    with pytest.raises(UsageError, match=r"config.callbacks\(convscope_loaders.recorders.rllib.ConvscopeCallback"):
        convscope.record(PPOConfig(), tmp_path / "log.h5")
    assert not (tmp_path / "log.h5").exists()


def test_the_callback_can_be_sent_to_other_processes_and_refuses_single_agents(tmp_path):
    callback = pickle.loads(pickle.dumps(ConvscopeCallback(tmp_path / "log.h5")))  # noqa: S301  our own
    settings = PPOConfig().environment("CartPole-v1").env_runners(num_env_runners=0).callbacks(callback)
    with pytest.raises(UsageError, match="an episode of a single agent"):
        SingleAgentEnvRunner(config=settings).sample(num_episodes=1, random_actions=True)
