"""RLlib's recordings with a row for each step: columns in Parquet, and JSON lines of the old API stack."""

import base64
import json
import pickle
import shutil
import sys
from pathlib import Path

import lz4.frame
import numpy as np
import polars as pl
import pytest

from convscope.errors import AmbiguousLogError, ConvscopeError, LogFormatError, MissingPackageError
from convscope.ingest.finding import find_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.rllib import LOADER

DATA = Path(__file__).parents[2] / "data" / "rllib"
NAN = pytest.approx(np.nan, nan_ok=True)


def opened(path, **options):
    found = probe(path, path.name, **options)
    assert LOADER.sniff(found).score == 0.9
    return LOADER.open(found, None)


def whole(log):
    (block,) = log.blocks(frozenset(spec.name for spec in log.header.fields))
    return block


def packed(array):
    """Pack as `ray.rllib.utils.compression.pack` does."""
    return base64.b64encode(lz4.frame.compress(pickle.dumps(array))).decode()


class Harm:
    def __reduce__(self):
        return sys.exit, (99,)


# Columns in Parquet


def rows(n_steps, *, episode="e0", ended=(False, False), **more):
    """The columns of an episode whose observations count its steps."""
    steps = np.arange(n_steps)
    last = steps == n_steps - 1
    return {
        "eps_id": [episode] * n_steps,
        "agent_id": [None] * n_steps,
        "obs": pl.Series(np.stack([steps, steps], axis=1).astype(np.float32)),
        "actions": steps % 3,
        "rewards": steps.astype(np.float64),
        "new_obs": pl.Series(np.stack([steps + 1, steps + 1], axis=1).astype(np.float32)),
        "terminateds": last & ended[0],
        "truncateds": last & ended[1],
        **more,
    }


def saved(tmp_path, *tables):
    for number, table in enumerate(tables):
        path = tmp_path / f"run-000000-{number:05d}" / "x_000000-0.parquet"
        path.parent.mkdir(parents=True)
        pl.DataFrame(table).write_parquet(path)
    return opened(tmp_path)


def test_a_genuine_recording_of_columns_is_read():
    (folder,) = find_logs([DATA / "single_agent_columns"])
    log = opened(folder)
    # The fixture holds the first five rows, a file each, of an episode.
    assert (log.episodes.length.tolist(), log.episodes.rows.tolist()) == ([5], [6])
    assert log.episodes.end.tolist() == [EndKind.CUT]
    block = whole(log)
    assert block.columns["actions"][:, 0, 0].tolist() == [0, 1, 0, 1, 1, NAN]
    files = sorted(folder.rglob("*.parquet"))
    frames = [pl.read_parquet(file) for file in files]
    seen = [frame["obs"].ext.storage()[0].to_list() for frame in frames]
    seen.append(frames[-1]["new_obs"].ext.storage()[0].to_list())
    np.testing.assert_array_equal(block.columns["observations"][:, 0], np.array(seen))


def test_the_rows_of_an_episode_may_lie_in_several_runs(tmp_path):
    table = pl.DataFrame(rows(7, ended=(False, True)))
    other = pl.DataFrame(rows(2, episode="e1", ended=(True, False)))
    log = saved(tmp_path, table[:3].to_dict(), {**pl.concat([table[3:], other]).to_dict()})
    assert log.episodes.length.tolist() == [7, 2]
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED, EndKind.TERMINATED]
    assert whole(log).columns["observations"][:8, 0, 0].tolist() == list(range(8))


def test_rows_that_do_not_follow_each_other_are_an_error(tmp_path):
    table = pl.DataFrame(rows(6))
    with pytest.raises(
        LogFormatError, match=r"episode e0: after step 1 another observation follows .* rows are missing"
    ):
        saved(tmp_path, table[:2].to_dict(), table[3:].to_dict())


