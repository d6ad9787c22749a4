"""Whatever is done to the arrays of a genuine file, it is read or refused in one line."""

import shutil

import h5py
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope_loaders.tensordict import LOADER
from tests.convscope_loaders.reading import complaint, read_through
from tests.convscope_loaders.tensordict.rollouts import DATA
from tests.convscope_loaders.test_hostile_shapes import mutate

CHECKPOINT = "trajectories_part/storage/checkpoint.h5"


@pytest.mark.parametrize("name", ["deaths_onehot.h5", "collected_0.h5", "tag.h5", CHECKPOINT])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_array_is_read_or_refused_in_one_line(tmp_path_factory, name, data):
    path = tmp_path_factory.mktemp("harm") / "log.h5"
    shutil.copy(DATA / name, path)
    mutate(path, data.draw)
    assert "\n" not in complaint(read_through, LOADER, path)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 1), (14, 1, 1)])
def test_flags_of_odd_shapes_are_refused_in_one_line(tmp_path, shape):
    path = tmp_path / "log.h5"
    shutil.copy(DATA / "turns.h5", path)
    with h5py.File(path, "r+") as file:
        del file["next/done"]
        file.create_dataset("next/done", shape, bool)
    assert "\n" not in complaint(read_through, LOADER, path)
