"""Flashbax vaults are read as OG-MARL and Mava write them, and only as far as they were written."""

import json
import pickle
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError, MissingPackageError, RefusedFileError, UsageError
from convscope.ingest.choice import choose, installed_loaders
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.open import find_logs, open_logs
from convscope.ingest.probe import probe
from convscope.values.fields import Level
from convscope.values.status import EndKind, Status
from tests.convscope_loaders.reading import opened_by
from tests.convscope_loaders.reading import rows_of as columns

pytest.importorskip("tensorstore")

from convscope_loaders.vault import LOADER
from tests.convscope_loaders.vault.writing import BFLOAT16, ENDLESS, create, write_vault

DATA = Path(__file__).parents[2] / "data" / "flashbax"
OG_MARL = DATA / "3ag.vlt" / "Random"
MAVA = DATA / "ff_ippo_rware" / "20240101000000"


opened = partial(opened_by, LOADER)


def og_marl(lengths, n_agents=2, seed=0):
    """Return the tree that OG-MARL records, every second episode ended by a time limit."""
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    ends = np.cumsum(lengths) - 1
    over, limit = np.isin(np.arange(n), ends[::2]), np.isin(np.arange(n), ends[1::2])
    legals = np.ones((1, n, n_agents, 3), bool)
    return {
        "observations": rng.normal(size=(1, n, n_agents, 4)).astype("f4"),
        "actions": rng.integers(3, size=(1, n, n_agents)).astype("i4"),
        "rewards": np.repeat(rng.normal(size=(1, n, 1)).astype("f4"), n_agents, axis=2),
        "terminals": np.repeat(over[None, :, None], n_agents, axis=2),
        "truncations": np.repeat(limit[None, :, None], n_agents, axis=2),
        "infos": {"state": rng.normal(size=(1, n, 5)).astype("f4"), "legals": legals},
    }


def recorded():
    """Return what the recorder of the genuine vault drew, from the same generator."""
    rng, rows, t = np.random.default_rng(0), [], 0
    for _ in range(60):
        t += 1
        end = rng.random() < 0.12
        limit = not end and t >= 12
        legals = rng.random((3, 5)) < 0.7
        legals[:, 0] = True
        observed = rng.normal(size=(3, 6)).astype("f4")
        actions = [rng.choice(np.flatnonzero(legal)) for legal in legals]
        reward = np.float32(rng.normal())
        rows.append((observed, actions, reward, legals, rng.normal(size=8).astype("f4"), end, limit))
        t = 0 if end or limit else t
    return [np.array(column) for column in zip(*rows, strict=True)]


def test_the_genuine_vault_is_read_as_its_recorder_wrote_it():
    observed, actions, rewards, legals, state, end, limit = recorded()
    log = opened(OG_MARL)
    assert [agent.name for agent in log.header.agents] == ["a0", "a1", "a2"]
    last = np.flatnonzero(end | limit)
    assert log.episodes.length.tolist() == [9, 12, 8, 12, 2, 3, 12, 1, 1] == np.diff([-1, *last, 59]).tolist()
    kinds = [EndKind.TERMINATED if end[row] else EndKind.TRUNCATED for row in last]
    assert log.episodes.end.tolist() == [*kinds, EndKind.CUT]
    assert log.episodes.rows.tolist() == log.episodes.length.tolist()
    assert (log.header.framework, log.header.environment) == ("OG-MARL", "toy_env")
    assert {agent.action_space.n for agent in log.header.agents} == {(5,)}
    read = columns(log, "actions", "observations", "team_rewards", "action_masks", "state")
    assert (read[0] == Status.ACTING).all()
    for column, expected in zip(read[1:], (actions[..., None], observed, rewards, legals, state), strict=True):
        assert np.array_equal(column, expected)


def test_the_genuine_vault_of_mavas_kind_is_put_into_the_order_of_time():
    log = opened(MAVA)
    # Two environments, 3 evaluations of 2 updates of 4 rows; environment e ends where (time + e) % 5 == 4.
    assert log.episodes.length.tolist() == [5, 5, 5, 5, 4, 4, 5, 5, 5, 5]
    assert log.episodes.end.tolist() == [EndKind.UNKNOWN] * 4 + [EndKind.CUT] + [EndKind.UNKNOWN] * 5
    _, observed, actions, rewards = columns(log, "observations", "actions", "team_rewards")
    time = np.tile(np.arange(24), 2)
    place = np.repeat([0, 1], 24)
    assert np.array_equal(observed[:, 1], np.stack([place, time, np.ones(48)], axis=1))
    assert np.array_equal(actions[..., 0], np.stack([(time + place) % 5, (2 * time + place) % 5], axis=1))
    assert np.array_equal(rewards, time / 2)
    assert (log.header.framework, log.header.environment) == ("Mava", "RobotWarehouse/tiny-2ag")


