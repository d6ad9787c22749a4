"""Real Gymnasium environments with several agents are recorded as they were played, however they start anew."""

import numpy as np
import pytest

from tests.convscope_loaders.reading import in_small_blocks as read

gymnasium = pytest.importorskip("gymnasium", reason="the extra recorders-test is not installed")

import convscope  # noqa: E402
from convscope.errors import UsageError  # noqa: E402
from convscope.ingest.validate import validate_log  # noqa: E402
from convscope.record import EndKind, Status  # noqa: E402

AGENTS = ["left", "right"]
spaces = gymnasium.spaces


class Counting(gymnasium.Env):
    """Two agents see who they are and what time it is; one in two episodes ends by a time limit."""

    def __init__(self, length, kind="array"):
        self.length, self.kind, self.episode = length, kind, -1
        one = spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.observation_space = {
            "array": spaces.Box(-np.inf, np.inf, (2, 3), np.float32),
            "tuple": spaces.Tuple([one, one]),
            "mapping": spaces.Dict({"left": one, "right": one}),
        }[kind]
        self.action_space = {
            "array": spaces.MultiDiscrete([4, 4]),
            "tuple": spaces.Tuple([spaces.Discrete(4), spaces.Discrete(4, start=1)]),
            "mapping": spaces.Dict({"left": spaces.Discrete(4), "right": spaces.Discrete(4)}),
        }[kind]

    def seen(self):
        rows = np.array([[self.episode, self.time, slot] for slot in range(2)], np.float32)
        return {"array": rows, "tuple": tuple(rows), "mapping": dict(zip(AGENTS, rows, strict=True))}[self.kind]

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.time = self.episode + 1, 0
        return self.seen(), {}

    def step(self, action):
        self.time += 1
        is_over = self.time == self.length + self.episode
        is_limit = self.episode % 2 == 1
        return self.seen(), float(self.time), is_over and not is_limit, is_over and is_limit, {}


def assert_counted(log, blocks, length):
    """Check every episode against the clock that it shows."""
    for block in blocks:
        (number,) = set(block.columns["observations"][:, :, 0].ravel())
        rows = block.n_rows
        assert block.columns["observations"][:, 0, 1].tolist() == list(range(rows))
        assert block.columns["observations"][:, :, 2].tolist() == [[0, 1]] * rows
        steps = int(log.episodes.length[int(block.episodes[0])])
        kind = log.episodes.end[int(block.episodes[0])]
        is_whole = steps == length + number
        assert kind == ((EndKind.TRUNCATED if number % 2 else EndKind.TERMINATED) if is_whole else EndKind.CUT)
        assert rows == steps + 1
        assert block.columns["team_rewards"][:steps].tolist() == list(range(1, steps + 1))
        assert (block.status[:steps] == Status.ACTING).all()


@pytest.mark.parametrize("mode", ["NEXT_STEP", "SAME_STEP", "DISABLED"])
def test_vector_environments_are_cut_into_their_episodes(tmp_path, mode):
    vector = gymnasium.vector
    env = vector.SyncVectorEnv(
        [lambda length=length: Counting(length) for length in (3, 5, 4)],
        autoreset_mode=vector.AutoresetMode[mode],
    )
    env = convscope.record(env, tmp_path / "log.h5", agents=AGENTS)
    assert isinstance(env, vector.VectorEnv)
    env.reset(seed=0)
    for step in range(20):
        _, _, terminated, truncated, _ = env.step(np.full((3, 2), step % 4))
        if mode == "DISABLED" and (terminated | truncated).any():
            env.reset(options={"reset_mask": terminated | truncated})
    env.close()
    log, blocks = read(tmp_path / "log.h5")
    assert validate_log(tmp_path / "log.h5") == ()
    # Whole episodes of the three environments last 3, 4, 5 ...; 5, 6 ...; and 4, 5 ... steps; the last ones are cut.
    lost = 1 if mode == "NEXT_STEP" else 0
    assert sorted(log.episodes.length.tolist()) == sorted(
        [*lengths(3, 20, lost), *lengths(5, 20, lost), *lengths(4, 20, lost)]
    )
    for block in blocks:
        (number,) = set(block.columns["observations"][:, :, 0].ravel())
        steps = block.n_rows - 1
        assert block.columns["observations"][:, 0, 1].tolist() == list(range(steps + 1))
        assert block.columns["team_rewards"][:steps].tolist() == list(range(1, steps + 1))
        assert ((np.diff(block.columns["actions"][:steps, :, 0], axis=0) - 1) % 4 == 0).all()
        end = log.episodes.end[int(block.episodes[0])]
        assert end in {EndKind.CUT, EndKind.TRUNCATED if number % 2 else EndKind.TERMINATED}


