"""Episodes of RLlib's new API stack: chunks put together, agents aligned, nothing unpickled."""

import pickle
import shutil
import sys
from functools import partial
from pathlib import Path

import msgpack
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, ConvscopeError, LogFormatError, MissingPackageError
from convscope.ingest.finding import find_logs
from convscope.ingest.probe import probe
from convscope.values.fields import Level
from convscope.values.status import EndKind, Status
from convscope_loaders.rllib import LOADER
from tests.convscope_loaders.reading import opened_by, whole

DATA = Path(__file__).parents[2] / "data" / "rllib"
NAN = pytest.approx(np.nan, nan_ok=True)


opened = partial(opened_by, LOADER, score=0.9)


def packed(value):
    """Pack as msgpack-numpy does."""

    def encode(array):
        if isinstance(array, np.ndarray) and array.dtype.kind == "O":
            return {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": array.shape, b"data": pickle.dumps(array)}
        if isinstance(array, np.ndarray | np.generic):
            told = {b"nd": isinstance(array, np.ndarray), b"type": array.dtype.str, b"data": array.tobytes()}
            return told | ({b"kind": b"", b"shape": array.shape} if told[b"nd"] else {})
        raise TypeError(type(array))

    return msgpack.packb(value, default=encode)


def buffer(data, lookback=0):
    return {"data": data, "lookback": lookback, "finalized": not isinstance(data, list), "space": None}


def state(n_steps, *, agent=None, episode="e0", start=0, lookback=0, ended=(False, False), outputs=None, **more):
    """A state of a SingleAgentEpisode, or of one chunk of it, whose values count the steps of the agent."""
    steps = np.arange(start - lookback, start + n_steps)
    return {
        "id_": f"{episode}-{agent}",
        "agent_id": agent,
        "module_id": agent,
        "multi_agent_episode_id": episode if agent is not None else None,
        "observations": buffer(np.stack([np.append(steps, start + n_steps)] * 2, axis=1).astype(np.float32), lookback),
        "actions": buffer(steps % 3, lookback),
        "rewards": buffer(steps.astype(np.float64), lookback),
        "infos": buffer([{}] * (n_steps + lookback + 1), lookback),
        "extra_model_outputs": {name: buffer(data, lookback) for name, data in (outputs or {}).items()} or None,
        "is_terminated": ended[0],
        "is_truncated": ended[1],
        "t_started": start,
        "t": start + n_steps,
        "_action_space": {"space": "discrete", "n": 4, "start": 0},
        "custom_data": {},
        **more,
    }


def recorded(tmp_path, *states):
    for number, one in enumerate(states):
        items = [one] if isinstance(one, bytes) else [packed(one)]
        pl.DataFrame({"item": items}).write_parquet(tmp_path / f"x_{number:06d}-0.parquet")
    return opened(tmp_path)


def test_a_genuine_multi_agent_recording_is_read():
    log = opened(DATA / "multi_agent_episodes")
    assert [agent.name for agent in log.header.agents] == ["listener_0", "speaker_0"]
    assert [agent.action_space.n for agent in log.header.agents] == [(5,), (3,)]
    assert log.header.field("observations").widths == (11, 3)
    assert (log.episodes.length.tolist(), log.episodes.rows.tolist()) == ([10] * 3, [11] * 3)
    assert log.episodes.end.tolist() == [EndKind.AMBIGUOUS] * 3
    told = log.header.inputs[0].assumptions
    assert any("both" in text or "terminated and truncated" in text for text in told)
    assert any("env_t_to_agent_t" in text for text in told)
    block = whole(log)
    assert (block.status[10::11] == Status.WAITING).all()
    assert (block.status[block.time_of_row < 10] == Status.ACTING).all()
    item = pl.read_parquet(sorted((DATA / "multi_agent_episodes").iterdir())[3])["item"][0]
    listener = msgpack.unpackb(item)
    assert listener["agent_id"] == "listener_0"
    actions = np.frombuffer(listener["actions"]["data"][b"data"], "<i8")
    seen = np.frombuffer(listener["observations"]["data"][b"data"], "<f4").reshape(11, 11)
    np.testing.assert_array_equal(block.columns["actions"][11:21, 0, 0], actions)
    np.testing.assert_array_equal(block.columns["observations"][11:22, 0], seen)


def test_a_genuine_recording_of_one_agent_is_a_log_of_one_agent():
    (folder,) = find_logs([DATA / "single_agent"])
    assert folder.name == "cartpoleenv"
    log = opened(folder)
    assert log.header.environment == "cartpoleenv"
    assert [agent.name for agent in log.header.agents] == ["agent_0"]
    assert log.episodes.length.tolist() == [17, 10, 14]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED] * 3
    assert whole(log).columns["rewards"][:, 0].tolist() == [*[1] * 17, NAN, *[1] * 10, NAN, *[1] * 14, NAN]
    assert any("one agent" in text for text in log.header.inputs[0].assumptions)


