"""A layout is proposed where numbers tell it, and nothing is proposed on noise."""

import tomllib

import numpy as np
import pytest

from convscope.ingest.layout_file import read_layout
from convscope.ingest.layout_proposal import layout_text, propose_layout
from convscope.ingest.memory import log_from_arrays
from convscope.values.layout import SlotKind

E, T, N = 30, 20, 3
NAMES = ["agent_0", "agent_1", "agent_2"]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def walks(rng, n=N):
    """Positions of agents that walk at random from random places, one episode after the other, (E T, n, 2)."""
    starts = rng.normal(size=(E, 1, n, 2))
    return (starts + 0.1 * rng.normal(size=(E, T, n, 2)).cumsum(axis=1)).reshape(E * T, n, 2)


def others(values, receiver):
    return [values[:, other] for other in range(values.shape[1]) if other != receiver]


def log_of(observations, **columns):
    actions = np.zeros((E * T, N, 1))
    return log_from_arrays({"actions": actions, "observations": observations, **columns}, [T] * E, NAMES)


def slots(log, tmp_path):
    """What the proposed file says once it is read: kind, whom, columns."""
    path = tmp_path / "layout.toml"
    path.write_text(layout_text(propose_layout(log)), encoding="utf-8")
    layout = read_layout(path, log)
    return {(each.name, slot.label): slot.columns for each in layout.receivers for slot in each.slots}, layout


def test_positions_relative_to_the_receiver_are_recognised_without_logged_positions(tmp_path, rng):
    places = walks(rng)
    noise = rng.normal(size=(E * T, N, 1))
    seen = [
        np.concatenate([places[:, i], *(x - places[:, i] for x in others(places, i)), noise[:, i]], 1) for i in range(N)
    ]
    found, layout = slots(log_of(np.stack(seen, axis=1)), tmp_path)
    assert found == {("all", "other 1"): (2, 3), ("all", "other 2"): (4, 5)}
    assert layout.of("agent_0").slots[0].kind is SlotKind.OTHER


def test_what_is_shown_only_within_sight_is_recognised_and_so_are_scale_and_float32(tmp_path, rng):
    places = walks(rng)
    seen = []
    for i in range(N):
        apart = [x - places[:, i] for x in others(places, i)]
        shown = [np.where(np.linalg.norm(d, axis=1)[:, None] < 2.0, d / 2.0, 0.0) for d in apart]
        seen.append(np.concatenate([*shown, rng.normal(size=(E * T, 1))], axis=1))
    observations = np.stack(seen, axis=1).astype(np.float32).astype(np.float64)
    found, _ = slots(log_of(observations, positions=places), tmp_path)
    assert found == {("all", "other 1"): (0, 1), ("all", "other 2"): (2, 3)}


def test_rows_that_stand_for_all_agents_are_named_by_agent(tmp_path, rng):
    places = walks(rng)
    own = rng.normal(size=(E * T, N, 1))
    seen = [np.concatenate([own[:, i], (places - places[:, [i]]).reshape(E * T, -1)], axis=1) for i in range(N)]
    found, _ = slots(log_of(np.stack(seen, axis=1), positions=places), tmp_path)
    assert found == {("all", "agent_0"): (1, 2), ("all", "agent_1"): (3, 4), ("all", "agent_2"): (5, 6)}


def test_the_last_action_and_a_message_of_another_agent_are_recognised(tmp_path, rng):
    actions = rng.integers(0, 4, (E * T, N, 1)).astype(float)
    messages = rng.normal(size=(E * T, N, 1))
    last = np.concatenate([np.full((1, N), np.nan), actions[:-1, :, 0]])
    last[::T] = 0.0
    seen = [np.stack([*others(last, i), *others(messages[..., 0], i)], axis=1) for i in range(N)]
    log = log_from_arrays(
        {"actions": actions, "messages": messages, "observations": np.stack(seen, axis=1)}, [T] * E, NAMES
    )
    found, _ = slots(log, tmp_path)
    assert found == {("all", "other 1"): (0, 2), ("all", "other 2"): (1, 3)}


