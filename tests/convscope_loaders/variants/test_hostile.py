"""Hand-made logs with wrong shapes, types and numbers, and odd attributes, are read or refused; nothing crashes."""

import h5py
import numpy as np
import pytest

from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import complaint, read_through
from tests.convscope_loaders.variants.drawing import draw_layout, draw_worlds, pick
from tests.convscope_loaders.variants.layouts import write

DTYPES = ("<f4", "<i8", "|u1", "|b1", "S3", [("a", "<f4")])
NUMBERS = (-(2**40), -1, 0, 1, 255, 2**40)
VALUES = ("[[1]]", "[{}]", "", "[" * 9000, "9" * 5000, -1, 2**62, float("nan"), [7, 7], "a,b", ["a", "a", "b"])
ATTRIBUTES = (
    "agents",
    "roles",
    "teams",
    "seed",
    "checkpoint",
    "layout",
    "lengths",
    "episode_ends",
    "metadata",
    "names",
)
ARRAYS = (
    "roles",
    "teams",
    "seed",
    "layout",
    "lengths",
    "starts",
    "filled",
    "alive",
    "mask",
    "attn",
    "t",
    "eps_id",
    "done",
)


def names_of(file):
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names


def change_attribute(file, rng):
    place = pick(rng, ("/", *names_of(file)))
    if len(file[place].attrs) == 0 or place != "/":
        file[place].attrs[pick(rng, ATTRIBUTES)] = pick(rng, VALUES)


def add_array(file, rng):
    name, beside = pick(rng, ARRAYS), file[names_of(file)[0]].shape
    shape = pick(rng, ([3], [2, 2], [], list(beside[:1]), list(beside[:2]), list(beside)))
    if name not in file:
        file[name] = np.full(shape, pick(rng, NUMBERS)) if rng.integers(2) else np.zeros(shape, pick(rng, DTYPES))


def change_array(file, rng):
    name = pick(rng, names_of(file))
    before = file[name]
    shape = list(before.shape)
    how = pick(rng, ("remove", "order", "size", "type", "numbers", "lost"))
    del file[name]
    if how == "order":
        shape = [shape[place] for place in rng.permutation(len(shape))]
    if how == "size":
        shape = [max(0, size + int(rng.integers(-1, 2))) for size in pick(rng, (shape[:-1], [*shape, 2], [1, *shape]))]
    if how != "remove":
        fill = {"numbers": pick(rng, NUMBERS), "lost": pick(rng, (np.nan, np.inf))}.get(how, 1.0)
        file[name] = np.zeros(shape, pick(rng, DTYPES)) if how == "type" else np.full(shape, fill)


@pytest.mark.parametrize("seed", range(90))
def test_a_changed_log_is_read_or_refused(seed, tmp_path):
    path, rng = tmp_path / "log.h5", np.random.default_rng(seed)
    layout = draw_layout(rng)
    write(path, draw_worlds(rng, layout), layout)
    with h5py.File(path, "r+") as file:
        for _ in range(3):
            if names_of(file):
                pick(rng, (change_attribute, add_array, change_array, change_array))(file, rng)
    assert "\n" not in complaint(read_through, LOADER, path)
