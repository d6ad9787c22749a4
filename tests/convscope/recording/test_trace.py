"""An episode that is recorded step by step is the same as one that is handed over whole."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import UsageError
from convscope.ingest.open import find_logs, open_logs
from convscope.ingest.validate import validate_log
from convscope.record import EndKind, Recorder, Status
from convscope.recording.packed import PackedRows
from convscope.recording.plain_steps import PlainSteps
from convscope.values.header import ActionKind, ActionSpace

AGENTS = ("a_0", "a_1", "b")
SPACES = {agent: ActionSpace(kind=ActionKind.DISCRETE, n=(4,)) for agent in AGENTS}
A, W, D, NO = Status.ACTING, Status.WAITING, Status.DEAD, Status.ABSENT


def recorder(path, **options):
    return Recorder(path, agents=AGENTS, action_spaces=SPACES, commit_seconds=1000, **options)


def block_of(path, episode=0):
    log = open_logs(find_logs([path]))
    tasks = log.tasks(frozenset(spec.name for spec in log.header.fields), max_bytes=1)
    return log, tasks[episode].load()


def test_steps_make_the_rows_of_an_episode(tmp_path):
    with recorder(tmp_path / "log.h5") as log:
        trace = log.start_episode()
        for t in range(3):
            trace.observe({"observations": {a: np.full(2, 10 * t + i, np.float32) for i, a in enumerate(AGENTS)}})
            trace.observe({"positions": np.full((3, 2), t), "state": np.arange(4) + t})
            trace.act({"actions": dict.fromkeys(AGENTS, t), "rewards": [0, 1, t], "team_rewards": t / 2})
        trace.observe({"observations": dict.fromkeys(AGENTS, np.full(2, 99, np.float32))})
        trace.finish(EndKind.TERMINATED)
    header, block = block_of(tmp_path / "log.h5")
    assert header.episodes.end.tolist() == [EndKind.TERMINATED]
    assert block.status.tolist() == [[A, A, A]] * 3 + [[W, W, W]]
    assert block.columns["observations"][:, :, 0].tolist() == [[0, 1, 2], [10, 11, 12], [20, 21, 22], [99, 99, 99]]
    assert block.columns["actions"][:3, :, 0].tolist() == [[0] * 3, [1] * 3, [2] * 3]
    assert block.columns["rewards"][:3].tolist() == [[0, 1, 0], [0, 1, 1], [0, 1, 2]]
    assert block.columns["team_rewards"][:3].tolist() == [0, 0.5, 1]
    assert block.columns["state"][2].tolist() == [2, 3, 4, 5]
    for name in ("actions", "rewards", "team_rewards", "state", "positions"):
        assert np.isnan(block.columns[name][3]).all()


def test_an_agent_that_leaves_waits_with_its_last_observation_and_is_dead_then(tmp_path):
    def observe(*agents):
        trace.observe({"observations": {agent: np.zeros(2) for agent in agents}})

    with recorder(tmp_path / "log.h5") as log:
        trace = log.start_episode()
        observe("a_0", "a_1")
        trace.act({"actions": {"a_0": 1, "a_1": 1}})
        trace.leave(["a_1"])
        observe("a_0", "a_1", "b")
        trace.act({"actions": {"a_0": 1}})
        observe("a_0", "b")
        trace.act({"actions": {"a_0": 1, "b": 3}})
        observe("a_0", "b")
        trace.finish(EndKind.TRUNCATED)
    _, block = block_of(tmp_path / "log.h5")
    assert block.status.tolist() == [[A, A, NO], [A, W, W], [A, D, A], [W, D, W]]
    assert np.isfinite(block.columns["observations"]).all(axis=2).tolist() == [
        [True, True, False],
        [True, True, True],
        [True, False, True],
        [True, False, True],
    ]
    assert validate_log(tmp_path / "log.h5") == ()


def test_an_agent_that_comes_back_had_only_paused(tmp_path):
    with recorder(tmp_path / "log.h5") as log:
        trace = log.start_episode()
        trace.act({"actions": dict.fromkeys(AGENTS, 0)})
        trace.leave(["b"])
        trace.act({"actions": {"a_0": 0, "a_1": 0}})
        trace.act({"actions": dict.fromkeys(AGENTS, 0)})
        trace.finish(EndKind.CUT)
    _, block = block_of(tmp_path / "log.h5")
    assert block.status.tolist() == [[A, A, A], [A, A, W], [A, A, A]]


def test_whole_numbers_that_are_not_there_are_missing_and_not_zero(tmp_path):
    with recorder(tmp_path / "log.h5") as log:
        trace = log.start_episode()
        for t in range(3):
            trace.observe(
                {"observations": {AGENTS[t]: np.array([t + 1, 7], np.uint8)}, "info/health": {AGENTS[t]: 200}}
            )
            trace.act({"actions": {AGENTS[t]: t}})
        trace.finish(EndKind.TERMINATED)
    header, block = block_of(tmp_path / "log.h5")
    seen = block.columns["observations"]
    assert np.isnan(seen).all(axis=2).tolist() == (~np.eye(3, dtype=bool)).tolist()
    assert [seen[t, t].tolist() for t in range(3)] == [[1, 7], [2, 7], [3, 7]]
    assert block.columns["info/health"][np.eye(3, dtype=bool)].tolist() == [200, 200, 200]
    assert {spec.name: spec.dtype for spec in header.header.fields}["observations"] == "<i2"


def test_values_are_copied_when_they_are_handed_over(tmp_path):
    seen, action = np.zeros(2, np.float32), np.zeros((), np.int64)
    with recorder(tmp_path / "log.h5") as log:
        trace = log.start_episode()
        for t in range(3):
            seen[:], action[...] = t, t
            trace.observe({"observations": dict.fromkeys(AGENTS, seen)})
            trace.act({"actions": dict.fromkeys(AGENTS, action)})
        trace.finish(EndKind.CUT)
    _, block = block_of(tmp_path / "log.h5")
    assert block.columns["observations"][:, 0, 0].tolist() == [0, 1, 2]
    assert block.columns["actions"][:, 2, 0].tolist() == [0, 1, 2]


def test_an_episode_that_goes_on_is_cut_when_the_recorder_closes(tmp_path):
    with recorder(tmp_path / "log.h5") as log:
        log.start_episode()
        trace = log.start_episode()
        trace.act({"actions": dict.fromkeys(AGENTS, 0)})
    header, _ = block_of(tmp_path / "log.h5")
    assert header.episodes.length.tolist() == [1]
    assert header.episodes.end.tolist() == [EndKind.CUT]


def test_an_episode_that_cannot_be_recorded_does_not_take_others_with_it(tmp_path):
    log = recorder(tmp_path / "log.h5")
    for width in (2, "x", 2):
        trace = log.start_episode()
        trace.act({"actions": dict.fromkeys(AGENTS, 0), "info/x": dict.fromkeys(AGENTS, width)})
        trace.finish(EndKind.TERMINATED)
    with pytest.raises(UsageError, match=r"info/x is given as <U1"):
        log.commit()
    log.close()
    header, _ = block_of(tmp_path / "log.h5")
    assert header.episodes.n_episodes == 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"colour": {"a_0": 1}}, "no field is called 'colour'"),
        ({"rewards": [1.0, 2.0]}, "an entry for each of 3 agents"),
        ({"hidden": {"a_0": 1}, "hidden_states": {"a_0": 1}}, "two columns are the field hidden_states"),
    ],
)
def test_columns_that_cannot_be_are_refused_at_once(tmp_path, columns, message):
    with recorder(tmp_path / "log.h5") as log, pytest.raises(UsageError, match=message):
        log.start_episode().act(columns)


def test_a_shape_that_changes_within_an_episode_is_refused(tmp_path):
    log = recorder(tmp_path / "log.h5")
    trace = log.start_episode()
    for width in (2, 3):
        trace.observe({"observations": {"a_0": np.zeros(width)}})
        trace.act({"actions": {"a_0": 0}})
    trace.finish(EndKind.CUT)
    with pytest.raises(UsageError, match="observations changes its shape within an episode"):
        log.close()


KINDS = st.sampled_from([np.float32, np.float64, np.int8])


@st.composite
def steps(draw):
    """Steps of three agents: mostly all of them, of one kind; sometimes one is missing, or its numbers are others."""
    length = draw(st.integers(1, 6))
    odd = draw(st.one_of(st.none(), st.tuples(st.integers(0, length - 1), st.sampled_from(AGENTS), KINDS)))
    values = draw(st.lists(st.integers(0, 3), min_size=3 * length, max_size=3 * length))
    return length, odd, values, draw(st.booleans()), draw(st.booleans())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps(), min_size=1, max_size=4))
def test_the_quick_way_and_the_slow_way_record_the_same(tmp_path, episodes):
    paths = [tmp_path / f"{way}_{len(list(tmp_path.iterdir()))}.h5" for way in ("quick", "slow")]
    for path in paths:
        with recorder(path) as log:
            plain = PlainSteps(PackedRows(seen_by_all(episodes[0], -1)), None) if "quick" in path.name else None
            for episode in episodes:
                record(log.start_episode(), plain, episode)
    found = [block_of(path, episode) for path in paths for episode in range(len(episodes))]
    for (_, first), (_, second) in zip(found[: len(episodes)], found[len(episodes) :], strict=True):
        np.testing.assert_array_equal(first.status, second.status)
        assert first.columns.keys() == second.columns.keys()
        for name, column in first.columns.items():
            np.testing.assert_array_equal(column, second.columns[name])


def seen_by_all(episode, t):
    _, odd, _, _, is_wide = episode
    widths = {"a_0": 2, "a_1": 2, "b": 3 if is_wide else 2}
    kind = {odd[1]: odd[2]} if odd is not None and odd[0] == t else {}
    return {a: np.full(widths[a], t + i, kind.get(a, np.float32)) for i, a in enumerate(AGENTS)}


def record(trace, plain, episode):
    length, odd, values, leaves, _ = episode

    def seen(t):
        return seen_by_all(episode, t)

    is_plain = plain is not None and trace.begin_plain(plain, seen(-1))
    if not is_plain:
        trace.observe({"observations": seen(-1)})
    for t in range(length):
        actions = dict(zip(AGENTS, values[3 * t : 3 * t + 3], strict=True))
        if odd is not None and odd[0] == t and leaves:
            del actions[odd[1]]
        rewards = {agent: action / 2 for agent, action in actions.items()}
        is_plain = is_plain and plain.add(actions, rewards, seen(t))
        if not is_plain:
            trace.end_plain()
            trace.act({"actions": actions, "rewards": rewards})
            trace.observe({"observations": seen(t)})
        if leaves and t == length - 1:
            trace.leave(["a_1"])
    trace.finish(EndKind.TERMINATED)
