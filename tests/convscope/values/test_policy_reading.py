"""Kinds by policy are counted among those that can be compared."""

import numpy as np

from convscope.values.policy_reading import PolicyRun


def run(class_of: tuple[int, ...], compared: set[tuple[int, int]]) -> PolicyRun:
    n = len(class_of)
    nats = np.full((n, n), np.nan)
    for a, b in compared:
        nats[a, b] = nats[b, a] = 0.1
    whole = np.ones((n, n))
    return PolicyRun(
        run="run_0",
        checkpoint=None,
        members=tuple("abcdef"[:n]),
        nats=nats,
        nats_low=whole,
        nats_high=whole,
        p_value=whole,
        overlap=whole,
        class_of=class_of,
        attainable_p=0.01,
        all_nats=None,
        all_interval=None,
        n_episodes=10,
        n_decisions=100,
    )


def test_a_member_that_cannot_be_compared_is_no_kind_of_its_own():
    assert run((0, 0, 1), {(0, 1)}).n_classes == 1
    assert run((0, 1, 2), {(0, 1)}).n_classes == 2


def test_members_of_two_spaces_are_not_told_apart_by_what_they_do():
    # Each two are alike, and those of one space are never compared with the others.
    assert run((0, 0, 1, 1), {(0, 1), (2, 3)}).n_classes == 1
    assert run((0, 1, 2), set()).n_classes == 1
