"""Whatever a file does to one of its datasets, it is read or refused in one line."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.ingest.memory import log_from_arrays
from convscope.ingest.validate import validate_log
from convscope.ingest.writer import write_log
from convscope_loaders.convscope_log import LOADER as CONVSCOPE
from convscope_loaders.minari import LOADER as MINARI
from convscope_loaders.pymarl import LOADER as PYMARL
from tests.convscope_loaders.reading import complaint, read_through

DATA = Path(__file__).parents[1] / "data"
DTYPES = ["<f4", "<i8", "|u1", "|b1", "S3", [("a", "<f4")]]


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    columns = {
        "actions": np.zeros((6, 2, 1)),
        "action_masks": np.ones((6, 2, 2)),
        "observations": np.zeros((6, 2, 3)),
        "attention": np.full((6, 1, 2, 2), 0.5),
        "messages": np.zeros((6, 2, 3)),
        "pair_messages": np.zeros((6, 3, 2, 2)),
        "info/x": np.zeros((6, 2)),
        "state": np.zeros((6, 4)),
    }
    write_log(log_from_arrays(columns, [4, 2], ["a", "b"], declared_roles=[["x", "y"], ["y", "x"]]), folder / "log.h5")
    return {
        CONVSCOPE: folder / "log.h5",
        MINARI: DATA / "minari" / "main_data.hdf5",
        PYMARL: DATA / "pymarl" / "part_0.h5",
    }


def mutate(path, draw):
    with h5py.File(path, "r+") as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        name = draw(st.sampled_from(sorted(names)))
        before = file[name]
        how = draw(st.sampled_from(["remove", "shape", "type", "values"]))
        shape = list(before.shape)
        if how == "shape":
            shape = draw(st.permutations(shape) | st.just(shape[:-1]) | st.just([*shape, 2]) | st.just([1, *shape]))
            shape = [max(0, n + draw(st.integers(-1, 1))) for n in shape]
        kind = draw(st.sampled_from(DTYPES)) if how == "type" else before.dtype
        fill = draw(st.sampled_from([-(2**40), -1, 0, 1, 255, 2**40])) if how == "values" else 1
        del file[name]
        if how != "remove":
            values = np.ones(shape) * fill
            file[name] = np.zeros(shape, kind) if how == "type" else values.astype("<i8" if how == "values" else "<f8")


@pytest.mark.parametrize("loader", [CONVSCOPE, MINARI, PYMARL], ids=lambda loader: loader.name)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_dataset_is_read_or_refused_in_one_line(tmp_path_factory, originals, loader, data):
    path = tmp_path_factory.mktemp("hostile") / originals[loader].name
    shutil.copy(originals[loader], path)
    mutate(path, data.draw)
    assert "\n" not in complaint(read_through, loader, path)
    if loader is CONVSCOPE:
        assert "\n" not in complaint(validate_log, path)
