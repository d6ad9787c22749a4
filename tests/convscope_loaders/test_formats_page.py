"""The table of docs/formats.md names what is there, leaves nobody out, and every loader in it reads its sample."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from convscope.ingest.choice import installed_loaders
from convscope.ingest.finding import find_logs
from convscope.ingest.inspect import inspect_logs

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SAMPLES = {
    "D4RL": None,  # whose columns are whose, only a mapping can say
    "MADT": None,  # a pickle
    "OffPyMARL": DATA / "pymarl/part_0.h5",
    "AlberDICE": DATA / "alberdice",
    "OMAR": DATA / "omar",
    "OMIGA": DATA / "pymarl/lbf-random.hdf5",
    "Minari": DATA / "minari/main_data.hdf5",
    "TorchRL": DATA / "tensordict/rollout.h5",
    "BenchMARL": DATA / "tensordict/benchmarl.h5",
    "RLlib": DATA / "rllib/multi_agent_episodes",
    "Flashbax": DATA / "flashbax/3ag.vlt",
    "Tianshou": DATA / "tianshou/single_buffer_ring.hdf5",
    "robomimic": DATA / "flat_hdf5/robomimic_joint.hdf5",
    "d3rlpy": DATA / "d3rlpy/single.h5",
    "JaxMARL": DATA / "jaxmarl/smax_3m.npz",
    "skrl": DATA / "skrl/memories",
    "Flatland": DATA / "flatland/trajectory",
    "MAgent2": DATA / "magent2/render",
    "Overcooked-AI": DATA / "overcooked_ai/random_cramped_room.json",
    "anybody's HDF5": ROOT / "sample_data/overcooked/log.h5",
}
PAGE = (ROOT / "docs" / "formats.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.split("## Traps")[0].splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| framework"))
]
LOADERS = {found.loader.name for found in installed_loaders()[0] if found.distribution.startswith("convscope ")}
RECORDERS = {point.name for point in entry_points(group="convscope.recorders")}


def names(cell):
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_loader_and_recorder_in_the_table_is_there_and_none_is_left_out():
    assert len(ROWS) >= 20
    assert set().union(*(names(row[2]) for row in ROWS)) == LOADERS
    recorders = set().union(*(names(row[3]) for row in ROWS))
    assert recorders == RECORDERS | {"Recorder", "add_batch"}


@pytest.mark.parametrize("framework", [name for name, sample in SAMPLES.items() if sample is not None])
def test_the_sample_of_a_framework_is_read_by_the_loader_of_its_row(framework):
    (row,) = [row for row in ROWS if row[0].startswith(framework)]
    paths = find_logs([SAMPLES[framework]])
    seen = inspect_logs([paths[0]])[0]
    assert seen.problem is None
    assert names(row[2]) == {seen.loader}
    assert seen.log.episodes.n_episodes > 0


def test_extras_that_the_table_names_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = set().union(*(set(re.findall(r"extras? (`[^.]+)$", row[4])) for row in ROWS))
    assert {name for text in named for name in names(text)} <= set(extras)
