"""Tables know the marks that arrays know: those that say the opposite, and those of first rows."""

import numpy as np
import pytest

from convscope.values.status import EndKind, Status
from tests.convscope_loaders.table.rows import is_same, opened, whole, without, write

LENGTHS = (4, 6, 5)


def rows_of(**marks):
    """Three episodes of two agents, by a clock that runs on; the marks are functions of step and length."""
    clock = 0
    rows = []
    for length in LENGTHS:
        for t in range(length):
            for agent in "ab":
                own = {name: int(mark(t, length)) for name, mark in marks.items()}
                rows.append({"step": clock, "agent": agent, "action": (t + clock) % 3, "reward": float(t)} | own)
            clock += 1
    return rows


def is_end(t, length):
    return t == length - 1


PLAIN = rows_of(done=is_end)


@pytest.mark.parametrize("name", ["not_done", "masks", "continues"])
def test_zeros_of_what_goes_on_end_episodes(tmp_path, name):
    log = opened(write(tmp_path / "log.csv", rows_of(**{name: lambda t, length: not is_end(t, length)})))
    assert log.episodes.length.tolist() == [*LENGTHS]
    assert is_same(log, opened(write(tmp_path / "plain.csv", PLAIN)))
    assert f"zeros in {name} mark an agent's last row of an episode" in log.header.inputs[0].assumptions


def test_first_rows_begin_episodes(tmp_path):
    log = opened(write(tmp_path / "log.csv", rows_of(is_first=lambda t, _: t == 0)))
    assert is_same(log, opened(write(tmp_path / "plain.csv", PLAIN)))
    assert "is_first marks an agent's first row of an episode" in log.header.inputs[0].assumptions


def test_not_terminated_tells_why(tmp_path):
    log = opened(write(tmp_path / "log.csv", rows_of(nonterminal=lambda t, length: not is_end(t, length))))
    assert log.episodes.length.tolist() == [*LENGTHS]
    assert set(log.episodes.end.tolist()) == {EndKind.TERMINATED}


@pytest.mark.parametrize(("name", "is_set"), [("dead", True), ("is_dead", True), ("is_alive", False)])
def test_the_dead_are_told_and_named(tmp_path, name, is_set):
    rows = rows_of(done=is_end)
    for row in rows:
        row[name] = int((row["agent"] == "b" and row["step"] in (2, 3)) == is_set)
    log = opened(write(tmp_path / "log.csv", rows))
    assert np.argwhere(whole(log)[0] == Status.DEAD).tolist() == [[2, 1], [3, 1]]
    assert any(f" {name} is set" in said for said in log.header.inputs[0].assumptions)


def test_a_discount_of_fractions_is_a_value(tmp_path):
    rows = [row | {"discount": 0.99} for row in without(PLAIN, "reward")]
    log = opened(write(tmp_path / "log.csv", rows))
    assert log.has("info/discount")
    assert log.episodes.length.tolist() == [*LENGTHS]
