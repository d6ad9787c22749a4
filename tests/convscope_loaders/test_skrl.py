"""The memories of skrl's agents become one team's log, in time order as far as the samples show it."""

import shutil
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, LogFormatError, MissingPackageError
from convscope.ingest.finding import find_logs
from convscope.values.status import EndKind
from convscope_loaders.skrl import LOADER
from tests.convscope_loaders.reading import opened_by
from tests.convscope_loaders.reading import whole as only_block

GENUINE = Path(__file__).parents[1] / "data" / "skrl" / "memories"
FIELDS = frozenset({"observations", "actions", "rewards"})
N_ROWS, N_ENVS, N_AGENTS = 12, 2, 3


opened = partial(opened_by, LOADER, score=0.9)


block_of = partial(only_block, fields=FIELDS)


def named(agent, *, second=0, export=0):
    return f"26-01-02_03-{4 + export:02d}-{second:02d}-{agent:06d}_memory_0x7f{agent}0.npz"


def memories(lengths, *, has_next=False, n_rows=N_ROWS):
    """Samples of each agent whose observations say agent, environment and time."""
    at = np.broadcast_to(np.arange(n_rows)[:, None], (n_rows, N_ENVS))
    over = np.isin(at, np.cumsum(lengths) - 1)
    team = []
    for agent in range(N_AGENTS):
        env = np.broadcast_to(np.arange(N_ENVS), at.shape)
        observed = np.stack([np.full_like(at, agent), env, at], axis=-1).astype("f4")
        mine = {
            "observations": observed,
            "actions": (at % 5)[..., None].astype("f4"),
            "rewards": (10.0 * agent + at)[..., None].astype("f4"),
            "terminated": over[..., None].copy(),
            "truncated": np.zeros_like(over)[..., None],
            "log_prob": np.zeros((*at.shape, 1), "f4"),
        }
        if has_next:
            mine["next_observations"] = np.where(over[..., None], -1, observed + np.array([0, 0, 1], "f4"))
        team.append(mine)
    return team


def saved(folder, team, **name):
    folder.mkdir(exist_ok=True, parents=True)
    for agent, mine in enumerate(team):
        np.savez(folder / named(agent, **name), **mine)
    return folder


def test_genuine_memories_are_the_episodes_that_were_played():
    assert find_logs([GENUINE.parent]) == [GENUINE]
    log = opened(GENUINE)
    assert log.episodes.length.tolist() == [20, 6, 14]
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED, EndKind.TERMINATED, EndKind.CUT]
    block = block_of(log)
    for agent, path in enumerate(sorted(GENUINE.glob("*.npz"))):
        with np.load(path) as arrays:
            for name, column in block.columns.items():
                np.testing.assert_array_equal(column[:, agent].reshape(40, -1), arrays[name].reshape(40, -1))
    text = " ".join(log.header.inputs[0].assumptions)
    assert "which is a ring: nothing in the files says whether it had come round" in text
    assert [(n.code, n.where[-3:]) for n in log.header.notices] == [("other-files", "csv")]


@given(
    st.lists(st.integers(2, 5), min_size=1, max_size=3),
    st.integers(0, N_ROWS - 1),
    st.sampled_from([N_ROWS, N_ROWS - 1, N_ROWS - 4]),
)
@settings(max_examples=40, deadline=None)
def test_a_ring_is_unrolled_at_every_offset(tmp_path_factory, lengths, offset, n_written):
    team = memories(lengths, has_next=True)
    for mine in team:
        for name, array in mine.items():
            if n_written < N_ROWS:
                array[n_written:] = np.nan if array.dtype.kind == "f" else 0
            else:
                mine[name] = np.roll(array, offset, axis=0)
    log = opened(saved(tmp_path_factory.mktemp("skrl") / "memories", team))
    block = block_of(log)
    expected = np.tile(np.arange(n_written), N_ENVS)
    observed = block.columns["observations"]
    assert (observed[..., 0] == np.arange(N_AGENTS)).all()
    if n_written == N_ROWS and {(11 - offset) % 12, 11} & set(np.cumsum(lengths) - 1):
        # The last row, or the newest one, ends an episode: nothing shows that the ring has come round.
        is_within = ~np.isin(np.arange(1, len(observed)), np.cumsum(log.episodes.length))
        assert (np.diff(observed[:, 0, 2])[is_within] == 1).all()
        return
    np.testing.assert_array_equal(observed[:, 0, 2], expected)
    np.testing.assert_array_equal(block.columns["actions"][:, 0, 0], expected % 5)
    ends = sorted({n_written, *(int(end) for end in np.cumsum(lengths) if end < n_written)})
    assert log.episodes.length.tolist() == np.diff([0, *ends]).tolist() * N_ENVS
    assert "the samples show their order in time" in " ".join(log.header.inputs[0].assumptions)


