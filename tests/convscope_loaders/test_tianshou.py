"""Replay buffers of Tianshou: the ring is put into order, and a turn is a timestep in which the others wait."""

import pickle
import shutil
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import ConvscopeError, LogFormatError
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.hdf5 import LOADER as GENERIC
from convscope_loaders.tianshou import LOADER
from tests.convscope_loaders.reading import opened_by, whole

DATA = Path(__file__).parents[1] / "data" / "tianshou"
GAMES, RING = DATA / "tictactoe_vectorbuffer.hdf5", DATA / "single_buffer_ring.hdf5"
NAN = pytest.approx(np.nan, nan_ok=True)


opened = partial(opened_by, LOADER, score=0.9)


class Buffer:
    """Adds rows as Tianshou's ReplayBuffer and VectorReplayBuffer do, and saves them in their layout.

    Each of ``n_rings`` rings holds ``capacity`` rows; a row is numbered by the step of its environment since the start.
    """

    def __init__(self, capacity, n_rings=1):
        self.capacity, self.n_rings = capacity, n_rings
        size = capacity * n_rings
        self.rows = {name: np.zeros(size, np.float64) for name in ("obs", "obs_next", "act", "rew")}
        self.rows |= {name: np.zeros(size, bool) for name in ("terminated", "truncated", "done")}
        self.insertion, self.lengths = [0] * n_rings, [0] * n_rings
        self.last = [ring * capacity for ring in range(n_rings)]

    def add(self, step, *, ring=0, terminated=False, truncated=False):
        at = ring * self.capacity + self.insertion[ring]
        for name in ("obs", "act", "rew"):
            self.rows[name][at] = step
        self.rows["obs_next"][at] = step + 0.5 if terminated or truncated else step + 1
        self.rows["terminated"][at], self.rows["truncated"][at] = terminated, truncated
        self.rows["done"][at] = terminated or truncated
        self.last[ring] = at
        self.lengths[ring] = min(self.lengths[ring] + 1, self.capacity)
        self.insertion[ring] = (self.insertion[ring] + 1) % self.capacity

    def save(self, path, **more):
        single = self.n_rings == 1
        with h5py.File(path, "w") as file:
            file.attrs["maxsize"] = self.capacity * self.n_rings
            file.attrs["_insertion_idx"] = self.insertion[0] if single else 0
            file.attrs["_size"] = self.lengths[0] if single else 0
            for name, array in (self.rows | more).items():
                if array is not None:
                    file[f"_meta/{name}"] = array
                    file[f"_meta/{name}"].attrs["__data_type__"] = "ndarray"
            file["last_index"] = self.last
            if not single:
                file["_lengths"] = self.lengths
                file["_extend_offset"] = np.arange(self.n_rings + 1) * self.capacity
        return path


def played(file):
    """The steps of each episode in a log, as the observations number them, the final one left out."""
    log = opened(file)
    block = whole(log)
    stops = np.cumsum(log.episodes.rows)
    steps = np.split(block.columns["observations"][:, 0, 0], stops[:-1])
    return [part[:n].tolist() for part, n in zip(steps, log.episodes.length.tolist(), strict=True)], log


def test_a_genuine_ring_is_read_from_the_oldest_row_to_the_newest():
    log = opened(RING)
    # 20 of 50 steps: rows 10 to 13 are the end of an episode whose beginning is gone.
    assert log.episodes.length.tolist() == [11, 5]
    assert log.episodes.rows.tolist() == [12, 6]
    assert log.episodes.path == ("/_meta[14:20], [0:5]", "/_meta[5:10]")
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.CUT]
    assert [notice.code for notice in log.header.notices] == ["headless-episodes"]
    block = whole(log)
    with h5py.File(RING) as file:
        rows = file["_meta"]
        observed = [
            rows["obs"][14:20],
            rows["obs"][:5],
            rows["obs_next"][4:5],
            rows["obs"][5:10],
            rows["obs_next"][9:10],
        ]
        actions = [*rows["act"][14:20], *rows["act"][:5]]
    np.testing.assert_array_equal(block.columns["observations"][:, 0], np.concatenate(observed))
    assert block.columns["actions"][:11, 0, 0].tolist() == actions
    assert block.columns["rewards"][:12, 0].tolist() == [1] * 11 + [NAN]
    assert block.status[:, 0].tolist() == [Status.ACTING] * 11 + [Status.WAITING] + [Status.ACTING] * 5 + [
        Status.WAITING
    ]


