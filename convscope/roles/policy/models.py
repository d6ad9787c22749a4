"""What each member would do in any member's place, and who probably sees what: fitted to other episodes."""

from dataclasses import dataclass

import numpy as np

from convscope.behaviour.model import Decisions, fit_behaviour, foreseeing
from convscope.behaviour.tasks import Choices, Numbers, Task, tasks_of
from convscope.roles.policy.decisions import Seen
from convscope.values.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predicted:
    """One part of the action, as each member's model expects it of every row."""

    task: Task
    outcomes: FloatArray
    """As `Task.outcomes` returns them, shape (n, A)."""
    expected: FloatArray
    """What each member would do in the row, shape (members, n, A)."""
    foreseen: FloatArray
    """The same by models of earlier parts of the episodes alone; zeros in the first part."""
    spread: FloatArray
    """Of continuous actions around it, shape (A,); ones for choices."""

    def likelihoods(self) -> FloatArray:
        """Return how likely each member is to do what was done, shape (members, n)."""
        if isinstance(self.task, Choices):
            return np.asarray((self.outcomes * self.expected).sum(axis=2), dtype=np.float64)
        scaled = (self.outcomes - self.expected) / self.spread
        # The same constant in every member's density: it cancels wherever two of them are compared.
        return np.asarray(np.exp(-0.5 * np.minimum((scaled**2).sum(axis=2), _FARTHEST)), dtype=np.float64)


_FARTHEST = 1000.0


def predict_actions(seen: Seen) -> tuple[Predicted, ...]:
    """Fit what each member does given what it sees, and predict every row by models of other episodes.

    Parameters
    ----------
    seen
        Decisions of comparable members.
    """
    return tuple(_predicted(seen, components, task) for components, task in tasks_of(seen.space))


def membership(seen: Seen) -> FloatArray:
    """Return how probable each member is given what was seen alone, shape (members, n), by models of other episodes."""
    task = Choices(n_choices=len(seen.members))
    outcomes = task.outcomes(seen.member[:, np.newaxis].astype(np.float64))
    nobody = np.zeros_like(seen.member)
    decisions = Decisions(member=nobody, fold=seen.fold, seen=seen.columns, outcomes=outcomes)
    model = fit_behaviour(task, decisions, n_members=1)
    return np.ascontiguousarray(model.predict(0, seen.columns, seen.fold).T)


def _predicted(seen: Seen, components: slice, task: Choices | Numbers) -> Predicted:
    outcomes = task.outcomes(seen.actions[:, components])
    decisions = Decisions(member=seen.member, fold=seen.fold, seen=seen.columns, outcomes=outcomes)
    members = range(len(seen.members))
    model = foreseeing(fit_behaviour(task, decisions, n_members=len(members)), task, decisions)
    return Predicted(
        task=task,
        outcomes=outcomes,
        expected=np.stack([model.predict(number, seen.columns, seen.fold) for number in members]),
        foreseen=np.stack([model.foresee(number, seen.columns, seen.fold) for number in members]),
        spread=model.spread,
    )
