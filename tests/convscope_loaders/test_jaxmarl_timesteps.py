"""Timesteps of JaxMARL's Q-learning are read by the names of their agents, with flags in the row they belong to."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.values.status import Status
from convscope_loaders.jaxmarl import LOADER
from tests.convscope_loaders.reading import opened_by
from tests.convscope_loaders.reading import write_npz as saved

AGENTS = [f"agent_{k}" for k in range(11)]
"""More than ten: by the alphabet the tenth comes before the second."""
N_STEPS = 13


def timesteps(lengths, *, is_late, deaths=False, prefix="timesteps."):
    """Arrays of each agent whose observations say agent, episode and time; one list of lengths an environment."""
    at, episode, over = (np.zeros((N_STEPS, len(lengths)), int) for _ in range(3))
    for env, mine in enumerate(lengths):
        times = [(t, e, t == n - 1) for e, n in enumerate(mine) for t in range(n)][:N_STEPS]
        at[:, env], episode[:, env], over[:, env] = np.array(times).T
    before = np.zeros((1, len(lengths)), bool)
    arrays = {}
    for number, agent in sorted(enumerate(AGENTS), key=lambda pair: pair[1]):
        done = over > 0
        if deaths and not number:
            done = done | (at >= 2)
        elif deaths:
            done = np.zeros_like(done)  # survivors are never flagged
        parts = {
            "obs": np.stack([np.full_like(at, number), episode, at], axis=-1).astype("f4"),
            "actions": (at + number) % 5,
            "rewards": np.full(at.shape, float(number)),
            "dones": np.concatenate([before, done[:-1]]) if is_late else done,
            "avail_actions": np.ones((*at.shape, 5)),
        }
        arrays |= {f"{prefix}{part}.{agent}": array for part, array in parts.items()}
    all_done = np.concatenate([before, over[:-1] > 0]) if is_late else over > 0
    arrays |= {f"{prefix}dones.__all__": all_done, f"{prefix}obs.__all__": np.zeros((*at.shape, 7))}
    return arrays | {f"{prefix}rewards.__all__": np.zeros(at.shape), "state.step": at}


opened = partial(opened_by, LOADER, score=0.9)


def check(log):
    assert [agent.name for agent in log.header.agents] == AGENTS
    (block,) = log.blocks(frozenset({"observations", "actions"}))
    observed = block.columns["observations"]
    assert (observed[..., 0] == np.arange(11)).all()
    first = 0
    for length in log.episodes.length.tolist():
        mine = observed[first : first + length, 0]
        assert (mine[:, 1] == mine[0, 1]).all()
        np.testing.assert_array_equal(mine[:, 2], np.arange(length))
        first += length
    np.testing.assert_array_equal(block.columns["actions"][..., 0], (observed[..., 2] + np.arange(11)) % 5)
    return block


@given(
    st.lists(st.lists(st.integers(2, 6), min_size=7, max_size=7), min_size=1, max_size=3), st.booleans(), st.booleans()
)
@settings(max_examples=15, deadline=None)
def test_every_step_of_every_agent_finds_its_episode(tmp_path_factory, lengths, is_late, deaths):
    log = opened(saved(tmp_path_factory.mktemp("timesteps"), timesteps(lengths, is_late=is_late, deaths=deaths)))
    block = check(log)
    at = block.columns["observations"][:, 0, 2]
    assert ((block.status[:, 0] == Status.DEAD) == (deaths & (at >= 3))).all()
    assert (block.status[:, 1:] == Status.ACTING).all()
    assert int(log.episodes.length.sum()) == N_STEPS * len(lengths)


@pytest.mark.parametrize("is_late", [True, False])
def test_without_a_count_of_steps_the_row_of_the_flag_is_asked_for(tmp_path, is_late):
    arrays = timesteps([[4, 5, 4], [6, 3, 4]], is_late=is_late, prefix="")
    del arrays["state.step"]
    path = saved(tmp_path, arrays)
    with pytest.raises(
        AmbiguousLogError, match=r'/dones/__all__ may be the flag after the step \(cut = "flags"\)'
    ) as caught:
        opened(path)
    text = caught.value.mapping
    (tmp_path / "m.toml").write_text(text.replace('cut = "flags"', 'cut = "first-rows"') if is_late else text)
    log = open_logs([path], mapping=read_mapping(tmp_path / "m.toml"))
    assert log.episodes.length.tolist() == [4, 5, 4, 6, 3, 4]
    check(log)


def test_what_the_log_wrapper_returns_tells_the_row_too(tmp_path):
    arrays = timesteps([[4, 5, 4], [6, 3, 4]], is_late=True)
    over = np.concatenate([arrays["timesteps.dones.__all__"][1:], np.ones((1, 2), bool)])
    del arrays["state.step"]
    arrays["infos.returned_episode"] = np.repeat(over[..., None], 11, axis=2)
    log = opened(saved(tmp_path, arrays))
    assert log.episodes.length.tolist() == [4, 5, 4, 6, 3, 4]
    check(log)


def test_what_is_of_all_together_is_left_out_with_a_notice(tmp_path):
    log = opened(saved(tmp_path, timesteps([[4, 5, 4], [6, 3, 4]], is_late=False)))
    assert [(n.code, n.where) for n in log.header.notices] == [("not-read", "/timesteps/obs/__all__")]


def test_flags_that_contradict_the_count_of_steps_are_an_error(tmp_path):
    arrays = timesteps([[4, 5, 4], [6, 3, 4]], is_late=False)
    arrays["timesteps.dones.__all__"][2] = True
    with pytest.raises(LogFormatError, match="contradict each other"):
        opened(saved(tmp_path, arrays))


@pytest.mark.parametrize("name", ["actions.agent_3", "dones.__all__", "obs.agent_0", "rewards.agent_10"])
def test_others_are_not_ours(tmp_path, name):
    arrays = timesteps([[4, 5, 4], [6, 3, 4]], is_late=False)
    if name.startswith("actions"):
        arrays["timesteps.actions.agent_3"] = np.zeros((3, 2))
    else:
        del arrays[f"timesteps.{name}"]
    assert LOADER.sniff(probe(saved(tmp_path, arrays), "log")).score == 0