def test_a_genuine_game_of_turns_is_read_turn_by_turn():
    log = opened(GAMES, trusts_pickle=True)
    assert [agent.name for agent in log.header.agents] == ["player_1", "player_2"]
    assert log.header.agents[0].action_space.n == (9,)
    assert log.episodes.length.tolist() == [8, 8, 5, 7, 8, 8]
    assert log.episodes.end.tolist() == [EndKind.TERMINATED] * 6
    assert log.episodes.path[3] == "/_meta[32:39]"
    block = whole(log)
    acting, waiting = Status.ACTING, Status.WAITING
    assert block.status[:9].tolist() == [[acting, waiting], [waiting, acting]] * 4 + [[waiting, waiting]]
    # Player 2 takes 2, 4, 3, 5: the middle column, and the game.
    assert block.columns["actions"][:9, 0, 0].tolist() == [8, NAN, 6, NAN, 0, NAN, 1, NAN, NAN]
    assert block.columns["actions"][:9, 1, 0].tolist() == [NAN, 2, NAN, 4, NAN, 3, NAN, 5, NAN]
    assert block.columns["rewards"][:9].tolist() == [[0, 0]] * 7 + [[-1, 1], [NAN, NAN]]
    assert block.columns["action_masks"][1, 1].tolist() == [1, 1, 1, 1, 1, 1, 1, 1, 0]
    with h5py.File(GAMES) as file:
        boards, after = file["_meta/obs/obs"][:8].reshape(8, 18), file["_meta/obs_next/obs"][7].ravel()
    np.testing.assert_array_equal(block.columns["observations"][0:8:2, 0], boards[0::2])
    np.testing.assert_array_equal(block.columns["observations"][1:8:2, 1], boards[1::2])
    np.testing.assert_array_equal(block.columns["observations"][8, 0], after)
    assert np.isnan(block.columns["observations"][8, 1]).all()
    assert block.columns["info/env_id"][[0, 8, 27]].tolist() == [0, NAN, 1]


def test_nothing_is_unpickled_unless_the_user_trusts_it(monkeypatch):
    monkeypatch.setattr(pickle, "loads", None)
    with pytest.raises(LogFormatError, match=r"obs/agent_id says whose turn .* add --trust-pickle"):
        opened(GAMES)


def test_blocks_of_any_size_hold_the_same_rows():
    log = pickle.loads(pickle.dumps(opened(GAMES, trusts_pickle=True)))  # noqa: S301  our own bytes
    fields = frozenset({"observations", "rewards", "actions"})
    pieces = list(log.blocks(fields, max_bytes=1))
    assert len(pieces) == 6
    for name in fields:
        np.testing.assert_array_equal(np.concatenate([p.columns[name] for p in pieces]), whole(log).columns[name])


@settings(max_examples=150, deadline=None)
@given(data=st.data(), n_rings=st.integers(1, 3), capacity=st.integers(1, 7))
def test_a_ring_that_stops_anywhere_holds_its_last_whole_episodes(tmp_path_factory, data, n_rings, capacity):
    buffer = Buffer(capacity, n_rings)
    expected, ends, kinds = [], [], {True: EndKind.TERMINATED, False: EndKind.TRUNCATED}
    for ring in range(n_rings):
        lengths = data.draw(st.lists(st.integers(1, 5), max_size=6))
        is_open = data.draw(st.booleans())
        episodes, step = [], 100 * ring
        for number, length in enumerate(lengths):
            is_last = number == len(lengths) - 1
            has_ended, is_done = length % 2 == 0, not (is_last and is_open)
            for t in range(length):
                flag = is_done and t == length - 1
                buffer.add(step + t, ring=ring, terminated=flag and has_ended, truncated=flag and not has_ended)
            episodes.append((list(range(step, step + length)), kinds[has_ended] if is_done else EndKind.CUT))
            step += length
        kept = [(steps, end) for steps, end in episodes if steps[0] >= step - capacity]
        # Of a full ring nobody can say that its oldest row begins an episode.
        if sum(lengths) == capacity or (sum(lengths) > capacity and kept and kept[0][0][0] == step - capacity):
            kept = kept[1:]
        expected.extend(steps for steps, _ in kept)
        ends.extend(end for _, end in kept)
    path = buffer.save(tmp_path_factory.mktemp("ring") / "buffer.hdf5")
    if not expected:
        with pytest.raises(LogFormatError, match="without a whole episode"):
            opened(path)
        return
    found, log = played(path)
    assert found == expected
    assert log.episodes.end.tolist() == ends


@pytest.mark.parametrize("capacity", [1, 2, 3, 5])
@pytest.mark.parametrize("n_added", range(1, 16))
def test_every_offset_of_episodes_of_one_step_is_in_order(tmp_path, capacity, n_added):
    buffer = Buffer(capacity)
    for step in range(n_added):
        buffer.add(step, terminated=True)
    path = buffer.save(tmp_path / "b.hdf5")
    kept = list(range(max(n_added - capacity, 0), n_added))[n_added >= capacity :]
    if not kept:
        with pytest.raises(LogFormatError, match="without a whole episode"):
            opened(path)
        return
    assert played(path)[0] == [[step] for step in kept]


