import pytest

from convscope.errors import OutputError, UsageError
from convscope.simulate.composition import read_composition
from convscope.simulate.scenarios import SCENARIOS, Scale
from convscope.simulate.writing import find_scenario, write_scenario

TINY = Scale(n_runs=2, n_episodes=2, n_steps=4)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, scenario):
    for name, seed in (("first", 0), ("second", 0), ("third", 1)):
        write_scenario(scenario, tmp_path / name, scale=TINY, seed=seed)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert contents(tmp_path / "first") != contents(tmp_path / "third")


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_scenario(SCENARIOS[0], tmp_path / "out", scale=TINY, seed=0)
    assert contents(tmp_path) == {}


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OutputError, match="cannot write"):
        write_scenario(SCENARIOS[0], tmp_path / "no" / "out", scale=TINY, seed=0)


def test_a_misspelt_scenario_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'swapped-roles'"):
        find_scenario("swaped-roles")


def test_a_team_is_read_as_it_is_written():
    assert read_composition("5-3-1", 3) == (5, 3, 1)


@pytest.mark.parametrize("text", ["", "2-2", "2-2-x", "2-2-0", "99-1-1", "1-1-1-1", "²-1-1"])
def test_a_team_that_is_none_is_told(text):
    with pytest.raises(UsageError, match="--team"):
        read_composition(text, 3)
