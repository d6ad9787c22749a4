"""What is to be said of a policy reading beside its numbers."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from convscope.roles.pairs import MIN_EPISODES
from convscope.roles.policy.members import FEWEST_DECISIONS, Compared
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope.values.policy_reading import PolicyRun

_WHERE = "roles.policy"


def unread(run: str, n_episodes: int) -> Notice:
    """Return the notice of a run that the policy reading cannot be had of."""
    message = (
        f"no policy reading of run {run}: it takes {MIN_EPISODES} episodes (there are {n_episodes}) and two members "
        f"that share their spaces, with {FEWEST_DECISIONS} sampled decisions each"
    )
    return Notice(code="not-computed", message=message, where=_WHERE)


def unscanned(run: str, n_needed: int) -> Notice:
    """Return the notice of a run in which no change of policy can be looked for."""
    message = (
        f"no change of policy is looked for within run {run}: it takes {n_needed} episodes with decisions, all of one "
        "condition"
    )
    return Notice(code="not-computed", message=message, where="drift.change_points")


def some_runs(n_read: int, n_analysed: int) -> tuple[Notice, ...]:
    """Return the notice of a study of which not all runs are read; nothing where all are."""
    if n_read >= n_analysed:
        return ()
    message = f"policies are read in {n_read} of {n_analysed} runs, evenly spaced by name: more would not fit in memory"
    return (Notice(code="sampled", message=message, where=_WHERE),)


def over_changes(run: str, stretch: tuple[int, int] | None) -> Notice:
    """Return the notice of a run with changes of policy: which side of them its pairs are read on."""
    where = (
        "no side of it holds enough, so that pairs are read over all episodes and mix what agents did before and after"
        if stretch is None
        else f"pairs are read in episodes {stretch[0]} to {stretch[1]} alone, the longest stretch without a change"
    )
    message = f"agents of run {run} change what they do given what they see: {where}"
    return Notice(code="policy-changes", message=message, where=_WHERE)


def run_notices(found: PolicyRun, who: Compared) -> tuple[Notice, ...]:
    """Return what was left out or not compared in a run.

    Parameters
    ----------
    found
        The reading of the run.
    who
        Its members.
    """
    return tuple(_said(found, who))


def _said(found: PolicyRun, who: Compared) -> Iterator[Notice]:
    modelled = [name for seen in who.kinds for name in seen.members]
    left = [name for name in who.names if name not in modelled]
    if left:
        message = (
            f"without a comparable partner, or enough decisions, or beyond the number that is compared: {listed(left)}"
        )
        yield Notice(code="not-computed", message=f"run {found.run}: {message}", where=_WHERE)
    if len(who.kinds) > 1:
        message = "agents of different observations or actions cannot be compared by policy, and are classes apart"
        yield Notice(code="unlike-spaces", message=message, where=_WHERE)
    for seen in who.kinds:
        if seen.n_naming:
            message = (
                f"{seen.n_naming} columns of the observations of {listed(list(seen.members))} say who sees, and are "
                "left out: what agents are told of themselves there counts as theirs, not as their situation"
            )
            yield Notice(code="identity-in-observations", message=message, where=_WHERE)
    apart = [
        f"{found.members[a]} and {found.members[b]}"
        for a, b in combinations(range(len(found.members)), 2)
        if np.isfinite(found.overlap[a, b]) and not np.isfinite(found.nats[a, b])
    ]
    if apart:
        message = (
            f"run {found.run}: these hardly ever meet the same situation, and their policies are not compared, so that "
            f"classes by policy are a lower bound: {listed(apart)}"
        )
        yield Notice(code="no-common-situations", message=message, where=_WHERE)
