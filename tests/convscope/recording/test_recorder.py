"""What a recorder is given comes back from its log, bit for bit and with everything that was said about it."""

import numpy as np
import pytest

from convscope.errors import LogFormatError, OutputError, UsageError
from convscope.ingest.open import find_logs, open_logs
from convscope.ingest.validate import validate_log
from convscope.record import EndKind, Recorder, RecordingWarning, Status
from convscope.values.header import ActionKind, ActionSpace

AGENTS = ("scout_0", "scout_1", "tank_0")
SPACES = {agent: ActionSpace(kind=ActionKind.DISCRETE, n=(5,)) for agent in AGENTS}


def episode(rng, length):
    """Arrays of one episode of three agents, of which one observes more than the others."""
    return {
        "observations": {
            agent: rng.normal(size=(length + 1, 5 if agent == "tank_0" else 4)).astype(np.float32) for agent in AGENTS
        },
        "actions": rng.integers(0, 5, (length, 3)),
        "rewards": rng.normal(size=(length, 3)),
        "attention": rng.dirichlet(np.ones(3), size=(length, 2, 3)).astype(np.float32),
        "messages": rng.normal(size=(length, 3, 2)),
        "state": rng.normal(size=(length + 1, 2, 3)),
        "team_rewards": rng.normal(size=length),
        "info/held": rng.integers(0, 200, (length, 3)).astype(np.uint8),
        "team_info/score": rng.normal(size=length).astype(np.float16),
    }


def blocks_of(*paths):
    log = open_logs(find_logs(paths))
    fields = frozenset(spec.name for spec in log.header.fields)
    return log, [block for task in log.tasks(fields, max_bytes=1) for block in [task.load()]]


def assert_recorded(block, given, length):
    """Compare one episode with what was handed over."""
    columns = block.columns
    for slot, agent in enumerate(AGENTS):
        observed = given["observations"][agent]
        np.testing.assert_array_equal(columns["observations"][:, slot, : observed.shape[1]], observed)
    np.testing.assert_array_equal(columns["actions"][:length, :, 0], given["actions"])
    assert np.isnan(columns["actions"][length]).all()
    for name in ("rewards", "attention", "messages", "team_rewards"):
        np.testing.assert_array_equal(columns[name][:length], given[name])
    np.testing.assert_array_equal(columns["state"], given["state"].reshape(length + 1, 6))
    np.testing.assert_array_equal(columns["info/held"][:length], given["info/held"])
    np.testing.assert_array_equal(columns["info/score"][:length], given["team_info/score"])


def test_episodes_come_back_bit_for_bit_however_often_they_are_committed(tmp_path):
    for seconds in (0, 1000):
        rng = np.random.default_rng(0)
        path = tmp_path / f"{seconds}.h5"
        given = []
        with Recorder(path, agents=AGENTS, action_spaces=SPACES, commit_seconds=seconds) as recorder:
            for _ in range(7):
                length = int(rng.integers(1, 90))
                given.append((episode(rng, length), length))
                recorder.add_episode(given[-1][0], end=EndKind.TRUNCATED)
            assert recorder.n_committed == (7 if seconds == 0 else 0)
        log, blocks = blocks_of(path)
        assert log.episodes.length.tolist() == [length for _, length in given]
        assert log.episodes.end.tolist() == [EndKind.TRUNCATED] * 7
        assert log.header.notices == ()
        for block, (columns, length) in zip(blocks, given, strict=True):
            assert_recorded(block, columns, length)
            assert (block.status[:length] == Status.ACTING).all()
            assert (block.status[length] == Status.WAITING).all()
        assert [p for p in validate_log(path) if p.rule != "attention-sum"] == []


