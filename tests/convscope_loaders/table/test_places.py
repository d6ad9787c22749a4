"""Errors name the file and the row as the user counts them: from 0, joint steps where a row is one."""

import json

import pytest

from convscope.errors import ConvscopeError
from tests.convscope_loaders.table.rows import opened, write

LONG = [
    {"episode": e, "t": t, "agent": agent, "action": t % 2, "done": int(t == 2)}
    for e in range(2)
    for t in range(3)
    for agent in ("ann", "bob")
]
WIDE = [
    {"episode": e, "t": t, "ann_action": t % 2, "bob_action": 1, "done": int(t == 2)}
    for e in range(2)
    for t in range(3)
]


def changed(rows, row, **cells):
    return [*rows[:row], {**rows[row], **cells}, *rows[row + 1 :]]


@pytest.mark.parametrize(
    ("rows", "row", "what"),
    [
        (changed(LONG, 5, t=None), 5, "has no timestep in the column t"),
        (changed(WIDE, 5, t=None), 5, "has no timestep in the column t"),
        (changed(LONG, 7, agent=None), 7, "has no agent in the column agent"),
        (changed(LONG, 7, episode=None), 7, "has no episode in the column episode"),
        (changed(WIDE, 4, episode=None), 4, "has no episode in the column episode"),
        ([*LONG, LONG[2]], 12, "and row 2 give an agent two rows in one timestep"),
        ([*WIDE, WIDE[2]], 6, "and row 2 give an agent two rows in one timestep"),
        (changed(LONG, 9, done=2), 9, "the column done should be true or false and holds 2; write 0 and 1"),
        (changed(WIDE, 3, done=3), 3, "the column done should be true or false and holds 3; write 0 and 1"),
        (changed(changed(LONG, 2, done=1), 3, done=1), 4, "comes after done of all agents"),
        (changed(WIDE, 1, done=1), 2, "comes after done of all agents"),
        ([{**row, "filled": k != 8} for k, row in enumerate(LONG)], 8, "never happened, as filled says"),
        ([{"t": t, "agent": "ann", "action": 0} for t in (0, 1, 2, 1, 2, 0, 1)], 3, "the clock falls"),
        ([{**row, "seed": 0} for row in LONG] + [{**row, "seed": 1} for row in changed(LONG, 3, t=None)], 15, "has no"),
    ],
)
def test_the_row_is_named(tmp_path, rows, row, what):
    with pytest.raises(ConvscopeError, match=rf"log.csv: row {row}:? {what}"):
        opened(write(tmp_path / "log.csv", rows))


def test_rows_that_lists_hold_are_counted_as_such(tmp_path):
    steps = [[row for row in LONG if row["episode"] == e] for e in range(2)]
    steps[1][3]["t"] = None
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"episode": e, "steps": steps[e]}) + "\n" for e in range(2)))
    with pytest.raises(ConvscopeError, match=r"log.jsonl: row 9 of what its lists hold has no timestep"):
        opened(path)
