"""Which row of a rollout carries the flag of an episode's end, and which agents are out before it."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import Axis, Cut
from convscope.values.arrays import BoolArray
from convscope_loaders.jaxmarl.environments import Folding
from convscope_loaders.jaxmarl.rollout import Rollout
from convscope_loaders.jaxmarl.states import Counter, counter_of

LOST = "the observation after an episode's last step is lost: the environments reset themselves within the step"
"""What is true of all rollouts of JaxMARL."""
RETURNED = "info/returned_episode"
"""What JaxMARL's LogWrapper says after each step; its arrays are folded environment by environment."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EndFlags:
    """How the ends of episodes are marked."""

    part: str
    cut: Cut
    """`Cut.FLAGS` where the flag is the one after the step, `Cut.FIRST_ROWS` where it is the one before."""
    is_end: BoolArray
    """Whether an episode ends with the step, shape (T, E); False in the last row where the flag comes a row late."""
    is_late: bool
    """Whether ``done`` is the flag before the step."""
    has_own: bool
    """Whether agents are done before their episode is."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownEnds:
    """Ends of episodes by something else than the flags in question."""

    path: str
    """What shows them."""
    is_end: BoolArray
    """Whether an episode ends with the step, in all rows but the last, shape (T - 1, E)."""


def end_flags(rollout: Rollout, folding: Folding, file: ArrayReader, *, place: str) -> tuple[EndFlags, ...]:
    """Return how ends are marked: one way where the file tells it, two where it does not.

    Parameters
    ----------
    rollout
        The transition.
    folding
        How agents and environments share an axis.
    file
        Open file; all flags are read.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If flags contradict each other, or nothing says when an episode ends.
    """
    done = _flags(rollout, folding, file, part="done")
    has_own = bool((done.any(axis=2) & ~done.all(axis=2)).any())
    part = flag_part(rollout)
    if part != "done":
        by_part = replace(folding, axis=Axis.ENV_AGENT) if part == RETURNED else folding
        ends = _of_all(_flags(rollout, by_part, file, part=part))
        is_late, reason = _lateness(done, ends, place)
        return (_way(part, ends, is_late=is_late, has_own=has_own, reason=reason),)
    if has_own:
        raise LogFormatError(
            f"{place}:{rollout.path('done')} is set for single agents before the others, and nothing says when an "
            "episode ends: save done['__all__'] as global_done"
        )
    counter = counter_of(rollout.states, file, folding.n_envs)
    return ways_of_done(_of_all(done), None if counter is None else counted_ends(counter), place=place)


def ways_of_done(all_done: BoolArray, shown: ShownEnds | None, *, place: str) -> tuple[EndFlags, ...]:
    """Return how flags that are all there is mark the ends: one way where something else shows the ends, else both.

    Parameters
    ----------
    all_done
        Whether all agents of an environment are done, shape (T, E).
    shown
        The ends by something else; None where nothing shows them.
    place
        The file, for errors.

    Raises
    ------
    LogFormatError
        If the two contradict each other.
    """
    if not all_done.any():
        return (_way("done", all_done, is_late=False, has_own=False, reason="no episode ends in the recording"),)
    late = [
        is_late
        for is_late in (False, True)
        if shown is None or (all_done[int(is_late) :][: len(shown.is_end)] == shown.is_end).all()
    ]
    if not late:
        raise LogFormatError(f"{place}: done and {shown.path if shown is not None else ''} contradict each other")
    told = "" if shown is None else f", as {shown.path} shows"
    ends = {False: all_done, True: np.concatenate([all_done[1:], np.zeros_like(all_done[:1])])}
    reasons = {False: f"done is the flag after the step{told}", True: f"done is the flag before the step{told}"}
    return tuple(_way("done", ends[way], is_late=way, has_own=False, reason=reasons[way]) for way in late)


def counted_ends(counter: Counter) -> ShownEnds | None:
    """Return the ends that a count of steps shows; None where it may be one step ahead or not."""
    steps = counter.steps
    if (steps[0] == 0).all():
        return ShownEnds(path=counter.path, is_end=steps[1:] <= steps[:-1])
    if (steps[0] == 1).all():
        ends = np.concatenate([np.zeros_like(steps[:1], np.bool_), steps[1:-1] <= steps[:-2]])
        return ShownEnds(path=counter.path, is_end=ends)
    return None


def unplaced_flags(path: str, mapping: str, *, place: str) -> str:
    """Return what to say of flags that may be those before or after the step, with a mapping to edit."""
    return (
        f'{place}: {path} may be the flag after the step (cut = "flags") or the one before it, set in the first row of '
        'the next episode (cut = "first-rows"); nothing in the file tells. Give this mapping with --mapping, with the '
        f"cut that is right:\n{mapping}"
    )


def flag_part(rollout: Rollout) -> str:
    """Return the part that marks the ends of episodes best."""
    return next((part for part in ("global_done", RETURNED) if rollout.has_row_per_actor(part)), "done")


def _flags(rollout: Rollout, folding: Folding, file: ArrayReader, *, part: str) -> BoolArray:
    columns = np.asarray(file.read(rollout.path(part))).reshape(rollout.n_steps, rollout.n_actors)
    return np.asarray(folding.by_env(columns) != 0, dtype=np.bool_)


def _of_all(flags: BoolArray) -> BoolArray:
    return np.asarray(flags.all(axis=2), dtype=np.bool_)


def _lateness(done: BoolArray, is_end: BoolArray, place: str) -> tuple[bool, str]:
    """Tell whether ``done`` belongs to the step before.

    Where all are done there is an end, and who is done stays so: until the end itself where the flag is the one after
    the step, and in the first row of the next episode too where it is the one before.
    """
    all_done, is_back = _of_all(done), (done[:-1] & ~done[1:]).any(axis=2)
    is_first = np.concatenate([np.ones_like(is_end[:1]), is_end[:-1]])
    is_late = not ((all_done[1:] & ~is_end[:-1]) | (is_back & ~is_first[:-1])).any()
    is_in_time = not ((all_done & ~is_end).any() or (is_back & ~is_end[:-1]).any())
    if not is_late and not is_in_time:
        raise LogFormatError(f"{place}: done and the flag of the episode's end contradict each other")
    if is_late and is_in_time:
        return True, "done is taken as the flag before the step, as the recurrent baselines store it"
    return is_late, f"done is the flag {'before' if is_late else 'after'} the step, as the flag of the end shows"


def _way(part: str, is_end: BoolArray, *, is_late: bool, has_own: bool, reason: str) -> EndFlags:
    cut = Cut.FIRST_ROWS if part == "done" and is_late else Cut.FLAGS
    return EndFlags(part=part, cut=cut, is_end=is_end, is_late=is_late, has_own=has_own, reason=reason)