def test_what_is_said_of_the_team_comes_back(tmp_path):
    with Recorder(
        tmp_path / "log.h5",
        agents=AGENTS,
        action_spaces=SPACES,
        roles={"scout": ["scout_*"]},
        teams={"red": ["*_0"], "blue": ["scout_1"]},
        framework="mine",
        environment="yard",
    ) as recorder:
        recorder.assume("time limits end episodes")
        recorder.add_episode(episode(np.random.default_rng(0), 5), end=EndKind.TERMINATED)
    header = open_logs([tmp_path / "log.h5"]).header
    assert [agent.name for agent in header.agents] == list(AGENTS)
    assert [agent.declared_role for agent in header.agents] == ["scout", "scout", None]
    assert [agent.team for agent in header.agents] == ["red", "blue", "red"]
    assert [agent.group for agent in header.agents] == ["scout", "scout", "tank"]
    assert {agent.action_space for agent in header.agents} == set(SPACES.values())
    assert (header.framework, header.environment, header.roles) == ("mine", "yard", ("scout",))
    assert "time limits end episodes" in header.inputs[0].assumptions
    assert any(sentence.startswith("state of shape (2, 3)") for sentence in header.inputs[0].assumptions)


def test_labels_may_change_between_episodes_and_are_put_in_order(tmp_path):
    rng = np.random.default_rng(0)
    with Recorder(tmp_path / "log.h5", agents=AGENTS, action_spaces=SPACES, commit_seconds=0) as recorder:
        for run, checkpoint, length in (
            ("b", "u_10", 1),
            ("a", "u_9", 2),
            ("b", "u_9", 3),
            ("a", "u_10", 4),
            (None, None, 5),
        ):
            recorder.run, recorder.checkpoint = run, checkpoint
            recorder.add_episode(episode(rng, length), end=EndKind.TERMINATED)
    log, blocks = blocks_of(tmp_path / "log.h5")
    table = log.episodes
    assert (table.runs, table.checkpoints) == (("a", "b", "log.h5"), ("u_9", "u_10"))
    told = [(table.run_name(e), table.checkpoint_label(e), int(table.length[e])) for e in range(5)]
    assert told == [("a", "u_9", 2), ("a", "u_10", 4), ("b", "u_9", 3), ("b", "u_10", 1), ("log.h5", None, 5)]
    assert [block.n_rows for block in blocks] == [3, 5, 4, 2, 6]


def test_what_has_no_room_goes_on_in_a_second_file_and_stays_one_run(tmp_path):
    rng = np.random.default_rng(0)
    first, second = episode(rng, 4), episode(rng, 6)
    second["info/height"] = rng.normal(size=(6, 3))
    second["observations"] = {**second["observations"], "drone": rng.normal(size=(7, 2))}
    del (
        second["attention"],
        second["actions"],
        second["rewards"],
        second["messages"],
        second["info/held"],
        second["info/height"],
    )
    second["actions"] = {agent: rng.integers(0, 5, 6) for agent in (*AGENTS, "drone")}
    with Recorder(tmp_path / "log.h5", agents=AGENTS, action_spaces=SPACES, commit_seconds=0) as recorder:
        recorder.add_episode(first, end=EndKind.TERMINATED)
        with pytest.warns(RecordingWarning, match="log.h5 has no room for agents drone"):
            recorder.add_episode(second, end=EndKind.TERMINATED)
        recorder.add_episode(first, end=EndKind.TERMINATED)
        assert [path.name for path in recorder.paths] == ["log.h5", "log.0002.h5"]
    log, _ = blocks_of(tmp_path)
    assert log.episodes.runs == ("log.h5",)
    assert sorted(log.episodes.length.tolist()) == [4, 4, 6]
    assert [agent.name for agent in log.header.agents] == [*AGENTS, "drone"]
    assert all(validation == () for validation in map(critical, recorder.paths))
    assert any("goes on in a file beside it" in notice.message for notice in log.header.notices)


def critical(path):
    return tuple(p for p in validate_log(path) if p.severity == "critical")


