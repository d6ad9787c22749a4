"""Every dataset and attribute of a convscope log, changed in ways that have hurt: read, or refused in one line.

Each gets the worst changes and one of the others in turn: all with all would take a minute.
"""

import io
import json

import h5py
import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.ingest.validate import validate_log
from convscope.ingest.writer import write_log
from convscope_loaders.convscope_log import LOADER
from tests.convscope_loaders.reading import complaint, read_through

DATASETS = (
    *(f"agents/{name}" for name in ("action_space", "declared_role", "group", "id", "slot", "team")),
    *(f"episodes/{name}" for name in ("checkpoint", "condition", "end", "length", "number", "path", "rows", "run")),
    *("episodes/start", "roles/name", "runs/name", "slots/agent", "steps/episode", "steps/t", "steps/team_reward"),
    *(f"groups/all/{name}" for name in ("action", "action_mask", "position", "status")),
)
ATTRIBUTES = (
    *(("/", name) for name in ("encoding-version", "fields", "notices", "producer", "required-features", "source")),
    *(("groups/all", name) for name in ("action_space", "name", "slots")),
    ("slots", "identities-persist"),
    ("groups/all/action", "_FillValue"),
)
ODD_VALUES = ("[[1]]", "[{}]", "{}", "1", "null", "x", "", "[" * 9000, "9" * 5000, 5, -1, 2**62, float("nan"), [7, 7])
ODD_SPACES = (
    {"type": "Discrete", "n": -3},
    {"type": "Discrete", "n": True},
    {"type": "Discrete", "n": 10**30},
    {"type": "MultiDiscrete", "nvec": []},
    {"type": "MultiDiscrete", "nvec": [-1, 0]},
    {"type": "Box", "shape": [-1]},
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "log.h5"
    columns = {
        "actions": np.zeros((6, 2, 1)),
        "action_masks": np.ones((6, 2, 2)),
        "positions": np.zeros((6, 2, 2)),
        "team_rewards": np.zeros(6),
    }
    log = log_from_arrays(columns, [4, 2], ["a", "b"], declared_roles={"a": "x", "b": "y"}, runs=["r1", "r2"])
    write_log(log, path)
    with h5py.File(path) as file, h5py.File(path.with_name("plain.h5"), "w") as plain:
        # Without the scales of its axes, which no reader needs, such a file is looked through in half the time.
        plain.attrs.update(file.attrs)
        for group in ("agents", "episodes", "groups", "roles", "runs", "slots", "steps"):
            file.copy(group, plain, without_attrs=False)
    return path.with_name("plain.h5").read_bytes()


def complaints(original, path, edit):
    content = io.BytesIO(original)
    with h5py.File(content, "r+") as file:
        edit(file)
    path.write_bytes(content.getvalue())
    said = (complaint(read_through, LOADER, path), complaint(validate_log, path))
    return [text for text in said if text]


def replaced(name, values):
    def edit(file):
        kept = {key: value for key, value in file[name].attrs.items() if key != "DIMENSION_LIST"}
        del file[name]
        file[name] = values
        file[name].attrs.update(kept)

    return edit


def odd_contents(values, turn):
    """Return the worst, and one of the others."""
    texts = [np.array(["9" * 5000] * len(values), "S5000"), np.array([b"zz"] * len(values)), h5py.Empty("f8")]
    shapes = [values[:-1], values.ravel()[0], values[:0], values[..., :0]]
    fills = [np.nan, 2**62, -5, np.inf, 0.5, 0] if values.dtype.kind in "iuf" else []
    others = [*texts, *shapes, np.zeros(len(values), [("a", "f4")]), *(np.full(values.shape, fill) for fill in fills)]
    worst = [np.stack([values, values], axis=1), np.concatenate([values, values])]
    return [*worst, others[-1 - turn % len(others)]]


@pytest.mark.parametrize(("turn", "name"), [*enumerate(DATASETS)])
def test_an_edited_dataset_is_read_or_refused_in_one_line(original, tmp_path, turn, name):
    with h5py.File(io.BytesIO(original)) as file:
        values = file[name][()]
    for odd in odd_contents(values, turn):
        said = complaints(original, tmp_path / "log.h5", replaced(name, odd))
        assert not [line for line in said if "\n" in line]


@pytest.mark.parametrize(("turn", "place"), [*enumerate(ATTRIBUTES)])
def test_an_edited_attribute_is_read_or_refused_in_one_line(original, tmp_path, turn, place):
    where, name = place
    for value in ("[[1]]", ODD_VALUES[turn % len(ODD_VALUES)]):
        edit = lambda file, value=value: file[where].attrs.update({name: value})  # noqa: E731
        assert not [line for line in complaints(original, tmp_path / "log.h5", edit) if "\n" in line]


@pytest.mark.parametrize("space", ODD_SPACES)
def test_an_odd_action_space_is_read_or_refused_in_one_line(original, tmp_path, space):
    spaces = np.array([json.dumps(space).encode()] * 2)
    said = complaints(original, tmp_path / "log.h5", replaced("agents/action_space", spaces))
    assert not [line for line in said if "\n" in line]
