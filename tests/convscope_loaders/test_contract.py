"""Every loader that an entry point names keeps the contract on a log of its kind."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from convscope.errors import AmbiguousLogError
from convscope.ingest.choice import installed_loaders
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.ingest.writer import write_log
from convscope.testing import check_loader
from tests.convscope_loaders.table.rows import ROWS
from tests.convscope_loaders.table.rows import write as write_table

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
PYMARL = DATA / "alberdice"


def converted(path, log):
    write_log(open_logs([path]), log)
    return log


def npz_of(folder):
    """The genuine episodes of equal lengths, without the names that tell their framework."""
    arrays = {name: np.load(PYMARL / f"{name}.npy")[[0, 4]] for name in ("obs", "actions", "reward")}
    arrays["actions"] = arrays["actions"][:, :40, :, 0]
    arrays["reward"] = np.repeat(arrays["reward"][:, :40], 3, axis=2)
    np.savez(folder / "log.npz", n_agents=np.array(3), **arrays)
    return folder / "log.npz"


def madiff_of(folder):
    """The genuine episodes as the conversion of MADiff writes them."""
    lengths = [40, 33, 7, 6, 40, 40]

    def joined(name):
        return np.concatenate(
            [episode[:n] for episode, n in zip(np.load(PYMARL / f"{name}.npy"), lengths, strict=True)]
        )

    observed = joined("obs")
    ids = np.broadcast_to(np.eye(3, dtype="f4"), (sum(lengths), 3, 3))
    arrays = {
        "obs": np.concatenate([ids, observed], axis=-1),
        "legals": joined("avail_actions"),
        "actions": joined("actions")[..., 0],
        "rewards": np.repeat(joined("reward"), 3, axis=1),
        "path_lengths": np.array(lengths),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A log of a loader, or how it is made of another framework's."""

    path: Path | None = None
    made: Callable[[Path], Path] | None = None
    is_pickle: bool = False
    is_ambiguous: bool = False
    """Whether it is read with the mapping that its error proposes."""


SAMPLES = {
    "convscope": Sample(made=lambda folder: converted(DATA / "pymarl/part_0.h5", folder / "log.h5")),
    "d3rlpy": Sample(path=DATA / "d3rlpy/single.h5"),
    "d4rl": Sample(path=DATA / "flat_hdf5/d4rl_joint.hdf5", is_ambiguous=True),
    "flatland": Sample(path=DATA / "flatland/trajectory"),
    "hdf5": Sample(path=ROOT / "sample_data/smax/log.h5"),
    "jaxmarl": Sample(path=DATA / "jaxmarl/smax_3m.npz"),
    "madiff": Sample(made=madiff_of),
    "madt": Sample(path=DATA / "madt", is_pickle=True),
    "magent2": Sample(path=DATA / "magent2/battle"),
    "minari": Sample(path=DATA / "minari/main_data.hdf5"),
    "numpy": Sample(made=npz_of),
    "omar": Sample(path=DATA / "omar/seed_0_data"),
    "overcooked": Sample(path=DATA / "overcooked_ai/random_cramped_room.json"),
    "pymarl": Sample(path=DATA / "pymarl/part_0.h5"),
    "rllib": Sample(path=DATA / "rllib/multi_agent_episodes"),
    "robomimic": Sample(path=DATA / "flat_hdf5/robomimic_joint.hdf5"),
    "skrl": Sample(path=DATA / "skrl/memories"),
    "table": Sample(made=lambda folder: write_table(folder / "log.csv", ROWS)),
    "tensordict": Sample(path=DATA / "tensordict/rollout.h5"),
    "tianshou": Sample(path=DATA / "tianshou/single_buffer_ring.hdf5"),
    "vault": Sample(path=DATA / "flashbax/3ag.vlt/Random"),
}
LOADERS = {found.loader.name: found.loader for found in installed_loaders()[0]}


def test_no_loader_is_left_out():
    ours = {point.name for point in entry_points(group="convscope.loaders") if point.value.startswith("convscope_")}
    assert set(SAMPLES) == ours


@pytest.mark.parametrize("name", SAMPLES)
def test_a_loader_keeps_the_contract(name, tmp_path):
    sample, loader = SAMPLES[name], LOADERS[name]
    missing = [package for package in loader.requires if find_spec(package) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    path = sample.path or sample.made(tmp_path)
    mapping = None
    if sample.is_ambiguous:
        with pytest.raises(AmbiguousLogError) as caught:
            loader.open(probe(path, path.name), None)
        (tmp_path / "map.toml").write_text(caught.value.mapping)
        mapping = read_mapping(tmp_path / "map.toml")
    check_loader(loader, path, mapping=mapping, trusts_pickle=sample.is_pickle)
