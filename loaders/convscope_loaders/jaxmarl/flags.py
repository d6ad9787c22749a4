"""Which row of a rollout carries the flag of an episode's end, and which agents are out before it."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import Axis, Cut
from convscope.values.arrays import BoolArray, IntArray
from convscope_loaders.jaxmarl.environments import Folding
from convscope_loaders.jaxmarl.rollout import Rollout

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
    return _ways_of_done(rollout, folding, _of_all(done), file=file, place=place)


def flag_part(rollout: Rollout) -> str:
    """Return the part that marks the ends of episodes best."""
    return next((part for part in ("global_done", RETURNED) if rollout.has_row_per_actor(part)), "done")


def states_are_ahead(counter: IntArray, is_end: BoolArray) -> bool | None:
    """Tell whether states are those after the step, by the environments' count of steps; None where neither fits.

    Parameters
    ----------
    counter, is_end
        Shape (T, E).
    """
    resets = counter[1:] <= counter[:-1]
    is_before = bool((resets == is_end[:-1]).all())
    is_after = bool((resets[:-1] == is_end[1:-1]).all())
    if is_before and is_after:
        return bool((counter[0] == 1).all())
    return is_after if is_before or is_after else None


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


def _ways_of_done(
    rollout: Rollout, folding: Folding, all_done: BoolArray, *, file: ArrayReader, place: str
) -> tuple[EndFlags, ...]:
    counter = rollout.counter(folding.n_envs)
    counted = None if counter is None else _counted_ends(file.read(counter).astype(np.int64))
    fitting = [
        is_late
        for is_late in (False, True)
        if counted is None or (all_done[int(is_late) :][: len(counted)] == counted).all()
    ]
    if not fitting:
        raise LogFormatError(f"{place}: done and {counter} contradict each other")
    if not all_done.any():
        fitting, reason = [False], "no episode ends in the recording"
    else:
        reason = f"done is the flag {'before' if fitting[0] else 'after'} the step, as {counter} shows"
    ends = {False: all_done, True: np.concatenate([all_done[1:], np.zeros_like(all_done[:1])])}
    return tuple(_way("done", ends[late], is_late=late, has_own=False, reason=reason) for late in fitting)


def _counted_ends(counter: IntArray) -> BoolArray | None:
    """Return the ends that a count of steps shows, but the last row's; None where it may be one step ahead or not."""
    if (counter[0] == 0).all():
        return np.asarray(counter[1:] <= counter[:-1], dtype=np.bool_)
    if (counter[0] == 1).all():
        return np.concatenate([np.zeros_like(counter[:1], np.bool_), counter[1:-1] <= counter[:-2]])
    return None


def _way(part: str, is_end: BoolArray, *, is_late: bool, has_own: bool, reason: str) -> EndFlags:
    cut = Cut.FIRST_ROWS if part == "done" and is_late else Cut.FLAGS
    return EndFlags(part=part, cut=cut, is_end=is_end, is_late=is_late, has_own=has_own, reason=reason)
