"""A mapping that the arrays show to be wrong is an error with its line; one that looks odd is read and noted."""

import numpy as np
import pytest

from convscope.errors import MappingError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs

E, T, N = 4, 10, 3
RNG = np.random.default_rng(6)
ARRAYS = {
    "obs": np.cumsum(RNG.normal(size=(E, T, N, 5)), axis=1),
    "actions": RNG.integers(4, size=(E, T, N)),
    "rewards": RNG.normal(size=(E, T, N)),
    "dones": np.broadcast_to(np.arange(T) == T - 1, (E, T)),
    "lengths": np.full(E, T),
    "names": np.array(["a", "b", "c"]),
}
GRID = 'axes = ["episode", "time", "agent"]'
ACTIONS = f'[fields.actions]\npath = "/actions"\n{GRID}\n'


def opened(tmp_path, text):
    np.savez(tmp_path / "log.npz", **ARRAYS)
    (tmp_path / "map.toml").write_text(f"convscope-mapping = 1\n{text}")
    return open_logs([tmp_path / "log.npz"], mapping=read_mapping(tmp_path / "map.toml"))


WRONG = {
    "an array that is not there": (f'[fields.actions]\npath = "/acts"\n{GRID}\n', 2, "there is no array /acts"),
    "an axis twice": ('[fields.actions]\npath = "/actions"\naxes = ["time", "time", "agent"]\n', 2, '"time" twice'),
    "values in the middle": (
        '[fields.actions]\npath = "/actions"\naxes = ["episode", "value", "agent"]\n',
        2,
        "last axes of an array",
    ),
    "rows and times": ('[fields.actions]\npath = "/actions"\naxes = ["row", "time", "agent"]\n', 2, "timestep of any"),
    "too many axes": (
        '[fields.actions]\npath = "/actions"\naxes = ["run", "episode", "time", "agent"]\n',
        2,
        r"\(4, 10, 3\) has not the axes",
    ),
    "no rows": ('[fields.actions]\npath = "/actions"\naxes = ["episode", "agent", "value"]\n', 2, '"time" or "row"'),
    "one array for two fields": (
        f'{ACTIONS}[fields.rewards]\npath = "/actions"\n{GRID}\n',
        5,
        "is given as actions already",
    ),
    "swapped axes of one field": (
        f'{ACTIONS}[fields.rewards]\npath = "/rewards"\naxes = ["agent", "time", "episode"]\n',
        5,
        "has 4 agents and /actions has 3",
    ),
    "fractions as one-hot": (f'[fields.actions]\npath = "/rewards"\n{GRID}\none_hot = true\n', 2, "is not one-hot"),
    "fractions with names": (
        f'[fields.actions]\npath = "/rewards"\n{GRID}\nvalues = ["left", "right"]\n',
        2,
        "holds fractions, not numbers of named values",
    ),
    "rewards as time": (
        f'{ACTIONS}[episodes]\ncut = "whole"\ntime = {{ path = "/rewards", {GRID} }}\n',
        7,
        "holds fractions, not flags or numbers of steps",
    ),
    "rewards as end flags": (
        f'{ACTIONS}[episodes]\ncut = "first-flag"\nlist = {{ path = "/rewards", {GRID} }}\n',
        7,
        "holds fractions",
    ),
    "texts as flags": (f'{ACTIONS}[agents]\nalive = {{ path = "/names", axes = ["agent"] }}\n', 6, "texts or records"),
    "names of more agents": (f'{ACTIONS}[agents]\nnames = ["a", "b"]\n', 6, "2 names for 3 agents"),
    "entries beyond the agents": (f"{ACTIONS}take = [7]\n", 2, "take names entries"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_the_arrays_contradict_is_an_error_with_its_line(tmp_path, wrong):
    text, line, said = WRONG[wrong]
    with pytest.raises(MappingError, match=rf"^map.toml:{line}: .*{said}"):
        opened(tmp_path, text)


def test_an_array_that_is_called_otherwise_is_read_with_a_notice(tmp_path):
    log = opened(tmp_path, f'[fields.actions]\npath = "/rewards"\n{GRID}\n')
    (notice,) = [notice for notice in log.header.notices if notice.code == "suspicious-mapping"]
    assert notice.message.startswith("map.toml:2: /rewards is read as actions")


def test_a_right_mapping_is_read_without_a_word(tmp_path):
    log = opened(
        tmp_path, f'{ACTIONS}[episodes]\ncut = "lengths"\nlist = {{ path = "/lengths", axes = ["episode"] }}\n'
    )
    assert log.episodes.length.tolist() == [T] * E
    assert "suspicious-mapping" not in {notice.code for notice in log.header.notices}