def test_one_part_of_a_recording_is_an_error_that_names_its_folder():
    for folder in (DATA / "multi_agent_episodes", DATA / "single_agent" / "cartpoleenv"):
        part = next(folder.rglob("*_000001-0.parquet"))
        with pytest.raises(LogFormatError, match=rf"one part of what RLlib recorded; give the folder {folder}$"):
            opened(part)


def test_a_run_of_a_recording_is_a_log_of_its_own():
    (run,) = (DATA / "single_agent" / "cartpoleenv").iterdir()
    assert opened(run).episodes.length.tolist() == [17, 10, 14]


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4), lookback=st.integers(0, 3), data=st.data())
def test_chunks_of_an_episode_are_put_together_without_what_they_repeat(tmp_path_factory, sizes, lookback, data):
    tmp_path = tmp_path_factory.mktemp("chunks")
    starts = np.cumsum([0, *sizes]).tolist()
    chunks = [
        state(size, start=start, lookback=min(lookback, start), ended=(start + size == starts[-1], False))
        for size, start in zip(sizes, starts, strict=False)
    ]
    log = recorded(tmp_path, *data.draw(st.permutations(chunks)))
    n_steps = starts[-1]
    assert log.episodes.length.tolist() == [n_steps]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED]
    block = whole(log)
    assert block.columns["observations"][:, 0, 0].tolist() == list(range(n_steps + 1))
    assert block.columns["rewards"][:-1, 0].tolist() == list(range(n_steps))


@pytest.mark.parametrize(
    "chunks",
    [[state(3, start=2)], [state(2), state(2, start=3)], [state(3), state(3)], [state(2), state(3, start=1)]],
    ids=["begins late", "a gap", "twice", "overlap"],
)
def test_episodes_with_missing_chunks_are_left_out_with_a_notice(tmp_path, chunks):
    log = recorded(tmp_path, *chunks, state(4, episode="whole"))
    assert log.episodes.length.tolist() in ([4], [4, 3])
    assert log.header.notices[0].code == "incomplete-episodes"


def test_agents_that_skip_wait_and_agents_that_end_early_are_dead(tmp_path):
    steps = {"a": [0, 1, 2, 3, 4, 5], "b": [0, "S", 1, "S", 2, 3], "c": ["S", 0, 1, 2, "S", "S"]}
    states = [
        state(max(s for s in mine if s != "S"), agent=agent, ended=(True, False), env_t_to_agent_t=buffer(mine))
        for agent, mine in steps.items()
    ]
    log = recorded(tmp_path, *states)
    assert log.episodes.length.tolist() == [5]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED]
    acting, waiting, absent, dead = Status.ACTING, Status.WAITING, Status.ABSENT, Status.DEAD
    block = whole(log)
    assert block.status.T.tolist() == [
        [acting] * 5 + [waiting],
        [acting, waiting, acting, waiting, acting, waiting],
        [absent, acting, acting, waiting, dead, dead],
    ]
    assert block.columns["rewards"][:, 1].tolist() == [0, NAN, 1, NAN, 2, NAN]
    assert block.columns["observations"][:, 2, 0].tolist() == [NAN, 0, 1, 2, NAN, NAN]


def test_the_end_of_an_agent_that_left_early_is_not_the_end_of_the_episode(tmp_path):
    early = state(2, agent="a", ended=(True, False), env_t_to_agent_t=[0, 1, 2, "S"])
    late = state(3, agent="b", ended=(False, True), env_t_to_agent_t=[0, 1, 2, 3])
    assert recorded(tmp_path, early, late).episodes.end.tolist() == [EndKind.TRUNCATED]


