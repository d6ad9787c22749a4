"""Groups that hold one timestep each are read as rows."""

import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from tests.convscope_loaders.reading import rows_of, write_hdf5

LENGTHS = (5, 12)
RNG = np.random.default_rng(4)
OBSERVED = [RNG.normal(size=(n + 1, 3, 2)) for n in LENGTHS]
ACTED = [RNG.integers(4, size=(n, 3)) for n in LENGTHS]
REWARDED = [RNG.normal(size=n) for n in LENGTHS]


def arrays(*, of_agents=False, has_final=True, named="step_{:03d}"):
    found = {}
    for episode, length in enumerate(LENGTHS):
        for step in range(length + has_final):
            head = f"episode_{episode}/{named.format(step)}"
            told = {"obs": OBSERVED[episode][step]}
            if step < length:
                told |= {"actions": ACTED[episode][step], "reward": REWARDED[episode][step]}
            for name, value in told.items():
                if of_agents and name != "reward":
                    found |= {f"{head}/agent_{agent}/{name}": value[agent] for agent in range(3)}
                else:
                    found[f"{head}/{name}"] = value
    return found


@pytest.mark.parametrize("of_agents", [True, False])
@pytest.mark.parametrize("named", ["step_{:03d}", "t{}", "timestep {}"])
def test_each_group_is_a_row(tmp_path, of_agents, named):
    log = open_logs([write_hdf5(tmp_path / "log.h5", arrays(of_agents=of_agents, named=named))])
    assert log.episodes.length.tolist() == list(LENGTHS)
    _, observed, acted, rewarded = rows_of(log, "observations", "actions", "team_rewards")
    assert np.allclose(observed.reshape(-1, 3, 2), np.concatenate(OBSERVED))
    is_row = np.isfinite(acted).all(axis=tuple(range(1, acted.ndim)))
    assert np.array_equal(acted[is_row].reshape(-1, 3), np.concatenate(ACTED))
    assert np.allclose(rewarded[is_row].ravel(), np.concatenate(REWARDED))
    assert any("are read as timesteps" in said for said in log.header.inputs[0].assumptions)


def test_archives_and_lone_episodes_are_read_as_well(tmp_path):
    steps = {
        f"step_{t}.{name}": value for t in range(5) for name, value in (("obs", OBSERVED[0][t]), ("act", ACTED[0][t]))
    }
    np.savez(tmp_path / "log.npz", **steps, **{f"step_{t}.rew": REWARDED[0][t] for t in range(5)})
    log = open_logs([tmp_path / "log.npz"])
    assert (log.episodes.length.tolist(), len(log.header.agents)) == ([5], 3)


def test_a_mapping_names_the_arrays_without_the_group(tmp_path):
    path = write_hdf5(tmp_path / "log.h5", arrays())
    (tmp_path / "map.toml").write_text(
        'convscope-mapping = 1\n[fields.actions]\npath = "/{episode}/actions"\naxes = ["time", "agent"]\n'
    )
    log = open_logs([path], mapping=read_mapping(tmp_path / "map.toml"))
    assert log.episodes.length.tolist() == list(LENGTHS)


@pytest.mark.parametrize("gone", ["obs", "actions"])
def test_a_gap_between_timesteps_is_an_error(tmp_path, gone):
    held = arrays()
    del held[f"episode_1/step_004/{gone}"]
    with pytest.raises(LogFormatError, match=f"step_004 holds no {gone}, which later timesteps have"):
        open_logs([write_hdf5(tmp_path / "log.h5", held)])


def test_timesteps_of_other_shapes_are_an_error(tmp_path):
    held = arrays()
    held["episode_1/step_007/actions"] = np.zeros(2, int)
    with pytest.raises(LogFormatError, match="timesteps must be alike"):
        open_logs([write_hdf5(tmp_path / "log.h5", held)])


def test_checkpoints_that_are_called_steps_stay_checkpoints(tmp_path):
    held = {
        f"step_{k}/{name}": value
        for k in range(3)
        for name, value in (("obs", OBSERVED[1][:12]), ("actions", ACTED[1]), ("reward", REWARDED[1]))
    }
    log = open_logs([write_hdf5(tmp_path / "log.h5", held)])
    assert log.episodes.checkpoints == ("step_0", "step_1", "step_2")
