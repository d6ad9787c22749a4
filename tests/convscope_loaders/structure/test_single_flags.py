"""A group that says once how its episode ended is taken at its word, as an attribute or a dataset without axes."""

import h5py
import numpy as np
import pytest

from convscope.values.status import EndKind
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import opened_by

ENDS = [True, False, True, True]


def log(folder, name, *, is_attribute, ends=ENDS):
    rng = np.random.default_rng(3)
    with h5py.File(folder / "log.h5", "w") as file:
        for number, is_end in enumerate(ends):
            group = file.create_group(f"episode_{number}")
            group["obs"] = rng.normal(size=(7 + number, 3, 4))
            group["actions"] = rng.integers(0, 4, (7 + number, 3))
            if is_end is not None and is_attribute:
                group.attrs[name] = is_end
            elif is_end is not None:
                group[name] = is_end
    return opened_by(LOADER, folder / "log.h5")


@pytest.mark.parametrize("is_attribute", [True, False], ids=["attribute", "dataset"])
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("terminated", (EndKind.TERMINATED, EndKind.UNKNOWN)),
        ("truncated", (EndKind.TRUNCATED, EndKind.UNKNOWN)),
        # Why an episode ended, "done" does not say; one without it was cut.
        ("done", (EndKind.UNKNOWN, EndKind.CUT)),
    ],
)
def test_the_flag_of_a_group_is_that_of_its_episode(tmp_path, name, kinds, is_attribute):
    found = log(tmp_path, name, is_attribute=is_attribute)
    assert found.episodes.end.tolist() == [kinds[0] if is_end else kinds[1] for is_end in ENDS]
    assert f"/{{episode}}/{name} says how each episode ended" in found.header.inputs[0].assumptions


def test_a_flag_that_some_groups_lack_says_nothing(tmp_path):
    found = log(tmp_path, "terminated", is_attribute=True, ends=[True, None, False])
    assert set(found.episodes.end.tolist()) == {EndKind.UNKNOWN}