def test_a_vault_of_several_data_sets_is_several_runs(tmp_path):
    for quality, seed in (("Good", 0), ("Poor", 1)):
        write_vault(tmp_path / "8m.vlt" / quality, og_marl([3, 4], seed=seed))
    paths = find_logs([tmp_path])
    assert [path.name for path in paths] == ["Good", "Poor"]
    log = open_logs(paths)
    assert log.episodes.runs == ("Good", "Poor")
    assert log.header.environment == "8m"


@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=5), max_bytes=st.sampled_from([1, 300, 1 << 20]))
@settings(max_examples=8, deadline=None)
def test_rows_of_episodes_are_those_that_were_written(tmp_path_factory, lengths, max_bytes):
    tree = og_marl(lengths)
    log = opened(write_vault(tmp_path_factory.mktemp("v") / "u", tree))
    assert log.episodes.length.tolist() == lengths
    _, actions, rewards = columns(log, "actions", "team_rewards", max_bytes=max_bytes)
    assert np.array_equal(actions[..., 0], tree["actions"][0])
    assert np.array_equal(rewards, tree["rewards"][0, :, 0])


def test_rows_beyond_the_count_of_the_vault_are_not_read(tmp_path):
    log = opened(write_vault(tmp_path / "u", og_marl([4, 3, 5]), n_rows=7))
    assert log.episodes.length.tolist() == [4, 3]


def test_half_precision_is_read(tmp_path):
    tree = og_marl([4])
    tree["observations"] = tree["observations"].astype(BFLOAT16)
    _, observed = columns(opened(write_vault(tmp_path / "u", tree)), "observations")
    assert np.array_equal(observed, tree["observations"][0].astype(float))


def test_rewards_of_their_own_stay_the_agents(tmp_path):
    tree = og_marl([4, 3])
    tree["rewards"][0, 5, 1] += 1
    log = opened(write_vault(tmp_path / "u", tree))
    assert log.header.field("rewards").level is Level.AGENT
    assert not log.has("team_rewards")


def test_who_sees_nothing_and_may_do_nothing_is_dead_and_either_sign_alone_is_not(tmp_path):
    tree = og_marl([4, 3])
    legals, observed = tree["infos"]["legals"], tree["observations"]
    legals[0, 2:4, 1, 1:], observed[0, 2:4, 1] = False, 0
    legals[0, 5, 0, 1:] = False
    observed[0, 6, 0] = 0
    log = opened(write_vault(tmp_path / "u", tree))
    (status,) = columns(log)
    assert status[:, 1].tolist() == [1, 1, 3, 3, 1, 1, 1]
    assert status[:, 0].tolist() == [1] * 7
    assert any("no legal action but the first" in said for said in log.header.inputs[0].assumptions)


@pytest.mark.parametrize("max_bytes", [1, 1 << 20])
def test_an_agent_whose_flag_is_set_while_others_go_on_is_out_from_the_next_step(tmp_path, max_bytes):
    tree = og_marl([5, 3])
    tree["terminals"][0, 1:4, 0] = True
    log = opened(write_vault(tmp_path / "u", tree))
    assert log.episodes.length.tolist() == [5, 3]
    (status,) = columns(log, max_bytes=max_bytes)
    assert status[:, 0].tolist() == [1, 1, 3, 3, 3, 1, 1, 1]
    assert (status[:, 1] == Status.ACTING).all()


def mava(n_devices, n_updates, n_batches, n_envs, rollout, n_evaluations):
    """Return what Mava stores, the observation of each row telling its environment and its true time."""
    time = np.arange(n_evaluations * n_updates * rollout).reshape(n_evaluations, n_updates, rollout)
    # (evaluation, device, update, batch, time, environment), as the training loop returns it.
    lead = (n_evaluations, n_devices, n_updates, n_batches, rollout, n_envs)
    times = np.broadcast_to(time[:, None, :, None, :, None], lead)
    place = np.arange(n_devices * n_batches * n_envs).reshape(n_devices, n_batches, n_envs)
    places = np.broadcast_to(place[None, :, None, :, None, :], lead)
    seen = np.stack([places, times], axis=-1).astype("f4")
    # Its own reshaping: environments before time, then all but time into one axis; evaluations follow each other.
    merged = np.concatenate(list(np.swapaxes(seen, 4, 5).reshape(n_evaluations, -1, rollout, 2)), axis=1)
    n_entries, n_rows = merged.shape[:2]
    done = np.isin(merged[..., 1] % 5, [4])
    return {
        "done": np.repeat(done[..., None], 2, axis=2),
        "action": np.zeros((n_entries, n_rows, 2), "i4"),
        "reward": np.zeros((n_entries, n_rows, 2), "f4"),
        "observation": np.repeat(merged[:, :, None], 2, axis=2),
        "legal_action_mask": np.ones((n_entries, n_rows, 2, 3), bool),
    }