def test_exports_in_turn_are_checkpoints(tmp_path):
    folder = tmp_path / "memories"
    for export in range(2):
        team = memories([6, 6])
        for mine in team:
            mine["rewards"] += 1000 * export
        saved(folder, team, export=export)
    log = opened(folder)
    assert log.episodes.checkpoints == ("export_0", "export_1")
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    rewards = block_of(log).columns["rewards"]
    assert (rewards[: N_ROWS * N_ENVS] < 1000).all()
    assert (rewards[N_ROWS * N_ENVS :] >= 1000).all()


def test_memories_without_truncations_say_what_that_means(tmp_path):
    team = memories([6, 6])
    for mine in team:
        del mine["truncated"]
    log = opened(saved(tmp_path / "memories", team))
    assert log.episodes.length.tolist() == [6, 6, 6, 6]
    assert "store no truncations" in " ".join(log.header.inputs[0].assumptions)


def test_an_episode_ends_where_all_agents_do(tmp_path):
    team = memories([6, 6])
    team[0]["terminated"][3] = True
    log = opened(saved(tmp_path / "memories", team))
    assert log.episodes.length.tolist() == [6, 6, 6, 6]
    assert "agents end apart" in " ".join(log.header.inputs[0].assumptions)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ([named(0), named(1), named(2, second=59), named(2, export=3)], "different numbers of times"),
        ([named(0), named(1, export=2)], "more than a minute apart"),
        ([named(0), named(0, second=1), named(1, second=30), named(1, second=31)], "saved again before"),
    ],
)
def test_files_of_several_runs_are_ambiguous(tmp_path, names, match):
    (tmp_path / "memories").mkdir()
    for name in names:
        np.savez(tmp_path / "memories" / name, **memories([6, 6])[0])
    with pytest.raises(AmbiguousLogError, match=match):
        opened(tmp_path / "memories")


def test_one_agent_alone_is_refused_in_a_sentence(tmp_path):
    first = min(GENUINE.glob("*.npz"))
    with pytest.raises(LogFormatError, match="is the memory of one agent: give the folder"):
        opened(first)
    (tmp_path / "memories").mkdir()
    shutil.copy(first, tmp_path / "memories")
    with pytest.raises(LogFormatError, match="memory of one agent, and convscope looks at teams"):
        opened(tmp_path / "memories")


def test_tables_and_pickles_are_refused_with_what_to_do(tmp_path):
    folder = tmp_path / "memories"
    folder.mkdir()
    shutil.copy(min(GENUINE.glob("*.csv")), folder)
    with pytest.raises(LogFormatError, match=r"holds no memory as npz: save each with memory\.save\(format='npz'\)"):
        opened(folder)
    pickled = min(GENUINE.glob("*.pt"))
    shutil.copy(pickled, folder)
    shutil.copy(pickled, folder / pickled.name.replace("0x7f", "0x8f"))
    with pytest.raises(LogFormatError, match=r"no pickle is read unasked.*--trust-pickle"):
        opened(folder)


def test_pickles_are_read_on_request_if_torch_is_there(tmp_path):
    folder = tmp_path / "memories"
    folder.mkdir()
    pickled = min(GENUINE.glob("*.pt"))
    shutil.copy(pickled, folder)
    shutil.copy(pickled, folder / pickled.name.replace("0x7f", "0x8f"))
    if find_spec("torch") is None:
        with pytest.raises(MissingPackageError, match=r"pip install 'convscope\[torch\]'"):
            opened(folder, trusts_pickle=True)
        return
    log = opened(folder, trusts_pickle=True)
    assert log.episodes.length.tolist() == [20, 6, 14]
    twin = block_of(opened(GENUINE)).columns["observations"][:, 0]
    np.testing.assert_array_equal(block_of(log).columns["observations"][:, 1], twin)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda team: team[1].pop("actions"), "has no array actions"),
        (lambda team: team[1].update(observations=np.zeros((N_ROWS, 1, 3), "f4")), "does not fit"),
        (lambda team: team[2]["rewards"].__setitem__(slice(8, None), np.nan), r"hold \[8, 12\] samples"),
        (lambda team: [mine["rewards"].fill(np.nan) for mine in team], r"hold \[0\] samples"),
        (lambda team: team[0].update(actions=np.zeros((N_ROWS, N_ENVS))), "has no array actions"),
    ],
)
def test_memories_that_do_not_fit_are_errors(tmp_path, change, match):
    team = memories([6, 6])
    change(team)
    with pytest.raises(LogFormatError, match=match):
        opened(saved(tmp_path / "memories", team))