def test_rows_that_were_set_at_once_have_lost_nothing(tmp_path):
    buffer = Buffer(6)
    for step in range(6):
        buffer.add(step, terminated=step in (2, 5))
    buffer.insertion, buffer.last = [0], [0]  # as `ReplayBuffer.from_data` leaves them
    assert played(buffer.save(tmp_path / "b.hdf5"))[0] == [[0, 1, 2], [3, 4, 5]]


def test_buffers_of_old_versions_have_one_flag_and_another_name_for_the_index(tmp_path):
    buffer = Buffer(4)
    for step in range(9):
        buffer.add(step, terminated=step in (4, 6))
    path = buffer.save(tmp_path / "b.hdf5", terminated=None, truncated=None)
    with h5py.File(path, "a") as file:
        file.attrs["_index"] = file.attrs.pop("_insertion_idx")
    steps, log = played(path)
    assert steps == [[7, 8]]
    assert log.episodes.end.tolist() == [EndKind.CUT]
    assert log.header.notices[0].code == "headless-episodes"


def test_a_reset_before_the_end_cuts_the_episode(tmp_path):
    buffer = Buffer(40)
    for step in [*range(12), *range(20, 32)]:
        buffer.add(step)
    steps, log = played(buffer.save(tmp_path / "b.hdf5"))
    assert steps == [list(range(12)), list(range(20, 32))]
    assert log.episodes.end.tolist() == [EndKind.CUT] * 2
    assert any("another observation follows" in sentence for sentence in log.header.inputs[0].assumptions)


def test_observations_that_never_follow_as_announced_cut_nothing(tmp_path):
    buffer = Buffer(10)
    for step in range(8):
        buffer.add(step, terminated=step == 3)
    buffer.rows["obs_next"] += 100
    steps, log = played(buffer.save(tmp_path / "b.hdf5"))
    assert steps == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert any("cannot be checked" in sentence for sentence in log.header.inputs[0].assumptions)


def test_without_next_observations_no_final_one_is_made_up(tmp_path):
    buffer = Buffer(9)
    for step in range(5):
        buffer.add(step, truncated=step == 4)
    log = opened(buffer.save(tmp_path / "b.hdf5", obs_next=None))
    assert log.episodes.rows.tolist() == log.episodes.length.tolist() == [5]
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED]


def test_agents_that_act_together_have_an_axis(tmp_path):
    buffer = Buffer(4)
    for step in range(3):
        buffer.add(step, terminated=step == 2)
    seen = np.arange(24.0).reshape(4, 2, 3)
    more = {"obs": seen, "obs_next": seen + 6, "act": np.arange(8).reshape(4, 2), "rew": np.arange(8.0).reshape(4, 2)}
    block = whole(opened(buffer.save(tmp_path / "b.hdf5", **more)))
    assert block.columns["observations"][:3].tolist() == seen[:3].tolist()
    assert block.columns["observations"][3].tolist() == (seen[2] + 6).tolist()
    assert block.columns["actions"][:3, :, 0].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert block.columns["rewards"][:3].tolist() == [[0, 1], [2, 3], [4, 5]]


def game(tmp_path, order, *, rewards, next_order=None):
    """A buffer of one game in which agents take turns."""
    n_turns = len(order)
    buffer = Buffer(n_turns + 2)
    for step in range(n_turns):
        buffer.add(step, terminated=step == n_turns - 1)
    padded = np.array([*order, None, None], dtype=object)
    following = np.array([*(next_order or [*order[1:], order[0]]), None, None], dtype=object)
    obs = buffer.rows.pop("obs"), buffer.rows.pop("obs_next")
    path = buffer.save(tmp_path / "b.hdf5", rew=np.concatenate([rewards, np.zeros((2, rewards.shape[1]))]))
    with h5py.File(path, "a") as file:
        for name, values, who in (("obs", obs[0], padded), ("obs_next", obs[1], following)):
            file[f"_meta/{name}/obs"] = values
            file[f"_meta/{name}/obs"].attrs["__data_type__"] = "ndarray"
            file[f"_meta/{name}/agent_id"] = np.frombuffer(pickle.dumps(who), np.int8)
            file[f"_meta/{name}/agent_id"].attrs["__data_type__"] = "pickled_ndarray"
    return path


