"""Whatever becomes of one array of a D4RL, robomimic or d3rlpy file, it is read or refused in words."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import probe
from convscope_loaders.d3rlpy import LOADER as D3RLPY
from convscope_loaders.d4rl import LOADER as D4RL
from convscope_loaders.robomimic import LOADER as ROBOMIMIC
from tests.convscope_loaders.reading import complaint, read_through
from tests.convscope_loaders.test_hostile_shapes import mutate

DATA = Path(__file__).parents[1] / "data"
FILES = [
    (D4RL, "flat_hdf5/d4rl_joint.hdf5"),
    (ROBOMIMIC, "flat_hdf5/robomimic_joint.hdf5"),
    (D3RLPY, "d3rlpy/joint.h5"),
    (D3RLPY, "d3rlpy/tuple.h5"),
    (D3RLPY, "d3rlpy/single.h5"),
]
TEAM = LogMapping(agents=("a", "b", "c"), file="map.toml")


@pytest.mark.parametrize(("loader", "name"), FILES, ids=[name for _, name in FILES])
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_array_is_read_or_refused_in_words(tmp_path_factory, loader, name, data):
    path = tmp_path_factory.mktemp("hostile") / Path(name).name
    shutil.copy(DATA / name, path)
    mutate(path, data.draw)
    assert loader.sniff(probe(path, path.name)).score in {0.0, 0.9}
    for mapping in (None, TEAM):
        assert "\n" not in complaint(read_through, loader, path, mapping)
