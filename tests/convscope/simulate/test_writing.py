import json
from dataclasses import replace

import numpy as np
import pytest

from convscope.errors import OutputError, UsageError
from convscope.simulate.composition import read_composition
from convscope.simulate.scenarios import SCENARIOS, Scale
from convscope.simulate.writing import find_scenario, write_scenario
from convscope.values.fields import ACTIONS, ATTENTION

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


def stated(folder):
    return json.loads((folder / "truth.json").read_text())["scale"]


def logs(folder):
    return {name: content for name, content in contents(folder).items() if name.suffix in {".h5", ".npz"}}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_truth_states_the_options_that_the_scenario_uses_and_no_others(tmp_path, scenario):
    write_scenario(scenario, tmp_path / "plain", scale=TINY, seed=0)
    for name, changed in (("noise", {"noise": 0.5}), ("members", {"members": (1, 2, 1)})):
        scale = replace(TINY, **changed)
        if name in stated(tmp_path / "plain"):
            write_scenario(scenario, tmp_path / name, scale=scale, seed=0)
            assert logs(tmp_path / "plain") != logs(tmp_path / name)
            assert stated(tmp_path / name)[name] == json.loads(json.dumps(changed[name]))
        else:
            assert logs_of(scenario.plant(scale, np.random.default_rng(0))) == logs_of(
                scenario.plant(TINY, np.random.default_rng(0))
            )
            with pytest.raises(UsageError, match=f"leave out --{'team' if name == 'members' else name}"):
                write_scenario(scenario, tmp_path / name, scale=scale, seed=0)


def logs_of(planted):
    fields = frozenset({ACTIONS})
    return [
        (name, block.columns[ACTIONS].tobytes(), block.columns[ATTENTION].tobytes() if log.has(ATTENTION) else b"")
        for name, log in planted.logs.items()
        for block in log.blocks(fields | ({ATTENTION} if log.has(ATTENTION) else set()), max_bytes=1 << 30)
    ]


def test_noise_that_a_scenario_has_by_itself_is_stated(tmp_path):
    write_scenario(find_scenario("random-policies"), tmp_path / "out", scale=TINY, seed=0)
    assert stated(tmp_path / "out")["noise"] == 0.3


@pytest.mark.parametrize("name", ["prior-true", "role-switching", "drift"])
def test_a_study_that_no_memory_holds_is_refused_with_its_size(tmp_path, name):
    huge = replace(TINY, n_episodes=100_000, n_steps=100_000)
    with pytest.raises(UsageError, match=r"weights, [\d,]+\.\d GB; at most 50,000,000 are simulated"):
        write_scenario(find_scenario(name), tmp_path / "out", scale=huge, seed=0)
    assert not (tmp_path / "out").exists()


def test_a_misspelt_scenario_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'swapped-roles'"):
        find_scenario("swaped-roles")


def test_a_team_is_read_as_it_is_written():
    assert read_composition("5-3-1", 3) == (5, 3, 1)


@pytest.mark.parametrize("text", ["", "2-2", "2-2-x", "2-2-0", "99-1-1", "1-1-1-1", "²-1-1"])
def test_a_team_that_is_none_is_told(text):
    with pytest.raises(UsageError, match="--team"):
        read_composition(text, 3)
