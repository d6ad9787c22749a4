"""Names of arrays that tell agents or episodes apart are read as groups would be."""

import numpy as np
import pytest

from convscope.errors import ConvscopeError
from convscope.ingest.inspect import inspect_logs
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs

RNG = np.random.default_rng(4)
N_STEPS = 9
AGENTS = ("healer", "scout")


def own(n_steps=N_STEPS):
    return {"obs": np.cumsum(RNG.normal(size=(n_steps, 4)), axis=0), "act": RNG.integers(5, size=n_steps)}


def team(n_steps):
    return {"obs": RNG.normal(size=(n_steps, 2, 4)), "actions": RNG.integers(5, size=(n_steps, 2))}


def opened(path, arrays, text=None):
    np.savez(path, **arrays)
    if text is None:
        return open_logs([path])
    (path.parent / "map.toml").write_text(text)
    return open_logs([path], mapping=read_mapping(path.parent / "map.toml"))


@pytest.mark.parametrize("pattern", ["{agent}_{field}", "{field}_{agent}", "{agent}-{field}"])
def test_roles_before_or_behind_a_field_are_agents(tmp_path, pattern):
    arrays = {pattern.format(agent=a, field=f): array for a in AGENTS for f, array in own().items()}
    log = opened(tmp_path / "log.npz", arrays)
    assert [agent.name for agent in log.header.agents] == list(AGENTS)
    (block,) = log.blocks(frozenset({"actions", "observations"}))
    for slot, agent in enumerate(AGENTS):
        told = {f: arrays[pattern.format(agent=agent, field=f)] for f in ("act", "obs")}
        assert np.array_equal(block.columns["actions"][:, slot, 0], told["act"])
        assert np.allclose(block.columns["observations"][:, slot], told["obs"])


@pytest.mark.parametrize("pattern", ["episode_{}_{}", "ep{}_{}", "traj-{}.{}"])
def test_numbered_episodes_before_a_field_are_episodes(tmp_path, pattern):
    arrays = {pattern.format(e, f): array for e in range(3) for f, array in team(N_STEPS + e).items()}
    log = opened(tmp_path / "log.npz", arrays)
    assert log.episodes.length.tolist() == [N_STEPS, N_STEPS + 1, N_STEPS + 2]
    assert len(log.header.agents) == 2


def test_both_are_told_apart(tmp_path):
    arrays = {f"ep{e}_agent{a}_{f}": array for e in range(3) for a in (0, 1) for f, array in own(N_STEPS + e).items()}
    log = opened(tmp_path / "log.npz", arrays)
    assert (log.episodes.length.tolist(), len(log.header.agents)) == ([N_STEPS, N_STEPS + 1, N_STEPS + 2], 2)


@pytest.mark.parametrize(
    "pattern", ["obs_agent_{}|act_agent_{}", "agents.{}.obs|agents.{}.act", "a/agent{}/obs|a/agent{}/act"]
)
def test_other_ways_to_number_agents(tmp_path, pattern):
    observed, acted = pattern.split("|")
    arrays = {observed.format(slot): own()["obs"] for slot in range(3)}
    arrays |= {acted.format(slot): own()["act"] for slot in range(3)}
    log = opened(tmp_path / "log.npz", arrays)
    assert (log.episodes.length.tolist(), len(log.header.agents)) == ([N_STEPS], 3)


def test_splits_are_no_agents(tmp_path):
    arrays = {f"{split}_{f}": array for split in ("train", "test") for f, array in team(N_STEPS).items()}
    arrays |= {f"{split}_dones": np.arange(N_STEPS) == N_STEPS - 1 for split in ("train", "test")}
    log = opened(tmp_path / "log.npz", arrays)
    assert sorted(log.episodes.conditions) == ["test", "train"]
    assert len(log.header.agents) == 2


def test_the_proposed_mapping_and_one_of_the_arrays_themselves_read_the_file(tmp_path):
    arrays = {f"{a}_{f}": array for a in AGENTS for f, array in own().items()}
    opened(tmp_path / "log.npz", arrays)
    (seen,) = inspect_logs([tmp_path / "log.npz"])
    log = opened(tmp_path / "log.npz", arrays, seen.mapping)
    assert [agent.name for agent in log.header.agents] == list(AGENTS)
    text = 'convscope-mapping = 1\n[fields.actions]\npath = "/{agent}_act"\naxes = ["row"]\n'
    log = opened(tmp_path / "log.npz", arrays, text)
    assert len(log.header.agents) == 2


def test_two_kinds_of_actions_of_one_team_are_not_two_agents(tmp_path):
    arrays = {"obs": RNG.normal(size=(N_STEPS, 2, 4))}
    arrays |= {f"{kind}_actions": RNG.integers(5, size=(N_STEPS, 2)) for kind in ("sampled", "greedy")}
    with pytest.raises(ConvscopeError):
        opened(tmp_path / "log.npz", arrays)
