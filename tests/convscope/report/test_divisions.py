"""Runs that agree on who can be told apart are one row."""

import numpy as np

from convscope.report.divisions import divisions
from convscope.values.roles import AgentClasses


def classes(run, class_of, p=0.01):
    n = len(class_of)
    return AgentClasses(
        run=run,
        checkpoint=None,
        members=tuple("abcd"[:n]),
        distance=np.zeros((n, n)),
        p_value=np.full((n, n), p),
        class_of=class_of,
        attainable_p=0.001,
    )


def test_numbers_of_kinds_carry_no_meaning():
    first, second = divisions([classes("x", (0, 0, 1)), classes("y", (1, 1, 0), p=0.02), classes("z", (0, 1, 2))])
    assert (first.runs, first.groups, first.least_p) == ("2 runs: x, y", ("a, b", "c"), 0.01)
    assert (second.runs, second.groups) == ("z", ("a", "b", "c"))


def test_one_member_has_no_pair():
    (only,) = divisions([classes("x", (0,))])
    assert only.least_p is None


def test_no_run_no_row():
    assert divisions([]) == ()