def test_nothing_is_overwritten_and_a_name_is_taken_at_once(tmp_path):
    first = Recorder(tmp_path / "log.h5", agents=AGENTS)
    with pytest.raises(OutputError, match="exists already and is not overwritten"):
        Recorder(tmp_path / "log.h5", agents=AGENTS)
    first.close()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_recorder_says_so(tmp_path):
    recorder = Recorder(tmp_path / "log.h5", agents=AGENTS)
    recorder.close()
    with pytest.raises(UsageError, match="is closed"):
        recorder.add_episode(episode(np.random.default_rng(0), 3), end=EndKind.CUT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observaton": np.zeros((4, 3))}, "no field is called 'observaton'; call an extra column info/observaton"),
        ({"rewards": np.zeros((3, 3))}, "rewards has 3 rows in an episode of 4"),
        ({"rewards": np.zeros((6, 3))}, "4 steps and 6 rows"),
        ({"rewards": np.zeros((4, 2))}, "axis of 2 agents; the recorder knows 3"),
        ({"rewards": np.zeros(4)}, "expected time and agents"),
        ({"rewards": np.full((4, 3), "x")}, "plain numbers"),
        ({"rewards": np.full((4, 3), None)}, "plain numbers"),
        ({"attention": np.zeros((4, 3, 2))}, "receiver, sender"),
        ({"state": {"scout_0": np.zeros(4)}}, "state is no column of agents"),
        ({"hidden": np.zeros((4, 3)), "hidden_states": np.zeros((4, 3))}, "two columns are the field hidden_states"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path, change, message):
    with Recorder(tmp_path / "log.h5", agents=AGENTS) as recorder, pytest.raises(UsageError, match=message):
        recorder.add_episode({"actions": np.zeros((4, 3), int), **change}, end=EndKind.TERMINATED)


def test_the_caller_may_reuse_its_arrays(tmp_path):
    actions = np.zeros((4, 3), int)
    with Recorder(tmp_path / "log.h5", agents=AGENTS, commit_seconds=1000) as recorder:
        for number in range(3):
            actions[:] = number
            recorder.add_episode({"actions": actions}, end=EndKind.TERMINATED)
    _, blocks = blocks_of(tmp_path / "log.h5")
    assert [float(block.columns["actions"].max()) for block in blocks] == [0, 1, 2]


def test_a_file_without_a_committed_episode_says_so(tmp_path):
    recorder = Recorder(tmp_path / "log.h5", agents=AGENTS)
    with pytest.raises(LogFormatError, match="empty"):
        open_logs([tmp_path / "log.h5"])
    recorder.close()


def test_actions_beyond_those_seen_before_begin_another_file_where_none_were_declared(tmp_path):
    with Recorder(tmp_path / "log.h5", agents=["a"], commit_seconds=0) as recorder:
        recorder.add_episode({"actions": np.array([[0], [2]])}, end=EndKind.TERMINATED)
        recorder.add_episode({"actions": np.array([[0], [1]])}, end=EndKind.TERMINATED)
        with pytest.warns(RecordingWarning, match=r"more actions \(declare action_spaces\) of a"):
            recorder.add_episode({"actions": np.array([[0], [4]])}, end=EndKind.TERMINATED)
    header = open_logs(find_logs([tmp_path])).header
    assert header.agents[0].action_space.n == (5,)
    assert any("actions of a were not declared" in sentence for file in header.inputs for sentence in file.assumptions)


def test_a_program_that_goes_on_in_another_folder_records_where_it_began(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Recorder("log.h5", agents=["a"]) as recorder:
        monkeypatch.chdir(tmp_path / "elsewhere")
        recorder.add_episode({"actions": [[0.5], [1.5]]}, end=EndKind.TERMINATED)
    assert open_logs([tmp_path / "log.h5"]).episodes.length.tolist() == [2]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_that_interventions_were_drawn_is_kept_with_the_log(tmp_path):
    columns = {"actions": np.zeros((3, 2)), "interventions": np.zeros((3, 2))}
    with Recorder(tmp_path / "log.h5", agents=["a", "b"], interventions_randomized=True) as recorder:
        recorder.add_episode(columns, end=EndKind.TERMINATED)
    log = open_logs([tmp_path / "log.h5"])
    assert log.header.field("interventions").is_randomized
    assert not log.header.field("actions").is_randomized
