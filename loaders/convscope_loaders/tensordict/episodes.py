"""Where the episodes of a TensorDict begin and end."""

from dataclasses import dataclass

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.values.arrays import BoolArray
from convscope.values.status import EndKind, kinds_of_ends
from convscope_loaders.tensordict.order import find_following
from convscope_loaders.tensordict.present import path_of
from convscope_loaders.tensordict.tree import FLAGS, NEXT, TRAJECTORIES, Tree
from convscope_loaders.tensordict.view import Episodes, Lead

_, TERMINATED, TRUNCATED = FLAGS
VALID = "/collector/mask"
"""False in rows that pad a trajectory, where the collector splits its batches."""
STARTS = "/is_init"
COUNT = "/step_count"
"""Steps since the reset, as ``StepCounter`` counts them."""


class OutOfOrderError(LogFormatError):
    """Rows that do not follow each other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ends:
    """Flags after each step, shape (streams, rows)."""

    done: BoolArray
    terminated: BoolArray
    truncated: BoolArray
    said: str


def find_episodes(
    file: ArrayReader, inventory: Inventory, tree: Tree, *, lead: Lead, place: str
) -> tuple[Episodes, tuple[str, ...]]:
    """Cut the rows of a TensorDict into episodes.

    Parameters
    ----------
    file
        Open view.
    inventory
        Of the view.
    tree
        The entries.
    lead
        The view's leading axes.
    place
        The file, for errors.

    Returns
    -------
    episodes
        In the order of streams and time.
    assumptions
        What was taken for granted, a sentence each.

    Raises
    ------
    OutOfOrderError
        If most rows are not followed by the next one.
    """
    marks = _Marks(file=file, tree=tree, lead=lead)
    ends = marks.ends()
    is_last, is_valid = ends.done.copy(), marks.column(VALID, otherwise=True)
    is_last[:, :-1] |= marks.changes(TRAJECTORIES) | marks.column(STARTS, otherwise=False)[:, 1:]
    following = find_following(file, inventory, tree, lead=lead)
    said = [ends.said]
    if following is None:
        said.append("no observation tells whether each row follows the one before: their order is taken as it is")
    else:
        is_open = ~is_last[:, :-1] & is_valid[:, :-1] & is_valid[:, 1:]
        is_broken = is_open & ~following.is_followed
        n_broken, n_open = int(is_broken.sum()), int(is_open.sum())
        if 2 * n_broken > n_open:
            raise OutOfOrderError(
                f"{place}: {NEXT}{following.path} is not what the next row begins with in {n_broken} of {n_open} rows: "
                "the rows are a random sample, or next holds a later step; save the batches as they were collected"
            )
        if n_broken:
            said.append(
                f"an episode is cut where the next row begins otherwise, though no flag is set: {n_broken} times"
            )
        is_last[:, :-1] |= is_broken
    episodes = _between(is_last, is_valid, ends)
    return episodes, (*said, *_on_limits(episodes), *marks.beginnings(episodes))


def _between(is_last: BoolArray, is_valid: BoolArray, ends: _Ends) -> Episodes:
    is_edge = is_last | ~is_valid
    is_edge[:, :-1] |= ~is_valid[:, 1:]
    is_edge[:, -1:] = True
    stream, last = np.nonzero(is_edge)
    start = np.concatenate([[0], last[:-1] + 1]).astype(np.int64)
    start[np.diff(stream, prepend=-1) != 0] = 0
    keep = is_valid[stream, start]
    stream, start, last = stream[keep], start[keep], last[keep]
    terminated, truncated = ends.terminated[stream, last], ends.truncated[stream, last]
    end = kinds_of_ends(terminated, truncated, neither=EndKind.UNKNOWN).astype(np.int64)
    end[~(ends.done[stream, last] | terminated | truncated)] = EndKind.CUT
    return Episodes(stream=stream, start=start, stop=last + 1, end=end)


def _on_limits(episodes: Episodes) -> tuple[str, ...]:
    """Say where a time limit may be stored as the end of the task, as the simulator VMAS does it."""
    length = (episodes.stop - episodes.start)[episodes.end == EndKind.TERMINATED]
    longest = int(length.max(initial=0))
    n_at_limit = int((length == longest).sum())
    if n_at_limit < 2 or (episodes.end == EndKind.TRUNCATED).any():
        return ()
    return (f"{n_at_limit} terminations at the longest length ({longest} steps) may be time limits",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks:
    """Reads flags and numbers of rows, shape (streams, rows)."""

    file: ArrayReader
    tree: Tree
    lead: Lead

    def ends(self) -> _Ends:
        own = [name for name in FLAGS if f"{NEXT}{name}" in self.tree.shared]
        if own:
            flags = {name: self.column(f"{NEXT}{name}", otherwise=False) for name in FLAGS}
            done = np.logical_or.reduce(list(flags.values()))
            said = f"an episode ends where {NEXT}{own[0]} is set; rows that stop without it are cut"
            return _Ends(done=done, terminated=flags[TERMINATED], truncated=flags[TRUNCATED], said=said)
        return self._ends_of_agents()

    def _ends_of_agents(self) -> _Ends:
        flags = {name: self._of_agents(f"{NEXT}{name}") for name in FLAGS}
        has_ended = np.logical_or.reduce(list(flags.values()))
        done = has_ended.all(axis=2)
        before = np.zeros_like(has_ended)
        before[:, 1:] = has_ended[:, :-1] & ~done[:, :-1, None]
        # The flags of those that ended earlier say nothing of how the episode ends.
        newly = has_ended & (~before | before.all(axis=2, keepdims=True))
        return _Ends(
            done=done,
            terminated=done & (flags[TERMINATED] & newly).any(axis=2),
            truncated=done & (flags[TRUNCATED] & newly).any(axis=2),
            said="an episode ends where all agents are done; rows that stop without it are cut",
        )

    def _of_agents(self, key: str) -> BoolArray:
        n_agents = sum(group.n_agents for group in self.tree.groups)
        shape = (*self.lead.shape, n_agents)
        if key not in self.tree.of_groups:
            return np.zeros(self.lead.by_stream(np.zeros(shape, bool)).shape, bool)
        flags = np.greater(self.file.read(path_of(self.tree, key)), 0).reshape(shape)
        return np.asarray(self.lead.by_stream(flags), dtype=np.bool_)

    def column(self, path: str, *, otherwise: bool) -> BoolArray:
        if path not in self.tree.shared:
            return np.full(self.lead.by_stream(np.zeros(self.lead.shape, bool)).shape, otherwise)
        rows = self.file.read(path)
        flags: BoolArray = np.greater(rows, 0).reshape(*self.lead.shape, -1)
        return np.asarray(self.lead.by_stream(flags).any(axis=2), dtype=np.bool_)

    def changes(self, path: str) -> BoolArray:
        if path not in self.tree.shared:
            return self.column(path, otherwise=False)[:, 1:]
        numbers = self.lead.by_stream(self.file.read(path).reshape(self.lead.shape))
        return np.asarray(numbers[:, 1:] != numbers[:, :-1], dtype=np.bool_)

    def beginnings(self, episodes: Episodes) -> tuple[str, ...]:
        if COUNT not in self.tree.shared:
            return ()
        counted = self.lead.by_stream(self.file.read(COUNT).reshape(*self.lead.shape, -1)[..., 0])
        n_late = int((counted[episodes.stream, episodes.start] > 0).sum())
        return (f"{n_late} episodes began before their first row, by {COUNT}",) if n_late else ()
