"""Agents that see only zeros until the end, or have no health, are counted in a notice; a mapping marks them dead."""

import numpy as np
import pytest

from convscope.values.status import Status
from convscope_loaders.hdf5 import LOADER as HDF5
from convscope_loaders.table import LOADER as TABLE
from tests.convscope_loaders.reading import joined, mapped, opened_by, write_hdf5
from tests.convscope_loaders.table.rows import write

E, T, N = 6, 8, 2
# The second agent is out after five steps.
IS_OUT = np.zeros((E, T, N), bool)
IS_OUT[:, 5:, 1] = True
RNG = np.random.default_rng(5)
OBSERVATIONS = np.where(IS_OUT[..., None], 0.0, RNG.normal(size=(E, T, N, 3)))
HEALTH = np.where(IS_OUT, 0.0, 2.5)
DONES = np.arange(T)[None].repeat(E, 0) == T - 1


def arrays(folder, **more):
    actions = RNG.integers(0, 4, (E, T, N))
    return write_hdf5(folder / "log.h5", {"actions": actions, "dones": DONES, **more})


def table(folder, **columns):
    rows = [
        {"episode": e, "t": t, "agent": "ab"[n], "action": (e + t) % 3}
        | {name: float(values[e, t, n]) for name, values in columns.items()}
        for e in range(E)
        for t in range(T)
        for n in range(N)
    ]
    return write(folder / "log.csv", rows)


def of_observations(observations):
    return {f"obs_{number}": observations[..., number] for number in range(3)}


CASES = {
    "observations": (HDF5, lambda folder: arrays(folder, obs=OBSERVATIONS), "dead_see_nothing = true under [agents]"),
    "health": (
        HDF5,
        lambda folder: arrays(folder, obs=OBSERVATIONS + 1, health=HEALTH),
        'alive = { path = "/health", axes = ["episode", "time", "agent"] } under [agents]',
    ),
    "columns": (
        TABLE,
        lambda folder: table(folder, **of_observations(OBSERVATIONS)),
        "dead_see_nothing = true under [table]",
    ),
    "hp": (TABLE, lambda folder: table(folder, hp=HEALTH, obs=HEALTH + 1), 'alive = "hp" under [table]'),
}


def doubts(log):
    return [notice.message for notice in log.header.notices if notice.code == "may-be-dead"]


@pytest.mark.parametrize("case", CASES)
def test_who_looks_dead_is_counted_and_marked_by_what_the_notice_says(tmp_path, case):
    loader, made, remedy = CASES[case]
    path = made(tmp_path)
    log = opened_by(loader, path)
    assert (joined(log)[0] == Status.ACTING).all()
    [said] = doubts(log)
    assert f"in {IS_OUT.sum()} rows of single agents" in said
    assert f"say {remedy} in a mapping" in said
    line, _, section = remedy.partition(" under ")
    told = opened_by(loader, path, mapped(tmp_path, f"convscope-mapping = 1\n{section}\n{line}\n"))
    assert np.array_equal(joined(told)[0].reshape(E, T, N) == Status.DEAD, IS_OUT)
    assert not doubts(told)


def test_zeros_that_end_or_that_all_see_or_that_one_always_sees_are_no_deaths(tmp_path):
    back, everybody, always = OBSERVATIONS.copy(), OBSERVATIONS.copy(), OBSERVATIONS.copy()
    back[0, 7, 1] = 1.0
    everybody[:, 5:] = 0.0
    always[:, :, 1] = 0.0
    for name, observations in (("back", back), ("everybody", everybody), ("always", always)):
        folder = tmp_path / name
        folder.mkdir()
        assert not doubts(opened_by(TABLE, table(folder, **of_observations(observations))))


def test_a_mapping_that_says_no_is_not_asked_again(tmp_path):
    path = arrays(tmp_path, obs=OBSERVATIONS)
    log = opened_by(HDF5, path, mapped(tmp_path, "convscope-mapping = 1\n[agents]\ndead_see_nothing = false\n"))
    assert (joined(log)[0] == Status.ACTING).all()
    assert not doubts(log)


def test_those_who_see_nothing_late_in_a_log_are_told_as_well(tmp_path):
    n_episodes, n_observed = 60, 4000
    observed = np.ones((n_episodes, 10, N, n_observed), "f4")
    observed[..., 0] = np.arange(10)[:, None]
    observed[-20:, 5:, 1] = 0
    path = write_hdf5(
        tmp_path / "log.h5", {"actions": np.zeros((n_episodes, 10, N), int), "obs": observed}, agents=["a", "b"]
    )
    (doubt,) = doubts(opened_by(HDF5, path))
    assert f"of {n_episodes} were looked at" in doubt
