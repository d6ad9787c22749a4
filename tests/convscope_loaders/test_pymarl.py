"""Padded episodes lose their padding and nothing else."""

from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.finding import find_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.pymarl import LOADER
from tests.convscope_loaders.reading import opened_by, whole

GENUINE = Path(__file__).parents[1] / "data" / "pymarl" / "part_0.h5"
FOLDER = GENUINE.parents[1] / "alberdice"
"""The same episodes, a file for each array."""
N_PADDED, N_AGENTS, N_ACTIONS = 6, 3, 4


def padded(lengths, *, has_bootstrap, is_flagged, n_padded=N_PADDED):
    """Episodes as the family stores them: numbers count up, padding is zero."""
    n_episodes = len(lengths)
    step = np.arange(n_padded)
    n_filled = np.asarray(lengths) + has_bootstrap
    filled = (step < n_filled[:, None]).astype(np.int64)[..., None]
    terminated = (np.asarray(is_flagged)[:, None] & (step == np.asarray(lengths)[:, None] - 1)).astype(np.uint8)
    shape = (n_episodes, n_padded, N_AGENTS)
    rng = np.random.default_rng(0)
    return {
        "obs": rng.normal(size=(*shape, 2)).astype("f4") * filled[..., None],
        "actions": rng.integers(0, N_ACTIONS, (*shape, 1)) * filled[..., None],
        "avail_actions": np.ones((*shape, N_ACTIONS), "i4") * filled[..., None].astype("i4"),
        "reward": rng.normal(size=(n_episodes, n_padded, 1)).astype("f4") * filled,
        "terminated": terminated[..., None],
        "filled": filled,
    }


def saved(path, arrays, group="/", **attributes):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.require_group(group)[name] = array
        file.attrs.update(attributes)
    return opened(path)


opened = partial(opened_by, LOADER, score=0.9)


def test_a_genuine_file_is_read():
    log = opened(GENUINE)
    # The same recording in flat layouts has 166 transitions.
    assert log.episodes.length.tolist() == [40, 33, 7, 6, 40, 40]
    assert log.episodes.rows.tolist() == [41, 34, 8, 7, 41, 41]
    assert log.episodes.end.tolist() == [EndKind.TRUNCATED, *[EndKind.TERMINATED] * 3, *[EndKind.TRUNCATED] * 2]
    assert [agent.name for agent in log.header.agents] == ["agent_0", "agent_1", "agent_2"]
    assert log.header.agents[0].action_space.n == (6,)
    assert {f.name: f.shape for f in log.header.fields} == {
        "actions": (1,),
        "action_masks": (6,),
        "observations": (12,),
        "state": (36,),
        "team_rewards": (),
    }
    block = whole(log)
    with h5py.File(GENUINE) as file:
        is_real = np.arange(41) < log.episodes.rows[:, None]
        np.testing.assert_array_equal(block.columns["observations"], file["obs"][:][is_real])
        is_step = np.arange(41) < log.episodes.length[:, None]
        acted = block.is_acting.any(axis=1)
        np.testing.assert_array_equal(block.columns["actions"][acted], file["actions"][:][is_step])
        np.testing.assert_array_equal(block.columns["team_rewards"][acted], file["reward"][:][is_step][:, 0])
    assert np.isnan(block.columns["actions"][~acted]).all()
    assert (block.status[~acted] == Status.WAITING).all()
    text = " ".join(log.header.inputs[0].assumptions)
    assert "3 episodes end at their end flag" in text
    assert "bootstrap row" in text
    assert "agent_<slot>" in text


def test_a_folder_of_arrays_is_the_same_log(tmp_path):
    assert find_logs([FOLDER]) == [FOLDER]
    by_file, by_array = opened(GENUINE), opened(FOLDER)
    assert by_array.header.inputs[0].assumptions == by_file.header.inputs[0].assumptions
    assert by_array.episodes.end.tolist() == by_file.episodes.end.tolist()
    expected, block = whole(by_file), whole(by_array)
    np.testing.assert_array_equal(block.status, expected.status)
    assert set(block.columns) == set(expected.columns)
    for name, column in block.columns.items():
        np.testing.assert_array_equal(column, expected.columns[name])