def configuration(n_updates, n_batches, n_envs, rollout):
    return {
        "system": {"rollout_length": rollout, "num_updates_per_eval": n_updates, "update_batch_size": n_batches},
        "arch": {"num_envs": n_envs},
        "env": {"env_name": "RobotWarehouse", "scenario": {"task_name": "tiny-4ag"}},
    }


@given(
    sizes=st.tuples(*(st.integers(1, 3) for _ in range(4))), rollout=st.integers(1, 4), n_evaluations=st.integers(1, 3)
)
@settings(max_examples=8, deadline=None)
def test_mavas_rollouts_follow_each_other_in_time(tmp_path_factory, sizes, rollout, n_evaluations):
    tree = mava(*sizes, rollout, n_evaluations)
    folder = tmp_path_factory.mktemp("v") / "u"
    log = opened(write_vault(folder, tree, metadata=configuration(*sizes[1:], rollout)))
    n_environments, n_steps = sizes[0] * sizes[2] * sizes[3], n_evaluations * sizes[1] * rollout
    _, observed = columns(log, "observations")
    seen = observed[:, 0].reshape(n_environments, n_steps, 2)
    assert np.array_equal(seen[..., 1], np.tile(np.arange(n_steps), (n_environments, 1)))
    assert (seen[..., 0] == seen[:, :1, 0]).all()
    assert sorted(seen[:, 0, 0]) == list(range(n_environments))
    assert log.episodes.length.max() <= 5
    assert (log.header.framework, log.header.environment) == ("Mava", "RobotWarehouse/tiny-4ag")


def test_a_configuration_that_does_not_fit_the_arrays_is_an_error(tmp_path):
    tree = mava(1, 2, 1, 2, 4, 1)
    folder = write_vault(tmp_path / "u", tree, metadata=configuration(3, 1, 2, 4))
    with pytest.raises(LogFormatError, match="the order of time is lost"):
        opened(folder)


def test_environments_side_by_side_are_told_apart_and_said(tmp_path):
    tree = {key: np.concatenate([array] * 3) for key, array in og_marl([4, 3]).items() if key != "infos"}
    log = opened(write_vault(tmp_path / "u", tree))
    assert log.episodes.length.tolist() == [4, 3] * 3
    assert log.episodes.path[2] == "/rollout_1[0:4]"
    assert any("3 entries of the batch axis" in said for said in log.header.inputs[0].assumptions)


def test_the_proposed_mapping_reads_the_same_and_may_name_the_agents(tmp_path):
    tree = og_marl([5, 3])
    tree["terminals"][0, 1:4, 0] = True
    folder = write_vault(tmp_path / "u", tree)
    text = mapping_text(LOADER.propose(probe(folder, "u"), None))
    (tmp_path / "map.toml").write_text(text.replace("[agents]", '[agents]\nnames = ["left", "right"]'))
    log = opened(folder, read_mapping(tmp_path / "map.toml"))
    assert [agent.name for agent in log.header.agents] == ["left", "right"]
    assert np.array_equal(columns(log, "actions")[0], columns(opened(folder), "actions")[0])


def test_other_trees_are_understood_by_structure(tmp_path):
    tree = og_marl([4, 3])
    own = {
        "obs": tree["observations"],
        "act": tree["actions"],
        "rew": tree["rewards"][..., 0],
        "done": tree["terminals"],
    }
    log = opened(write_vault(tmp_path / "u", own))
    assert log.episodes.length.tolist() == [4, 3]
    assert log.header.framework == "Flashbax"
    with pytest.raises(LogFormatError, match="several environments"):
        opened(write_vault(tmp_path / "w", {"x": np.ones((2, 3, 2)), "y": np.ones((2, 3))}))


def test_a_source_travels_to_another_process():
    log = pickle.loads(pickle.dumps(opened(OG_MARL)))  # noqa: S301
    assert columns(log, "actions")[1].shape == (60, 3, 1)