def test_an_agent_that_ends_without_a_last_observation_is_there_until_the_end(tmp_path):
    # RLlib repeats the last observation then, at no timestep of the environment.
    one = state(2, agent="a", ended=(True, False), env_t_to_agent_t=[0, 1, "S", "S"])
    other = state(3, agent="b", ended=(True, False), env_t_to_agent_t=[0, 1, 2, 3])
    block = whole(recorded(tmp_path, one, other))
    assert block.status[:, 0].tolist() == [Status.ACTING, Status.ACTING, Status.WAITING, Status.WAITING]


def test_a_state_of_all_agents_together_is_read(tmp_path):
    steps = {"a": buffer([0, 1, 2]), "b": buffer([0, "S", 1])}
    inside = [["a", state(2, agent="a")], ["b", state(1, agent="b")]]
    log = recorded(tmp_path, {"id_": "m", "env_t_to_agent_t": steps, "agent_episodes": inside})
    assert whole(log).status[:, 1].tolist() == [Status.ACTING, Status.WAITING, Status.WAITING]
    assert log.episodes.end.tolist() == [EndKind.CUT]


def test_agents_with_unequal_steps_and_no_mapping_are_an_error_with_both_readings(tmp_path):
    with pytest.raises(AmbiguousLogError, match=r"has 2 steps and another 3: it left early, or it skipped steps"):
        recorded(tmp_path, state(2, agent="a"), state(3, agent="b"))


def test_outputs_of_the_model_become_fields(tmp_path):
    weights = np.array([[0.25, 0.75]] * 3)
    outputs = {
        "action_dist_inputs": np.arange(12.0).reshape(3, 4),
        "action_logp": np.array([-1.0, -2.0, -3.0]),
        "attention": weights,
        "state_out": {"h": np.ones((3, 5)), "c": np.zeros((3, 2))},
        "message": np.arange(3.0),
    }
    agents = [state(3, agent=name, outputs=outputs) for name in ("p_0", "p_1")]
    log = recorded(tmp_path, *agents)
    assert log.header.field("attention").level is Level.PAIR
    block = whole(log)
    assert block.columns["attention"][0, 0].tolist() == [[0.25, 0.75]] * 2
    assert block.columns["action_logits"][1, 0].tolist() == [4, 5, 6, 7]
    assert block.columns["info/action_logp"][:, 1].tolist() == [-1, -2, -3, NAN]
    assert block.columns["hidden_states"][0, 0].tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert block.columns["messages"][:3, 0, 0].tolist() == [0, 1, 2]


def test_what_is_no_logit_and_names_no_sender_is_an_info(tmp_path):
    outputs = {"action_dist_inputs": np.ones((3, 5)), "attention": np.ones((3, 3))}
    log = recorded(tmp_path, *(state(3, agent=name, outputs=outputs) for name in ("p_0", "p_1")))
    assert log.header.field("info/action_dist_inputs").level is Level.AGENT
    assert log.header.field("info/attention").level is Level.AGENT
    assert [notice.code for notice in log.header.notices] == ["no-senders"]


def test_observations_may_be_dictionaries_with_a_mask(tmp_path):
    rows = [
        {"action_mask": np.array([1, 0, 1, 1]), "observations": {"x": np.float32(t), "y": [t, t]}} for t in range(4)
    ]
    log = recorded(tmp_path, state(3, observations=buffer(rows)))
    block = whole(log)
    assert block.columns["observations"][:, 0].tolist() == [[t, t, t] for t in range(4)]
    assert block.columns["action_masks"][0, 0].tolist() == [1, 0, 1, 1]


def test_infos_that_are_numbers_are_kept_and_others_said_to_be_left_out(tmp_path):
    infos = [{"score": 1.5, "words": "w"}, {}, {"score": 2}, None]
    log = recorded(tmp_path, state(3, infos=buffer(infos)))
    assert whole(log).columns["info/score"][:, 0].tolist() == [1.5, NAN, 2, NAN]
    assert [(notice.code, notice.where) for notice in log.header.notices] == [("not-read", "infos")]