def test_an_archive_of_arrays_is_the_same_log_as_well(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", **{path.stem: np.load(path) for path in FOLDER.glob("*.npy")})
    assert opened(tmp_path / "x.npz").episodes.length.tolist() == [40, 33, 7, 6, 40, 40]


def test_a_folder_with_other_arrays_of_these_names_is_not_ours(tmp_path):
    for name in ("actions", "filled", "avail_actions"):
        np.save(tmp_path / f"{name}.npy", np.ones((4, 3)))
    assert LOADER.sniff(probe(tmp_path, "x")).score == 0


@given(
    st.lists(st.tuples(st.integers(1, N_PADDED - 1), st.booleans()), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from(["/", "/transition_data"]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_real_lengths_come_out_of_any_padding(tmp_path_factory, episodes, has_bootstrap, group):
    lengths, is_flagged = [e[0] for e in episodes], [e[1] for e in episodes]
    if not has_bootstrap and not any(is_flagged):
        is_flagged[0] = True  # else nothing tells that the last filled row is a step
    arrays = padded(lengths, has_bootstrap=has_bootstrap, is_flagged=is_flagged)
    log = saved(tmp_path_factory.mktemp("pymarl") / "x.h5", arrays, group)
    assert log.episodes.length.tolist() == lengths
    assert log.episodes.rows.tolist() == [length + has_bootstrap for length in lengths]
    ends = log.episodes.end[np.array(is_flagged)]
    assert (ends == EndKind.TERMINATED).all()
    block = whole(log)
    expected = [arrays["obs"][e, : length + has_bootstrap] for e, length in enumerate(lengths)]
    np.testing.assert_array_equal(block.columns["observations"], np.concatenate(expected))
    assert int(block.is_acting.sum()) == N_AGENTS * sum(lengths)


def test_parts_of_a_log_are_the_whole_cut_up(tmp_path):
    log = saved(tmp_path / "x.h5", padded([5, 2, 4], has_bootstrap=True, is_flagged=[False, True, True]))
    fields = frozenset({"observations", "team_rewards"})
    pieces = list(log.blocks(fields, max_bytes=1))
    assert [len(piece.episodes) for piece in pieces] == [1, 1, 1]
    np.testing.assert_array_equal(
        np.concatenate([piece.columns["observations"] for piece in pieces]), whole(log).columns["observations"]
    )
    (source,) = log.sources
    read = source.read(np.array([0, 2]), fields)
    np.testing.assert_array_equal(
        read.columns["team_rewards"], np.concatenate([pieces[e].columns["team_rewards"] for e in (0, 2)])
    )


def test_time_limits_that_may_hide_as_terminations_are_said(tmp_path):
    log = saved(tmp_path / "x.h5", padded([5, 5, 2], has_bootstrap=False, is_flagged=[True] * 3))
    assert "2 terminations at the longest length (5 steps) may be time limits" in log.header.inputs[0].assumptions


def test_episodes_without_a_step_are_left_out_and_counted(tmp_path):
    arrays = padded([3, 2, 2], has_bootstrap=True, is_flagged=[True] * 3)
    arrays["filled"][1] = 0
    log = saved(tmp_path / "x.h5", arrays)
    assert log.episodes.path == ("/[0]", "/[2]")
    assert "left out 1 episodes without a step" in [n.message for n in log.header.notices]
    np.testing.assert_array_equal(whole(log).columns["observations"][4:], arrays["obs"][2, :3])


def test_rows_after_the_end_flag_are_left_out_and_counted(tmp_path):
    arrays = padded([5, 2], has_bootstrap=False, is_flagged=[False, True])
    arrays["terminated"][0, 1] = 1
    log = saved(tmp_path / "x.h5", arrays)
    assert log.episodes.length.tolist() == [2, 2]
    assert [n.code for n in log.header.notices] == ["rows-after-end"]


def test_the_dead_are_those_who_see_nothing_and_can_do_nothing_until_the_end(tmp_path):
    arrays = padded([5, 5], has_bootstrap=True, is_flagged=[True, True])
    no_op = np.eye(N_ACTIONS, dtype="i4")[0]
    arrays["obs"][0, 3:, 1], arrays["avail_actions"][0, 3:, 1] = 0, no_op  # dies at timestep 3
    arrays["obs"][0, 1:3, 2], arrays["avail_actions"][0, 1:3, 2] = 0, no_op  # held up, but comes back
    arrays["avail_actions"][1, 2:, 0] = no_op  # can do nothing, but sees
    arrays["obs"][1, :, 2], arrays["avail_actions"][1, :, 2] = 0, no_op  # never there
    status = whole(saved(tmp_path / "x.h5", arrays)).status.reshape(2, 6, 3)
    acting, dead = Status.ACTING, Status.DEAD
    assert status[0, :, 1].tolist() == [acting, acting, acting, dead, dead, dead]
    assert status[0, :, 2].tolist() == [acting] * 5 + [Status.WAITING]
    assert status[1, :, 0].tolist() == [acting] * 5 + [Status.WAITING]
    assert status[1, :, 2].tolist() == [Status.ABSENT] * 6


def test_names_rewards_probabilities_and_other_fields_are_found(tmp_path):
    arrays = padded([5, 3], has_bootstrap=True, is_flagged=[True, True])
    arrays["reward"] = np.ones((2, N_PADDED, N_AGENTS))
    arrays["probs"] = np.full((2, N_PADDED, N_AGENTS, N_ACTIONS), 0.25, "f4")
    arrays["state"] = np.ones((2, N_PADDED, 7))
    arrays["hidden_states"] = np.ones((2, N_PADDED, N_AGENTS, 8))
    arrays["battle_won"] = np.zeros((2, N_PADDED, 1))
    arrays["health"] = np.zeros((2, N_PADDED, N_AGENTS, 1))
    arrays["attn"] = np.zeros((2, N_PADDED, N_AGENTS, N_AGENTS))
    arrays["seeds"] = np.zeros(2)
    log = saved(tmp_path / "x.h5", arrays, agent_names='["a", "b", "c"]', env="3m")
    assert [agent.name for agent in log.header.agents] == ["a", "b", "c"]
    assert log.header.environment == "3m"
    assert {(f.name, f.level.value, f.shape) for f in log.header.fields} == {
        ("observations", "agent", (2,)),
        ("actions", "agent", (1,)),
        ("action_masks", "agent", (N_ACTIONS,)),
        ("action_probabilities", "agent", (N_ACTIONS,)),
        ("rewards", "agent", ()),
        ("hidden_states", "agent", (8,)),
        ("state", "team", (7,)),
        ("info/battle_won", "team", ()),
        ("info/health", "agent", ()),
    }
    assert sorted(n.where for n in log.header.notices) == ["/attn", "/seeds"]


def test_actions_without_masks_are_counted_and_the_count_is_an_assumption(tmp_path):
    arrays = padded([5], has_bootstrap=False, is_flagged=[True])
    del arrays["avail_actions"]
    arrays["actions"][:] = 0
    arrays["actions"][0, 1, 1] = 6
    log = saved(tmp_path / "x.h5", arrays)
    assert log.header.agents[0].action_space.n == (7,)
    assert "as many actions as the largest number seen: 7" in log.header.inputs[0].assumptions


def test_continuous_actions_stay_continuous(tmp_path):
    arrays = padded([5], has_bootstrap=False, is_flagged=[True])
    del arrays["avail_actions"]
    arrays["actions"] = np.random.default_rng(0).normal(size=(1, N_PADDED, N_AGENTS, 2))
    log = saved(tmp_path / "x.h5", arrays)
    assert (log.header.agents[0].action_space.kind, log.header.agents[0].action_space.width) == ("continuous", 2)


@pytest.mark.parametrize("gap", [(0, 0), (0, 2)])
def test_a_gap_in_the_filled_rows_is_an_error(tmp_path, gap):
    arrays = padded([5], has_bootstrap=False, is_flagged=[True])
    arrays["filled"][gap] = 0
    with pytest.raises(LogFormatError, match="/filled: the filled rows of episode 0 have a gap"):
        saved(tmp_path / "x.h5", arrays)


def test_a_file_without_any_step_is_an_error(tmp_path):
    arrays = padded([5], has_bootstrap=False, is_flagged=[True])
    arrays["filled"][:] = 0
    with pytest.raises(LogFormatError, match="marks no step as filled"):
        saved(tmp_path / "x.h5", arrays)


@pytest.mark.parametrize("missing", ["filled", "actions"])
def test_other_files_are_not_ours(tmp_path, missing):
    arrays = padded([5], has_bootstrap=False, is_flagged=[True])
    del arrays[missing]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    found = probe(tmp_path / "x.h5", "x.h5")
    assert LOADER.sniff(found).score == 0
    with pytest.raises(LogFormatError, match="no PyMARL file"):
        LOADER.open(found, None)


def test_end_flags_of_another_length_are_left_out_and_said(tmp_path):
    arrays = padded([5, 2], has_bootstrap=True, is_flagged=[True, True])
    arrays["terminated"] = arrays["terminated"][:, :-1]
    log = saved(tmp_path / "x.h5", arrays)
    (notice,) = log.header.notices
    assert (notice.code, notice.where) == ("not-read", "/terminated")
    assert "its first axes are not those of episodes and timesteps" in notice.message


def test_corrected_end_flags_are_a_field_and_the_log_says_that_episodes_end_by_the_others(tmp_path):
    arrays = padded([5, 2], has_bootstrap=True, is_flagged=[True, True])
    arrays["corrected_terminated"] = arrays["terminated"] * [[[0]], [[1]]]
    log = saved(tmp_path / "x.h5", arrays)
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.TERMINATED]
    corrected = whole(log).columns["info/corrected_terminated"]
    assert np.flatnonzero(corrected).tolist() == [7]  # the second episode's last step, after six rows of the first
    said = [n for n in log.header.notices if n.where == "/corrected_terminated"]
    assert [n.message for n in said] == [
        "no episode ends by this correction of terminated, which is kept as a field of its own"
    ]


def test_that_deaths_are_inferred_is_an_assumption(tmp_path):
    arrays = padded([5], has_bootstrap=True, is_flagged=[True])
    assumed = saved(tmp_path / "x.h5", arrays).header.inputs[0].assumptions
    (sentence,) = [text for text in assumed if "dead" in text]
    assert "sees only zeros" in sentence
    del arrays["obs"]
    assumed = saved(tmp_path / "y.h5", arrays).header.inputs[0].assumptions
    assert "nothing shows whether agents die: every agent acts in every step" in assumed
