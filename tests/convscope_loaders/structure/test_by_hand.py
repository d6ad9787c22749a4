"""Archives as researchers write them by hand are read as they were meant, or asked about."""

import re

import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs

E, T, N = 6, 30, 3
RNG = np.random.default_rng(8)
OBS = np.cumsum(RNG.normal(size=(E, T, N, 5)), axis=1)
ACT = RNG.integers(4, size=(E, T, N))
REW = RNG.normal(size=(E, T, N))
LAST = np.arange(T) == T - 1
TOLD = {"n_agents": np.array(N)}
"""Which of the outer axes counts agents."""


def opened(tmp_path, arrays, text=None):
    np.savez(tmp_path / "log.npz", **arrays)
    if text is None:
        return open_logs([tmp_path / "log.npz"])
    (tmp_path / "map.toml").write_text(text)
    return open_logs([tmp_path / "log.npz"], mapping=read_mapping(tmp_path / "map.toml"))


BLOCKS = {
    "padded blocks": {"obs": OBS, "actions": ACT, "rewards": REW, **TOLD},
    "a team's reward for each agent": {"obs": OBS, "actions": ACT, "rewards": REW[..., :1].repeat(N, 2)},
    "names in other case": {"OBSERVATIONS": OBS, "Actions": ACT, "Rewards": REW, **TOLD},
    "choices as one-hot": {"obs": OBS, "actions_onehot": np.eye(4)[ACT], "rewards": REW, **TOLD},
    "choices as truth values": {"obs": OBS, "actions": ACT > 1, **TOLD},
    "several components": {"obs": OBS, "actions": RNG.normal(size=(E, T, N, 2)), "rewards": REW, **TOLD},
    "a reward of the team": {"obs": OBS, "actions": ACT, "reward": REW[..., 0], "done": np.tile(LAST, (E, 1))},
    "an array for each agent": {
        f"agent_{a}/{f}": x[:, :, a] for a in range(N) for f, x in (("obs", OBS), ("act", ACT))
    },
    "a dict of each field": {f"{f}/agent_{a}": x[:, :, a] for a in range(N) for f, x in (("obs", OBS), ("act", ACT))},
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_read(tmp_path, name):
    log = opened(tmp_path, BLOCKS[name])
    assert (len(log.header.agents), log.episodes.length.tolist()) == (N, [T] * E)
    (block,) = log.blocks(frozenset({"actions", "observations"}))
    assert np.allclose(block.columns["observations"].reshape(OBS.shape), OBS, atol=1e-5)


def test_seeds_that_are_groups_are_runs(tmp_path):
    log = opened(tmp_path, {f"seed_{s}/{f}": x for s in range(2) for f, x in (("obs", OBS), ("actions", ACT))} | TOLD)
    assert (log.episodes.runs, log.episodes.n_episodes) == (("seed_0", "seed_1"), 2 * E)


def test_a_single_episode_is_read(tmp_path):
    log = opened(tmp_path, {"obs": OBS[0], "actions": ACT[0], "rewards": REW[0]})
    assert (len(log.header.agents), log.episodes.length.tolist()) == (N, [T])


@pytest.mark.parametrize("name", ["offsets", "episode_offsets", "ep_starts", "row_splits"])
@pytest.mark.parametrize("has_end", [True, False])
def test_rows_are_cut_at_offsets(tmp_path, name, has_end):
    offsets = np.array([0, 10, 17, *([30] if has_end else [])])
    log = opened(tmp_path, {"obs": OBS[0], "actions": ACT[0], name: offsets})
    assert log.episodes.length.tolist() == [10, 7, 13]


def test_environments_side_by_side_are_cut_at_their_own_ends(tmp_path):
    turned = {"obs": np.swapaxes(OBS, 0, 1), "actions": np.swapaxes(ACT, 0, 1), "rewards": np.swapaxes(REW, 0, 1)}
    dones = np.zeros((T, E), bool)
    dones[9, ::2], dones[-1] = True, True
    log = opened(tmp_path, turned | {"dones": dones})
    assert log.episodes.length.tolist() == [10, 20, 30] * 3


def test_agents_on_the_last_axis_of_observations_are_refused(tmp_path):
    with pytest.raises(LogFormatError, match="seems to have its agents on the last axis"):
        opened(tmp_path, {"obs": np.moveaxis(OBS, 2, 3), "actions": ACT, "rewards": REW})


def test_the_episodes_of_one_agent_are_not_taken_for_agents(tmp_path):
    arrays = {"obs": OBS[:, :, 0], "actions": ACT[:, :, 0], "rewards": REW[:, :, 0]}
    with pytest.raises(AmbiguousLogError, match="6 episodes, 30 timesteps of one agent") as error:
        opened(tmp_path, arrays)
    assert len(opened(tmp_path, arrays, error.value.mapping).header.agents) == E
    axes = re.search(r"# reading 2: (axes = .*), and", error.value.mapping)[1]
    text = re.sub(r"^axes = .*", axes, error.value.mapping, flags=re.MULTILINE) + '[agents]\nnames = ["agent_0"]\n'
    log = opened(tmp_path, arrays, text)
    assert (len(log.header.agents), log.episodes.length.tolist()) == (1, [T] * E)


def test_lists_of_arrays_are_refused_with_what_to_do(tmp_path):
    ragged = np.array([np.zeros((3, 2)), np.zeros((4, 2))], dtype=object)
    with pytest.raises(LogFormatError, match="save an array for each episode, or pad them"):
        opened(tmp_path, {"obs": ragged, "actions": ragged})


def test_no_episode_at_all_is_an_error(tmp_path):
    with pytest.raises(LogFormatError, match="holds no episode with a step"):
        opened(tmp_path, {"obs": OBS[:0], "actions": ACT[:0]})


def test_what_a_team_sees_together_does_not_make_agents_of_episodes(tmp_path):
    arrays = {"obs": OBS.reshape(E, T, -1), "actions": ACT}
    with pytest.raises(AmbiguousLogError, match="6 episodes, 30 timesteps, 3 agents") as error:
        opened(tmp_path, arrays)
    axes = re.search(r"# reading 2: (axes = .*)", error.value.mapping)[1]
    log = opened(tmp_path, arrays, re.sub(r"^axes = .*", axes, error.value.mapping, flags=re.MULTILINE))
    assert (len(log.header.agents), log.episodes.length.tolist(), log.has("state")) == (N, [T] * E, True)


@pytest.mark.parametrize("rewards", [{}, {"rewards": REW}, {"rewards": np.ones((E, T, N))}])
def test_blocks_with_agents_on_either_outer_axis_are_asked_about(tmp_path, rewards):
    arrays = {"obs": OBS, "actions": ACT, **rewards}
    with pytest.raises(AmbiguousLogError, match="can be read in 2 ways") as error:
        opened(tmp_path, arrays)
    assert "1. 6 episodes, 30 timesteps, 3 agents\n  2. 6 agents, 30 timesteps, 3 episodes" in str(error.value)
    assert "called n_agents, would tell" in str(error.value)
    log = opened(tmp_path, arrays, error.value.mapping)
    assert (len(log.header.agents), log.episodes.length.tolist()) == (N, [T] * E)
    axes = re.search(r"# reading 2: (axes = .*)", error.value.mapping)[1]
    log = opened(tmp_path, arrays, re.sub(r"^axes = .*", axes, error.value.mapping, flags=re.MULTILINE))
    assert (len(log.header.agents), log.episodes.length.tolist()) == (E, [T] * N)


@pytest.mark.parametrize("n_agents", [E, N])
def test_the_number_of_agents_tells_which_axis_counts_them(tmp_path, n_agents):
    log = opened(tmp_path, {"obs": OBS, "actions": ACT, "rewards": REW, "num_agents": np.array([n_agents])})
    assert (len(log.header.agents), log.episodes.length.tolist()) == (n_agents, [T] * (E * N // n_agents))
    assert any(f"there are {n_agents} agents" in said for said in log.header.inputs[0].assumptions)


@pytest.mark.parametrize("pattern", ["{}_n", "all_{}"])
def test_a_word_that_all_names_share_says_nothing(tmp_path, pattern):
    arrays = {"obs": OBS, "actions": ACT, "rewards": REW[..., :1].repeat(N, 2)}
    log = opened(tmp_path, {pattern.format(name): array for name, array in arrays.items()})
    assert (len(log.header.agents), log.episodes.length.tolist()) == (N, [T] * E)


def test_a_reward_for_each_entry_of_the_second_axis_shows_agents_on_the_first(tmp_path):
    arrays = {"obs": np.swapaxes(OBS[0], 0, 1), "actions": ACT[0].T, "reward": REW[0, :, 0]}
    log = opened(tmp_path, arrays)
    assert (len(log.header.agents), log.episodes.length.tolist()) == (N, [T])


def test_ends_that_come_together_again_and_again_show_agents_on_the_first_axis(tmp_path):
    dones = np.tile(np.isin(np.arange(T), (9, 17, T - 1)), (N, 1))
    log = opened(tmp_path, {"obs": np.swapaxes(OBS[0], 0, 1), "actions": ACT[0].T, "dones": dones})
    assert (len(log.header.agents), log.episodes.length.tolist()) == (N, [10, 8, 12])
