"""Whatever is done to an array of a log of NumPy files, it is read or refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope_loaders.jaxmarl import LOADER as JAXMARL
from convscope_loaders.numpy_files import LOADER as NUMPY
from convscope_loaders.omar import LOADER as OMAR
from convscope_loaders.pymarl import LOADER as PYMARL
from convscope_loaders.skrl import LOADER as SKRL
from tests.convscope_loaders.reading import complaint, read_through

DATA = Path(__file__).parents[1] / "data"
DTYPES = st.sampled_from(["<f4", "<i8", "|u1", "|b1", "<c8", "O", "U2"])
FILLS = st.sampled_from([-(2**40), -1, 0, 1, 255, 2**40])


def arrays_of(path):
    """Arrays by file and name within it; the name is empty for a file of one array."""
    if path.is_dir():
        return {
            (inside.name, name): a
            for inside in sorted(path.glob("*.np?"))
            for (_, name), a in arrays_of(inside).items()
        }
    if path.suffix == ".npy":
        return {(path.name, ""): np.load(path)}
    with np.load(path) as arrays:
        return {(path.name, name): arrays[name] for name in arrays.files}


def write(folder, arrays):
    for file in {file for file, _ in arrays}:
        inside = {name: array for (other, name), array in arrays.items() if other == file}
        if "" in inside:
            np.save(folder / file, inside[""])
        else:
            np.savez(folder / file, **inside)


def mutated(array, draw):
    how = draw(st.sampled_from(["shape", "type", "values", "nan", "scalar"]))
    if how == "shape":
        shape = list(array.shape)
        shape = draw(st.permutations(shape) | st.just(shape[:-1]) | st.just([*shape, 2]) | st.just([1, *shape]))
        return np.resize(array, [max(0, n + draw(st.integers(-1, 1))) for n in shape])
    if how == "type":
        return np.ones(array.shape).astype(draw(DTYPES))
    if how == "values":
        return np.full(array.shape, draw(FILLS)).astype(array.dtype)
    if how == "nan" and array.dtype.kind in "biuf":
        return np.where(np.arange(array.size).reshape(array.shape) % 3, np.nan, array)
    return np.array(1, array.dtype)


@pytest.mark.parametrize(
    ("loader", "path"),
    [
        (JAXMARL, DATA / "jaxmarl" / "smax_3m.npz"),
        (JAXMARL, DATA / "jaxmarl" / "spread.npz"),
        (OMAR, DATA / "omar" / "seed_0_data"),
        (PYMARL, DATA / "alberdice"),
        (NUMPY, DATA / "alberdice"),
        (SKRL, DATA / "skrl" / "memories"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_array_is_read_or_refused_in_a_sentence(tmp_path_factory, loader, path, data):
    arrays = arrays_of(path)
    for _ in range(data.draw(st.integers(1, 2))):
        chosen = data.draw(st.sampled_from(sorted(arrays)))
        if data.draw(st.booleans()):
            arrays[chosen] = mutated(arrays[chosen], data.draw)
        else:
            del arrays[chosen]
    folder = tmp_path_factory.mktemp("hostile")
    write(folder, arrays)
    here = folder if path.is_dir() else folder / path.name
    assert "\n" not in complaint(read_through, loader, here)