def test_agents_with_unequal_rows_are_an_error_unless_a_column_counts_time(tmp_path):
    a, b = pl.DataFrame(rows(3, agent_id=["a"] * 3)), pl.DataFrame(rows(2, agent_id=["b"] * 2))
    with pytest.raises(AmbiguousLogError, match="has 2 steps and another 3"):
        saved(tmp_path / "1", pl.concat([a, b]).to_dict())
    timed = pl.concat([a.with_columns(t=pl.Series([0, 1, 2])), b.with_columns(t=pl.Series([0, 2]))])
    log = saved(tmp_path / "2", timed.to_dict())
    assert whole(log).status[:, 1].tolist() == [Status.ACTING, Status.WAITING, Status.ACTING, Status.WAITING]


@pytest.mark.parametrize("trusts", [False, True])
def test_packed_observations_are_left_out_unless_pickles_are_trusted(tmp_path, trusts):
    seen = [packed(np.full(2, step, np.float32)) for step in range(4)]
    table = rows(3, obs=seen[:3], new_obs=seen[1:])
    saved(tmp_path, table)
    log = opened(tmp_path, trusts_pickle=trusts)
    if trusts:
        assert whole(log).columns["observations"][:, 0].tolist() == [[t, t] for t in range(4)]
    else:
        assert not log.has("observations")
        assert log.episodes.rows.tolist() == [3]
        assert [notice.where for notice in log.header.notices] == ["new_obs", "obs"]
        assert all("--trust-pickle" in notice.message for notice in log.header.notices)


def test_columns_of_other_kinds_are_left_out_with_a_notice(tmp_path):
    log = saved(tmp_path, rows(3, words=["a", "b", "c"], ragged=[[1], [1, 2], []], module_id=[None] * 3))
    assert [notice.where for notice in log.header.notices] == ["ragged", "words"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"actions": ["a", "b", "c"]}, "no actions and rewards"),
        ({"t": [0.5, 1.0, 2.0]}, "column t does not count"),
        ({"t": [0, 0, 1]}, "two rows in one timestep"),
        ({"rewards": [1.0, None, 2.0]}, "no actions and rewards"),
    ],
)
def test_columns_that_cannot_be_steps_are_one_clear_error(tmp_path, more, words):
    with pytest.raises(LogFormatError, match=words):
        saved(tmp_path, rows(3, **more))


def test_runs_with_other_columns_are_one_clear_error(tmp_path):
    table = pl.DataFrame(rows(4))
    with pytest.raises(LogFormatError, match="has other columns in some of its rows"):
        saved(tmp_path, table[:2].to_dict(), table[2:].drop("truncateds").to_dict())
    wide = table[2:].with_columns(actions=pl.Series([[1, 2], [1, 2]], dtype=pl.Array(pl.Int64, 2)))
    with pytest.raises(LogFormatError, match="actions changes its shape"):
        saved(tmp_path / "2", table[:2].to_dict(), wide.to_dict())


# JSON lines


def batch(n_steps, *, episode=1, index=0, start=0, ended=False, **more):
    steps = list(range(start, start + n_steps))
    return {
        "obs": [[step, step] for step in steps],
        "new_obs": [[step + 1, step + 1] for step in steps],
        "actions": [step % 3 for step in steps],
        "rewards": [float(step) for step in steps],
        "dones": [False] * (n_steps - 1) + [ended],
        "t": steps,
        "eps_id": [episode] * n_steps,
        "agent_index": [index] * n_steps,
        "unroll_id": [7] * n_steps,
        "infos": [{}] * n_steps,
        **more,
    }


def merged(*batches):
    return {name: [value for one in batches for value in one[name]] for name in batches[0]}


def lines(path, *batches):
    texts = [{"type": "MultiAgentBatch", "count": 1, "policy_batches": one} for one in batches]
    path.write_text("".join(json.dumps(text) + "\n" for text in texts))
    return opened(path)


