"""What was seen after an episode's last step closes it, wherever the file keeps it."""

from functools import partial

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.values.status import Status
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import opened_by, rows_of
from tests.convscope_loaders.reading import write_hdf5 as write

opened = partial(opened_by, LOADER)


def flat(lengths, n_agents=2, width=3, seed=0):
    """Return rows of episodes, and what each agent saw in each episode, the final observation included."""
    rng = np.random.default_rng(seed)
    seen = [rng.normal(size=(n + 1, n_agents, width)) for n in lengths]
    arrays = {
        "observations": np.concatenate([episode[:-1] for episode in seen]),
        "next_observations": np.concatenate([episode[1:] for episode in seen]),
        "actions": rng.integers(4, size=(sum(lengths), n_agents)),
        "dones": np.isin(np.arange(sum(lengths)), np.cumsum(lengths) - 1),
    }
    return arrays, np.concatenate(seen)


# As many rows as agents could be either.
LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=5).filter(lambda lengths: sum(lengths) != 2)


@given(lengths=LENGTHS, max_bytes=st.sampled_from([1, 300, 1 << 20]))
@settings(max_examples=25, deadline=None)
def test_the_last_entry_of_what_follows_each_step_is_the_final_observation(tmp_path_factory, lengths, max_bytes):
    path = tmp_path_factory.mktemp("finals") / "log.h5"
    arrays, seen = flat(lengths)
    write(path, arrays)
    log = opened(path)
    assert log.episodes.length.tolist() == lengths
    assert (log.episodes.rows - log.episodes.length == 1).all()
    status, observed = rows_of(log, "observations", max_bytes=max_bytes)
    assert np.array_equal(observed, seen)
    is_closing = np.isin(np.arange(len(seen)), np.cumsum(np.array(lengths) + 1) - 1)
    assert np.array_equal(status[:, 0] == Status.WAITING, is_closing)
    assert np.array_equal(np.isnan(rows_of(log, "actions", max_bytes=max_bytes)[1][:, 0, 0]), is_closing)


def test_the_first_observation_after_a_reset_is_no_final_one(tmp_path):
    arrays, _ = flat([4, 3, 5])
    starts = np.array([0, 4, 7])
    arrays["next_observations"][starts[1:] - 1] = arrays["observations"][starts[1:]]
    write(tmp_path / "log.h5", arrays)
    log = opened(tmp_path / "log.h5")
    assert log.episodes.rows.tolist() == [4, 3, 5]
    assert "no-final-observations" in {notice.code for notice in log.header.notices}


def test_an_agent_that_died_before_the_end_has_no_final_observation(tmp_path):
    arrays = {}
    for agent, n in (("archer_0", 4), ("archer_1", 2)):
        walk = np.arange(2.0 * (n + 1)).reshape(n + 1, 2)
        arrays |= {f"{agent}/episode_0/obs": walk[:-1], f"{agent}/episode_0/next_obs": walk[1:]}
        arrays[f"{agent}/episode_0/act"] = np.zeros(n, int)
    write(tmp_path / "log.h5", arrays)
    status, observed = rows_of(opened(tmp_path / "log.h5"), "observations")
    assert status[4].tolist() == [Status.WAITING, Status.DEAD]
    assert observed[4, 0].tolist() == [8, 9]
    assert np.isnan(observed[2:, 1]).all()


def test_who_is_dead_at_the_last_step_stays_dead_and_the_others_wait(tmp_path):
    arrays, _ = flat([3, 2])
    alive = np.ones((5, 2), bool)
    alive[2, 1] = False
    write(tmp_path / "log.h5", arrays | {"alive": alive})
    status, _ = rows_of(opened(tmp_path / "log.h5"), "observations")
    assert status.tolist() == [[1, 1], [1, 1], [1, 3], [2, 3], [1, 1], [1, 1], [2, 2]]


def test_a_mapping_may_name_what_follows_each_step(tmp_path):
    arrays, seen = flat([3, 2])
    write(tmp_path / "log.h5", {"a": arrays["actions"], "d": arrays["dones"], "x": arrays["observations"]})
    with h5py.File(tmp_path / "log.h5", "a") as file:
        file["y"] = arrays["next_observations"]
    text = (
        "convscope-mapping = 1\n"
        '[fields.actions]\npath = "/a"\naxes = ["row", "agent"]\n'
        '[fields.observations]\npath = "/x"\naxes = ["row", "agent", "value"]\nnext = "/y"\n'
    )
    (tmp_path / "map.toml").write_text(text)
    mapping = read_mapping(tmp_path / "map.toml")
    assert np.array_equal(rows_of(opened(tmp_path / "log.h5", mapping), "observations")[1], seen)
    with h5py.File(tmp_path / "log.h5", "a") as file:
        del file["y"]
        file["y"] = arrays["next_observations"][:, :, :2]
    with pytest.raises(LogFormatError, match=r"/y \(5, 2, 2\) is not shaped like /x \(5, 2, 3\)"):
        opened(tmp_path / "log.h5", mapping)


def test_rewards_with_a_row_more_than_actions_are_told(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"observations": rng.random((4, 9, 3, 5)), "actions": rng.integers(3, size=(4, 8, 3))}
    rewards = np.tile(np.arange(9.0)[None, :, None], (4, 1, 3))

    def codes(n_rows):
        path = write(tmp_path / f"{n_rows}.h5", {**arrays, "n_agents": np.array(3), "rewards": rewards[:, :n_rows]})
        return [notice.code for notice in opened(path).header.notices]

    assert "rewards-longer" in codes(9)
    assert "rewards-longer" not in codes(8)