def test_files_of_a_vault_and_its_forerunners_say_what_to_give_instead(tmp_path):
    loaders = [found.loader for found in installed_loaders()[0]]
    manifest = probe(OG_MARL / "manifest.ocdbt", "manifest.ocdbt")
    assert choose(manifest, loaders).loader.name == "vault"
    with pytest.raises(LogFormatError, match="give its folder"):
        LOADER.open(manifest, None)
    old = tmp_path / "3m_Good_sequence_log_0.tfrecord"
    old.write_bytes(b"\x1f\x8b\x08\x00junk")
    assert choose(probe(old, old.name), loaders).loader.name == "vault"
    with pytest.raises(LogFormatError, match="as Flashbax vaults"):
        LOADER.open(probe(old, old.name), None)


def test_without_tensorstore_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    assert LOADER.sniff(probe(OG_MARL, "Random")).score == pytest.approx(0.9)
    with pytest.raises(MissingPackageError, match=r"pip install 'convscope\[vault\]'"):
        opened(OG_MARL)


@pytest.mark.parametrize(("n_rows", "what"), [(0, "nothing was written"), (-5, "nothing was written")])
def test_a_vault_without_rows_is_an_error(tmp_path, n_rows, what):
    with pytest.raises(LogFormatError, match=what):
        opened(write_vault(tmp_path / "u", og_marl([4]), n_rows=n_rows))


def test_a_count_of_rows_beyond_all_compression_is_refused(tmp_path):
    with pytest.raises(RefusedFileError, match="its count of rows is wrong"):
        opened(write_vault(tmp_path / "u", og_marl([4]), n_rows=2_000_000_000))


def test_chunks_that_unpack_beyond_all_measure_are_refused(tmp_path):
    folder = write_vault(tmp_path / "u", og_marl([4]))
    create(folder, "actions.", np.dtype("int32"), (1, ENDLESS, 2), chunks=[1, 10**9, 2])
    with pytest.raises(RefusedFileError, match="unpacks 8000000000 bytes at a time"):
        opened(folder)


def test_links_are_refused(tmp_path):
    folder = write_vault(tmp_path / "u", og_marl([4]))
    (folder / "d").rename(tmp_path / "elsewhere")
    (folder / "d").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedFileError, match="is a link"):
        opened(folder)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"version": 1.2}',
        '{"version": 9, "structure_shape": {"a": "(1, 2)"}}',
        '{"version": 1.2, "structure_shape": {}}',
        '{"version": 1.2, "structure_shape": {"a": 3}}',
        '{"version": 1.2, "structure_shape": {"../../x": "(1, 2, 3)"}}',
        '{"version": 1.2, "structure_shape": ' + '{"a": ' * 500 + '"x"' + "}" * 501,
        json.dumps({"version": 1.2, "structure_shape": {str(k): "(1, 2)" for k in range(1001)}}),
    ],
)
def test_metadata_that_says_something_else_is_refused_in_one_line(tmp_path, content):
    folder = write_vault(tmp_path / "u", og_marl([4]))
    (folder / "metadata.json").write_text(content)
    with pytest.raises(LogFormatError) as caught:
        opened(folder)
    assert "\n" not in str(caught.value)


def test_broken_files_are_refused_in_one_line(tmp_path):
    folder = write_vault(tmp_path / "u", og_marl([4, 3]))
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "metadata.json":
            whole = path.read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
            assert "\n" not in complaint(folder)
            path.write_bytes(whole)


def complaint(folder):
    try:
        log = opened(folder)
        columns(log, *(spec.name for spec in log.header.fields))
    except LogFormatError as error:
        return str(error)
    return ""


def test_a_folder_without_a_vault_stays_unknown(tmp_path):
    (tmp_path / "metadata.json").write_text("{}")
    (tmp_path / "manifest.ocdbt").write_bytes(b"x")
    assert LOADER.sniff(probe(tmp_path, "x")).score == 0
    with pytest.raises(UsageError):
        find_logs([tmp_path / "none"])


@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_a_vault_with_a_changed_array_is_read_or_refused_in_words(tmp_path_factory, data):
    tree = og_marl([4, 3])
    tree |= {f"info_{name}": array for name, array in tree.pop("infos").items()}
    name = data.draw(st.sampled_from(sorted(tree)))
    shape = data.draw(st.permutations(tree[name].shape) | st.just(tree[name].shape[:-1]) | st.just((2, 3)))
    kind = data.draw(st.sampled_from(["f4", "i8", "u1", "bool", "c8"]))
    value = data.draw(st.sampled_from([0, 1, 200, -(2**40), np.nan, np.inf]))
    with np.errstate(all="ignore"):
        tree[name] = np.full(shape, value).astype(kind)
    if data.draw(st.booleans()):
        del tree[name]
    folder = write_vault(tmp_path_factory.mktemp("v") / "u", tree, n_rows=data.draw(st.sampled_from([1, 7, 8, 40])))
    said = complaint(folder)
    assert "\n" not in said or "ways:" in said