def test_a_genuine_recording_in_json_is_that_of_the_episodes():
    (folder,) = find_logs([DATA / "multi_agent_json"])
    log, other = opened(folder), opened(DATA / "multi_agent_episodes")
    assert [agent.name for agent in log.header.agents] == ["listener_0", "speaker_0"]
    assert log.episodes.length.tolist() == [10, 10, 10]
    assert log.episodes.end.tolist() == [EndKind.AMBIGUOUS] * 3
    assert any("each policy has one agent" in text for text in log.header.inputs[0].assumptions)
    mine, theirs = whole(log), whole(other)
    np.testing.assert_array_equal(mine.status, theirs.status)
    for name in ("actions", "observations"):
        np.testing.assert_array_equal(mine.columns[name], theirs.columns[name])
    np.testing.assert_allclose(mine.columns["rewards"], theirs.columns["rewards"], rtol=1e-6)
    assert opened(next(folder.iterdir())).episodes.length.tolist() == [10, 10, 10]


def test_an_episode_may_be_spread_over_lines_and_files(tmp_path):
    first = {"p": merged(batch(3), batch(2, episode=10**18 + 1))}
    second = {"p": merged(batch(2, start=3, ended=True), batch(1, episode=10**18))}
    (tmp_path / "a").mkdir()
    lines(tmp_path / "a" / "output-2026_worker-0_0.json", first)
    lines(tmp_path / "a" / "output-2026_worker-0_1.json", second)
    log = opened(tmp_path / "a")
    # Numbers of episodes that differ beyond what a float holds are told apart.
    assert log.episodes.length.tolist() == [5, 2, 1]
    assert log.episodes.end.tolist() == [EndKind.UNKNOWN, EndKind.CUT, EndKind.CUT]
    assert whole(log).columns["observations"][:6, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("policies", "names"),
    [
        ({"default_policy": merged(batch(2), batch(2, index=1))}, ["agent_0", "agent_1"]),
        ({"one": batch(2), "two": batch(2, index=1)}, ["one", "two"]),
        ({"one": merged(batch(2), batch(2, index=1)), "two": batch(2, index=2)}, ["agent_0", "agent_1", "agent_2"]),
        ({"one": merged(batch(2), batch(2, index=1)), "two": batch(2, index=0)}, ["one_0", "one_1", "two_0"]),
    ],
)
def test_agents_are_named_by_policy_or_index_and_that_is_said(tmp_path, policies, names):
    log = lines(tmp_path / "x.json", policies)
    assert [agent.name for agent in log.header.agents] == names
    assert any("called by" in text for text in log.header.inputs[0].assumptions)


def test_a_batch_of_the_only_agent_is_a_log_of_one_agent(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"type": "SampleBatch", **batch(3, ended=True)}))
    log = opened(path)
    assert [agent.name for agent in log.header.agents] == ["agent_0"]
    assert log.episodes.length.tolist() == [3]


def test_episodes_whose_beginning_was_not_recorded_are_left_out(tmp_path):
    log = lines(tmp_path / "x.json", {"p": merged(batch(3, start=2, ended=True), batch(2, episode=2))})
    assert log.episodes.length.tolist() == [2]
    assert [notice.code for notice in log.header.notices] == ["incomplete-episodes"]


def test_who_has_no_row_at_a_timestep_waits(tmp_path):
    second = batch(2, index=1, t=[0, 2], actions=[0, 1])
    block = whole(lines(tmp_path / "x.json", {"a": batch(4), "b": second}))
    acting, waiting = Status.ACTING, Status.WAITING
    assert block.status[:, 1].tolist() == [acting, waiting, acting, waiting, Status.DEAD]