def test_names_without_numbers_are_ordered_by_their_first_turns(tmp_path):
    order = ["speaker", "listener"] * 3
    log = opened(game(tmp_path, order, rewards=np.array([[1.0, 2.0]] * 6)), trusts_pickle=True)
    assert [agent.name for agent in log.header.agents] == ["listener", "speaker"]
    # The environment counts the speaker first, so the first column is its reward.
    assert whole(log).columns["rewards"][0].tolist() == [2, 1]
    assert any("those of speaker, listener, in this order" in text for text in log.header.inputs[0].assumptions)


@pytest.mark.parametrize(
    ("order", "rewards"),
    [(["black", "white", "black"], np.ones((3, 3))), (["black", "black", "white"], np.ones((3, 2)))],
    ids=["a column too many", "no order"],
)
def test_rewards_whose_columns_name_nobody_are_left_out_with_a_notice(tmp_path, order, rewards):
    log = opened(game(tmp_path, order, rewards=rewards), trusts_pickle=True)
    assert not log.has("rewards")
    assert any(notice.where == "/_meta/rew" for notice in log.header.notices)


def test_an_agent_out_of_turn_begins_another_episode(tmp_path):
    order = ["p_0", "p_1", "p_0", "p_1"]
    log = opened(
        game(tmp_path, order, rewards=np.ones((4, 2)), next_order=["p_1", "p_1", "p_1", "p_0"]), trusts_pickle=True
    )
    assert log.episodes.length.tolist() == [2, 2]
    assert log.episodes.end.tolist() == [EndKind.CUT, EndKind.TERMINATED]


def change(tmp_path, edit, source=GAMES):
    path = tmp_path / "b.hdf5"
    shutil.copy(source, path)
    with h5py.File(path, "a") as file:
        edit(file)
    return path


def put(path, values, kind="ndarray"):
    def edit(file):
        del file[path]
        file[path] = values
        file[path].attrs["__data_type__"] = kind

    return edit


def attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (put("_lengths", [21, 40]), "cannot hold 40"),
        (put("_lengths", [21]), "do not fit together"),
        (put("last_index", [20, 90]), "cannot hold 23, the last 90"),
        (put("last_index", [3, 54]), "cannot hold 21, the last 3"),
        (put("_extend_offset", [0, 32, 63]), "do not fit together"),
        (put("_extend_offset", [0.0, 1.5, 64.0]), "no list /_extend_offset"),
        (put("_extend_offset", [0, 70, 64]), "cannot hold"),
        (attribute("maxsize", 63), r"/_meta/act has the shape \(64,\) for 63 rows"),
        (attribute("maxsize", "many"), "for 'many' rows"),
        (put("_meta/done", np.zeros((64, 2), bool)), "done has the shape"),
        (put("_meta/obs/agent_id", np.frombuffer(pickle.dumps(print), np.int8), "pickled_ndarray"), "builtins.print"),
        (put("_meta/obs/agent_id", np.frombuffer(pickle.dumps([1]), np.int8), "pickled_ndarray"), "name of an agent"),
        (put("_meta/obs/agent_id", np.zeros(64, np.int8)[:60], "ndarray"), "name of an agent for each of 64 rows"),
        (put("_lengths", [0, 0]), "without a whole episode"),
        (put("_lengths", [22, 23]), "the last 20"),
    ],
)
def test_numbers_that_do_not_fit_together_are_one_clear_error(tmp_path, edit, words):
    with pytest.raises(ConvscopeError, match=words) as caught:
        opened(change(tmp_path, edit), trusts_pickle=True)
    assert "\n" not in str(caught.value)


def test_filled_rows_without_an_agent_are_an_error(tmp_path):
    edits = [put("_lengths", [22, 23]), put("last_index", [21, 54])]
    path = change(tmp_path, lambda file: [edit(file) for edit in edits])
    with pytest.raises(LogFormatError, match="name no agent"):
        opened(path, trusts_pickle=True)


def test_a_ring_of_numbers_as_agents_needs_no_trust(tmp_path):
    def edit(file):
        for part in ("obs", "obs_next"):
            turns = np.arange(64) % 2 if part == "obs" else (np.arange(64) + 1) % 2
            put(f"_meta/{part}/agent_id", turns)(file)

    log = opened(change(tmp_path, edit))
    assert {"agent_0", "agent_1"} <= {agent.name for agent in log.header.agents}


def test_the_generic_loader_sends_such_a_file_here():
    match = GENERIC.sniff(probe(RING, "b.hdf5"))
    assert match.score == 0
    assert "the loader tianshou reads it" in match.reason
    with pytest.raises(LogFormatError, match="no replay buffer"):
        LOADER.open(probe(DATA.parent / "pymarl" / "part_0.h5", "p.h5"), None)
