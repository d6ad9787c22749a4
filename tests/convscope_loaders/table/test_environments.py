"""Environments side by side in one table: told apart by their column, or the error names the column that would."""

import pytest

from convscope.errors import LogFormatError
from tests.convscope_loaders.reading import mapped
from tests.convscope_loaders.table.rows import opened, without, write


def rows_of(column, *, lengths=(6, 6), starts_again=True):
    """Three episodes in each of two environments, step by step side by side."""
    return [
        {
            column: environment,
            "episode": episode,
            "step": t if starts_again else 6 * episode + t,
            "agent": agent,
            "action": (t + environment) % 3,
            "done": int(t == lengths[environment] - 1),
        }
        for episode in range(3)
        for t in range(max(lengths))
        for environment in range(2)
        for agent in "ab"
        if t < lengths[environment]
    ]


@pytest.mark.parametrize("starts_again", [True, False], ids=["clock", "flags"])
def test_episodes_are_counted_within_each_environment(tmp_path, starts_again):
    log = opened(write(tmp_path / "log.csv", without(rows_of("env_id", starts_again=starts_again), "episode")))
    assert log.episodes.length.tolist() == [6] * 6
    assert "env_id counts environments side by side, each with its own episodes" in log.header.inputs[0].assumptions


@pytest.mark.parametrize("lengths", [(6, 6), (4, 6)])
def test_the_error_names_the_column_that_would_tell_them_apart_and_the_key(tmp_path, lengths):
    path = write(tmp_path / "log.csv", rows_of("slot", lengths=lengths))
    with pytest.raises(LogFormatError) as error:
        opened(path)
    assert "slot would tell them apart" in str(error.value)
    assert 'say episode = ["episode", "slot"] under [table] in a mapping' in str(error.value)
    mapping = mapped(tmp_path, 'convscope-mapping = 1\n[table]\nepisode = ["episode", "slot"]\n')
    assert sorted(opened(path, mapping).episodes.length.tolist()) == sorted(lengths * 3)


def test_without_a_column_of_episodes_the_error_gives_the_name_that_is_known(tmp_path):
    with pytest.raises(LogFormatError, match=r"slot would tell them apart: .* call it env_id"):
        opened(write(tmp_path / "log.csv", without(rows_of("slot"), "episode")))