@pytest.mark.parametrize("trusts", [False, True])
def test_packed_columns_of_json_are_left_out_unless_pickles_are_trusted(tmp_path, trusts):
    seen = np.stack([np.arange(3), np.arange(3)], axis=1)
    lines(tmp_path / "x.json", {"p": batch(3, obs=packed(seen), new_obs=packed(seen + 1))})
    log = opened(tmp_path / "x.json", trusts_pickle=trusts)
    assert whole(log).columns["rewards"][:3, 0].tolist() == [0, 1, 2]
    if trusts:
        assert whole(log).columns["observations"][:, 0, 0].tolist() == [0, 1, 2, 3]
    else:
        assert not log.has("observations")
        assert [notice.where for notice in log.header.notices] == ["new_obs", "obs"]
        assert all("--trust-pickle" in notice.message for notice in log.header.notices)


def test_trust_lets_nothing_in_but_arrays(tmp_path):
    lines(tmp_path / "x.json", {"p": batch(3, obs=packed(Harm()))})
    with pytest.raises(LogFormatError, match=r"asks for sys.exit; only arrays"):
        opened(tmp_path / "x.json", trusts_pickle=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BCJN!!!", "cannot be unpacked"),
        (packed(np.arange(400))[:80], "cannot be unpacked|cut short"),
        (base64.b64encode(lz4.frame.compress(bytes(1 << 29))).decode(), "its file unpacks to more than 256 MiB"),
        (base64.b64encode(lz4.frame.compress(b"x")).decode(), "pickle that is not read"),
    ],
    ids=["no base64", "cut", "bomb", "no pickle"],
)
def test_packed_texts_that_are_broken_are_one_clear_error(tmp_path, text, words):
    lines(tmp_path / "x.json", {"p": batch(3, obs=text)})
    with pytest.raises(LogFormatError, match=words) as caught:
        opened(tmp_path / "x.json", trusts_pickle=True)
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_named_with_the_way_to_get_it(tmp_path, monkeypatch):
    lines(tmp_path / "x.json", {"p": batch(3, obs=packed(np.zeros(3)))})
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'convscope\[rllib\]'"):
        opened(tmp_path / "x.json", trusts_pickle=True)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"eps_id": 3}, "no list eps_id"),
        ({"t": [0, 1]}, "t is no list of 3 whole numbers"),
        ({"t": [0, 1, 1 << 80]}, "t is no list"),
        ({"t": [0, 1, None]}, "t is no list"),
        ({"t": [0, 0, 1]}, "two rows in one timestep"),
        ({"dones": ["no"] * 3}, "dones is no list"),
        ({"agent_index": {}}, "agent_index is no list"),
        ({"actions": [0, 1]}, "no actions and rewards"),
        ({"actions": [[0], [0, 1], [2]]}, "no actions and rewards"),
    ],
)
def test_batches_that_do_not_fit_together_are_one_clear_error(tmp_path, more, words):
    with pytest.raises(LogFormatError, match=words) as caught:
        lines(tmp_path / "x.json", {"p": batch(3, **more)})
    assert "\n" not in str(caught.value)


def test_half_a_line_is_one_clear_error(tmp_path):
    source = next((DATA / "multi_agent_json").iterdir())
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes()[:5000])
    with pytest.raises(LogFormatError, match="line 1 is no batch of RLlib; an interrupted recording"):
        opened(path)
    path.write_text('{"type": "MultiAgentBatch", "policy_batches": [[]]}')
    with pytest.raises(LogFormatError, match="no batch with steps"):
        opened(path)
    path.write_text('{"type": "MultiAgentBatch"}' + "[" * 100000)
    with pytest.raises(LogFormatError, match="line 1 is no batch"):
        opened(path)


@pytest.mark.parametrize("seed", range(40))
def test_broken_texts_are_read_or_refused_in_a_sentence(tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = Path(shutil.copy(next((DATA / "multi_agent_json").iterdir()), tmp_path / "output-x_worker-0_0.json"))
    content = bytearray(path.read_bytes())
    for at in rng.integers(40, len(content), 3):
        content[at] = int(rng.choice(bytearray(b'0123456789[]{},"-e.tfn')))
    path.write_bytes(content)
    told = ""
    try:
        whole(opened(path))
    except ConvscopeError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 500