class Harm:
    def __reduce__(self):
        return sys.exit, (99,)


def test_arrays_of_objects_are_never_unpickled(tmp_path):
    infos = buffer(np.array([None, Harm(), None, None], dtype=object))
    seen = buffer(np.array([Harm()] * 4, dtype=object))
    log = recorded(tmp_path, state(3, infos=infos, observations=seen))
    assert not log.has("observations")
    assert {notice.where for notice in log.header.notices} == {"infos", "observations"}
    assert opened(tmp_path, trusts_pickle=True).header.fields == log.header.fields


def forged(told):
    array = {b"nd": True, b"type": "<f8", b"kind": b"", b"shape": [3], b"data": bytes(24)} | told
    one = state(3)
    one["rewards"] = buffer(array)
    return packed(one)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (packed(state(3))[:-9], "broken msgpack"),
        (packed([1, 2]), "no state of an episode"),
        (packed({"id_": "x"}), "from step None"),
        (packed(state(3, t=2)), "cannot be|rows for 2 steps"),
        (packed(state(3, t_started=-1)), "cannot be"),
        (packed(state(3, t=1 << 60)), "rows for"),
        (packed(state(3, actions=buffer(["up", "down", "up"]))), "no plain numbers"),
        (packed(state(3, env_t_to_agent_t=[0, 2, 1, 3])), "does not count 3 steps"),
        (packed(state(3, env_t_to_agent_t=[0, 1])), "does not count 3 steps"),
        (packed({"agent_episodes": [1, 2]}), "something else than states"),
        (b"\xdd\xff\xff\xff\xff", "broken msgpack"),
        (b"\x91" * 5000, "broken msgpack"),
        (b"\x81\x90\x01", "broken msgpack"),
    ],
)
def test_hostile_states_are_one_clear_error(tmp_path, item, words):
    with pytest.raises(LogFormatError, match=words) as caught:
        recorded(tmp_path, item)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "told",
    [
        {b"shape": [1 << 40]},
        {b"shape": [-1, -3]},
        {b"shape": [1.5]},
        {b"shape": "3"},
        {b"shape": None},
        {b"data": bytes(23)},
        {b"data": "text"},
        {b"type": "<f4"},
        {b"type": None},
        {b"type": "<M8[s]"},
        {b"type": "|O"},
        {b"kind": b"V"},
        {b"nd": False},
        {b"nd": 1},
        {b"shape": [1] * 70 + [3]},
    ],
    ids=str,
)
def test_forged_arrays_are_one_clear_error(tmp_path, told):
    with pytest.raises(LogFormatError, match=r"broken msgpack|no plain numbers|rows for") as caught:
        recorded(tmp_path, forged(told))
    assert "\n" not in str(caught.value)


def test_an_array_that_is_as_large_as_it_says_is_read(tmp_path):
    assert recorded(tmp_path, forged({})).episodes.length.tolist() == [3]


def test_a_missing_package_is_named_with_the_way_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "msgpack", None)
    path = shutil.copytree(DATA / "multi_agent_episodes", tmp_path / "copy")
    with pytest.raises(MissingPackageError, match=r"pip install 'convscope\[rllib\]'"):
        opened(path)


@pytest.mark.parametrize("seed", range(60))
def test_broken_files_are_read_or_refused_in_a_sentence(tmp_path, seed):
    rng = np.random.default_rng(seed)
    content = bytearray(packed(state(5, agent="a", outputs={"action_logp": np.ones(5)})))
    for at in rng.integers(0, len(content), 3):
        content[at] = rng.integers(256)
    told = ""
    try:
        whole(recorded(tmp_path, bytes(content)))
    except ConvscopeError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 500


def test_other_tables_and_texts_are_not_ours(tmp_path):
    pl.DataFrame({"item": ["a"]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.json").write_text("{}")
    (tmp_path / "c.parquet").write_bytes(b"PAR1" + bytes(50))
    for name in ("a.parquet", "b.json", "c.parquet"):
        found = probe(tmp_path / name, name)
        assert LOADER.sniff(found).score == 0
        with pytest.raises(LogFormatError, match="no recording of RLlib"):
            LOADER.open(found, None)
    assert LOADER.sniff(probe(tmp_path, "folder")).score == 0