def lengths(first, n_steps, lost):
    """Return the lengths of episodes that get longer by a step, until there are no steps left."""
    while n_steps > 0:
        yield min(first, n_steps)
        n_steps, first = n_steps - first - lost, first + 1


@pytest.mark.parametrize("kind", ["array", "tuple", "mapping"])
def test_single_environments_are_recorded(tmp_path, kind):
    options = {"agents": AGENTS} if kind == "array" else {}
    env = convscope.record(Counting(3, kind), tmp_path / "log.h5", **options)
    for _ in range(3):
        env.reset(seed=0)
        is_over = False
        while not is_over:
            action = {"array": np.array([1, 2]), "tuple": (1, 3), "mapping": {"left": 1, "right": 2}}[kind]
            _, _, terminated, truncated, _ = env.step(action)
            is_over = terminated or truncated
    env.reset()
    env.step(action)
    env.close()
    log, blocks = read(tmp_path / "log.h5")
    assert_counted(log, blocks, 3)
    assert log.episodes.length.tolist() == [3, 4, 5, 1]
    assert all(block.columns["actions"][:-1, :, 0].tolist() == [[1, 2]] * (block.n_rows - 1) for block in blocks)
    names = {"array": AGENTS, "tuple": ["agent_0", "agent_1"], "mapping": AGENTS}[kind]
    assert [agent.name for agent in log.header.agents] == names
    if kind == "tuple":
        assert "actions begin at 0, 1 in the environment and at 0 in the log" in log.header.inputs[0].assumptions
    assert validate_log(tmp_path / "log.h5") == ()


def test_an_axis_that_may_be_agents_or_not_has_to_be_named(tmp_path):
    with pytest.raises(UsageError, match=r"which axis of the actions .* is the agents"):
        convscope.record(Counting(3), tmp_path / "log.h5")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="no axis of 3 agents"):
        convscope.record(Counting(3), tmp_path / "log.h5", agents=["a", "b", "c"])


class Duel(gymnasium.vector.VectorEnv):
    """Two agents, each with flags and rewards of its own; the first falls in the second step."""

    num_envs = 2
    metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.DISABLED}  # noqa: RUF012

    def __init__(self):
        self.single_action_space = spaces.Box(-1, 1, (2, 2), np.float32)
        self.single_observation_space = spaces.Box(-1, 1, (2, 1), np.float32)

    def seen(self):
        return np.full((2, 2, 1), self.time, np.float32)

    def reset(self, *, seed=None, options=None):
        self.time = 0
        return self.seen(), {"action_mask": np.ones((2, 2, 3), np.int8)}

    def step(self, actions):
        self.time += 1
        terminated = np.array([[self.time >= 2, self.time >= 4], [False, False]])
        truncated = np.full((2, 2), self.time >= 4) & ~terminated
        return self.seen(), np.ones((2, 2)) * self.time, terminated, truncated, {}


def test_an_agent_that_falls_before_the_others_is_dead(tmp_path):
    env = convscope.record(Duel(), tmp_path / "log.h5", agents=AGENTS)
    env.reset()
    for _ in range(4):
        env.step(np.zeros((2, 2, 2), np.float32))
    env.close()
    log, blocks = read(tmp_path / "log.h5")
    a, w, d = Status.ACTING, Status.WAITING, Status.DEAD
    assert blocks[0].status.tolist() == [[a, a], [a, a], [w, a], [d, a], [d, w]]
    assert (blocks[1].status[:4] == a).all()
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.TRUNCATED]
    assert blocks[0].columns["rewards"][:2].tolist() == [[1, 1], [2, 2]]
    assert np.isnan(blocks[0].columns["rewards"][3, 0])