@pytest.mark.parametrize("kind", ["noise", "walks", "clock", "binary"])
def test_nothing_is_proposed_on_noise(tmp_path, rng, kind):
    shape = (E * T, N, 12)
    made = {
        "noise": lambda: rng.normal(size=shape),
        "walks": lambda: np.concatenate([walks(rng) for _ in range(6)], axis=2),
        # Everybody moves along the same path at the same pace: the clock would explain it as well.
        "clock": lambda: np.tile(np.arange(T), E)[:, None, None] * rng.normal(size=(1, N, 12)),
        "binary": lambda: (rng.random(shape) < 0.02).astype(float),
    }
    found, layout = slots(log_of(made[kind](), positions=walks(rng)), tmp_path)
    assert found == {}
    assert layout.of("agent_0").own == ()


def test_agents_in_lockstep_are_not_told_apart(tmp_path, rng):
    places = walks(rng)
    places[:, 2] = places[:, 1] + 1.0
    seen = [np.concatenate([x - places[:, i] for x in others(places, i)], axis=1) for i in range(N)]
    found, _ = slots(log_of(np.stack(seen, axis=1), positions=places), tmp_path)
    assert found == {}


def test_what_a_third_agent_is_about_is_not_laid_at_the_door_of_who_shows_it_too(tmp_path, rng):
    """A shared clock and a shared goal stand at another place in each observation: they are nobody's."""
    goal = np.repeat(rng.normal(size=(E, 1)), T, axis=0)
    weather = rng.normal(size=(E * T, 1))
    noise = rng.normal(size=(E * T, N, 1))
    seen = [np.roll(np.concatenate([goal, weather, noise[:, i]], axis=1), i, axis=1) for i in range(N)]
    found, _ = slots(log_of(np.stack(seen, axis=1)), tmp_path)
    assert found == {}


def test_too_few_episodes_are_not_looked_at_and_the_file_says_so():
    log = log_from_arrays({"actions": np.zeros((40, 3, 1)), "observations": np.zeros((40, 3, 2))}, [20, 20], NAMES)
    proposal = propose_layout(log)
    text = layout_text(proposal)
    assert "fewer than 5 episodes" in proposal.untested
    assert "Nothing was tested" in text
    assert tomllib.loads(text)["receivers"]["all"]["unknown"] == ["0-1"]
    assert propose_layout(log_from_arrays({"actions": np.zeros((40, 3, 1))}, [20, 20], NAMES)) is None


def test_names_of_strangers_cannot_break_out_of_the_file(rng):
    places = walks(rng)
    seen = [np.concatenate(others(places, i), axis=1) for i in range(N)]
    names = ['a"]\n[policy]\nx = ["', "b.c", "d*"]
    key = "info/evil\nconvscope-layout = 7"
    columns = {"actions": np.zeros((E * T, N, 1)), "observations": np.stack(seen, axis=1), key: places}
    told = tomllib.loads(layout_text(propose_layout(log_from_arrays(columns, [T] * E, names))))
    assert set(told) == {"convscope-layout", "receivers"}
    assert told["convscope-layout"] == 1
    assert told["receivers"]["all"]["of_other"] == {"1": ["0-1"], "2": ["2-3"]}


def test_numbers_beyond_measure_are_missing_ones(tmp_path, rng):
    places = walks(rng)
    seen = np.stack([np.concatenate([x - places[:, i] for x in others(places, i)], axis=1) for i in range(N)], axis=1)
    seen[::7, 0, 0], seen[::11, 1, 1], seen[3] = 1e300, np.inf, np.nan
    found, _ = slots(log_of(seen, positions=places), tmp_path)
    assert found == {("all", "other 1"): (0, 1), ("all", "other 2"): (2, 3)}
