"""The code of docs/recording.md runs as it stands there, and its first table leaves no recorder out."""

import re
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from convscope.record import EndKind
from convscope.values.header import ActionKind, ActionSpace
from tests.frameworks.recorded import recorded

PAGE = (Path(__file__).parents[2] / "docs" / "recording.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TABLE = PAGE.split("## What is recorded")[0]
FRAMEWORKS = {"BenchMARL", "Gymnasium", "JaxMARL", "PettingZoo", "RLlib", "TorchRL"}
OPENING, BENCHMARL, RLLIB, JAXMARL, PYMARL, POLICY = BLOCKS[:6]


def run(*blocks, folder, **names):
    """Run blocks one after the other, as if the user had these names; return all names in the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in blocks:
            exec(compile(block, "docs/recording.md", "exec"), names)  # noqa: S102  our own page
    return names


def spread():
    return import_module("mpe2.simple_spread_v3").parallel_env(max_cycles=5)


def play(env):
    env.reset(seed=0)
    while env.agents:
        env.step({agent: env.action_space(agent).sample() for agent in env.agents})
    env.close()


def test_the_first_table_names_every_recorder_and_what_it_imports_is_there():
    assert {point.name for point in entry_points(group="convscope.recorders")} == {f.lower() for f in FRAMEWORKS}
    assert all(f"| {name}" in TABLE for name in (*FRAMEWORKS, "(E)PyMARL"))
    modules = re.findall(r"of `(convscope_loaders\.recorders\.\w+)`", TABLE)
    assert len(modules) == 3
    for name in modules:
        import_module(name)


def test_the_opening_records_an_environment(tmp_path):
    pytest.importorskip("mpe2", reason="mpe2 is not installed")
    opened, closing = OPENING.split("...  # your loop, unchanged\n")
    env = run(opened, folder=tmp_path, env=spread())["env"]
    play(env)
    run(closing, folder=tmp_path, env=env)
    header, episodes = recorded(tmp_path / "log.h5")
    assert [agent.declared_role for agent in header.agents] == ["scout", None, None]
    assert [episode.length for episode in episodes] == [5]


class Module:
    """What is used of a module of torch."""

    def register_forward_hook(self, hook):
        self.hook = hook

    def __call__(self, output):
        self.hook(self, (), output)


class Policy:
    """Three agents attend, remember and tell."""

    def __init__(self):
        self.attention, self.rnn, self.sent = Module(), Module(), np.ones((3, 2))

    def named_modules(self):
        yield "actor.attn", self.attention

    def act(self):
        self.attention(np.full((2, 3, 3), 1 / 3))
        self.rnn(np.full((3, 4), 0.5))


def test_what_goes_on_inside_the_policy_is_captured(tmp_path):
    pytest.importorskip("mpe2", reason="mpe2 is not installed")
    policy = Policy()
    env = run("import convscope", POLICY, folder=tmp_path, env=spread(), policy=policy)["env"]
    env.reset(seed=0)
    for _ in range(5):
        policy.act()
        env.step(dict.fromkeys(env.agents, 1))
    env.close()
    _, (episode,) = recorded(tmp_path / "log.h5")
    shapes = {name: episode.columns[name].shape[1:] for name in ("attention", "hidden_states", "messages")}
    assert shapes == {"attention": (2, 3, 3), "hidden_states": (3, 4), "messages": (3, 2)}


class Envs:
    """Three environments of two agents that write over what is seen; the second is over in its third step."""

    def reset(self):
        self.seen, self.t = np.zeros((3, 2, 1)), 0
        return self.seen

    def step(self, actions):
        self.t += 1
        self.seen[:] = self.t
        return self.seen, np.ones((3, 2)), np.arange(3) == (1 if self.t == 3 else -1)


def test_anything_else_is_recorded_whole_step_by_step_and_side_by_side(tmp_path):
    names = {
        "space": ActionSpace(kind=ActionKind.DISCRETE, n=(2,)),
        "seen": np.zeros((8, 2, 1)),
        "done": np.zeros((7, 2), int),
        "given": np.ones((7, 2)),
        "fuel": np.ones((7, 2)),
        "np": np,
        "n_envs": 3,
        "envs": Envs(),
        "policy": lambda observations: np.zeros(observations.shape[:2], int),
    }
    run(*BLOCKS[6:], folder=tmp_path, **names)
    _, episodes = recorded(tmp_path / "log.h5")
    whole, steps, over = EndKind.TERMINATED, EndKind.TRUNCATED, EndKind.CUT
    told = [(7, whole), (3, steps), (3, whole), (5, over), (5, over), (2, over)]
    assert [(episode.length, episode.end) for episode in episodes] == told
    assert episodes[2].columns["observations"][:, 0, 0].tolist() == [0, 1, 2, 3]
    assert episodes[5].columns["observations"][:, 0, 0].tolist() == [3, 4, 5]


def test_a_batch_of_pymarl_is_recorded(tmp_path):
    batch = {
        "obs": np.ones((1, 4, 2, 1), np.float32),
        "avail_actions": np.ones((1, 4, 2, 3), np.int32),
        "actions": np.zeros((1, 4, 2, 1), np.int64),
        "reward": np.ones((1, 4, 1), np.float32),
        "terminated": np.array([[[0], [1], [0], [0]]], np.uint8),
        "filled": np.array([[[1], [1], [1], [0]]]),
        "probs": np.full((1, 4, 2, 3), 1 / 3),
        "state": np.zeros((1, 4, 5)),
    }
    runner = SimpleNamespace(run=lambda test_mode: batch)
    run(PYMARL, folder=tmp_path, runner=runner)["recorder"].close()
    header, (episode,) = recorded(tmp_path / "log.h5")
    assert (header.environment, episode.length, episode.end) == ("3m", 2, EndKind.TERMINATED)
    assert {"action_probabilities", "state"} <= episode.columns.keys()


@pytest.mark.filterwarnings("default")
def test_an_experiment_of_benchmarl_is_recorded(tmp_path):
    pytest.importorskip("benchmarl", reason="BenchMARL is not installed")
    there = import_module("tests.frameworks.test_benchmarl")
    model = there.small(there.MlpConfig)
    names = {
        "Experiment": lambda **given: there.Experiment(**given, critic_model_config=model),
        "task": there.balance(),
        "algorithm_config": there.IppoConfig.get_from_yaml(),
        "model_config": model,
        "config": there.config(tmp_path, prefer_continuous_actions=False),
    }
    run(BENCHMARL, "experiment.run()", "experiment.callbacks[0].recorder.close()", folder=tmp_path, **names)
    _, episodes = recorded(tmp_path / "log.h5")
    assert {episode.condition for episode in episodes} == {"collection", "evaluation"}
    assert all("action_logits" in episode.columns for episode in episodes)


@pytest.mark.filterwarnings("default")
def test_a_runner_of_rllib_is_recorded(tmp_path):
    pytest.importorskip("ray.rllib", reason="RLlib is not installed")
    there = import_module("tests.frameworks.test_rllib")
    config = run(RLLIB, folder=tmp_path, config=there.config(callback=None))["config"]
    runner = there.started(config)
    runner.sample(num_episodes=2)
    runner._callbacks[0].recorder.close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert [episode.length for episode in episodes] == [5, 5]
    assert all("action_logits" in episode.columns for episode in episodes)


@pytest.mark.filterwarnings("default")
def test_a_rollout_of_jaxmarl_is_recorded(tmp_path):
    pytest.importorskip("jaxmarl", reason="JaxMARL is not installed")
    there = import_module("tests.frameworks.test_jaxmarl")
    jax, jnp, env = there.jax, there.jnp, there.spread(4)

    def act(hstate, obs, key):
        return {agent: jnp.zeros(2, int) for agent in env.agents}, {a: h + 1 for a, h in hstate.items()}

    names = {"jax": jax, "io_callback": there.io_callback, "n_envs": 2, "act": act, "env": env}
    found = run("import convscope", JAXMARL, folder=tmp_path, **names)
    obs, state = jax.vmap(env.reset)(jax.random.split(jax.random.PRNGKey(0), 2))
    start = (obs, state, {agent: jnp.zeros((2, 3)) for agent in env.agents})
    jax.jit(lambda keys: jax.lax.scan(found["step"], start, keys))(jax.random.split(jax.random.PRNGKey(1), 8))
    found["env"].close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert [episode.length for episode in episodes] == [5, 5, 3, 3]
    assert episodes[0].columns["hidden_states"].shape == (5, 3, 3)
