"""How an agent's action follows from its last one."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.features.entropy import entropy_by_unit
from convscope.features.family import lacks_field
from convscope.features.numbering import row_numbers
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.fields import ACTIONS
from convscope.values.header import ActionKind, LogHeader


class Transitions:
    """Repeats, dwell time and entropy rate of discrete actions, from one decision of a unit to its next.

    The entropy rate is H(last, next) - H(last) of the unit's own pairs, each with Miller's correction, at least 0; the
    time on one action is the number of actions over that of runs. Several components are one joint action.

    References
    ----------
    Cover and Thomas, "Elements of Information Theory" (2006), of the entropy rate of a Markov chain; Miller, "Note on
    the bias of information estimates" (1955).
    """

    name = "transitions"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the actions."""
        return frozenset({ACTIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no discrete actions."""
        is_discrete = any(agent.action_space.kind is not ActionKind.CONTINUOUS for agent in header.agents)
        return lacks_field(header, ACTIONS) or (None if is_discrete else "the actions are continuous")

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name repeats, dwell time and entropy rate."""
        return (
            Feature(
                name="repeats of the last action", unit="share of steps", family=self.name,
                high="keeps to its action", low="changes its action often",
            ),
            Feature(
                name="time on one action", unit="steps", family=self.name,
                high="long runs of one action", low="short runs of one action",
            ),
            Feature(
                name="unpredictability of the next action", unit="nats", family=self.name,
                high="unpredictable actions", low="predictable actions",
            ),
        )  # fmt: skip

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Compare each decision with the unit's one before."""
        code = _codes(decisions.vectors(ACTIONS), header)
        is_valid = code >= 0
        is_pair = decisions.follows & is_valid & np.roll(is_valid, 1)
        before = np.roll(code, 1)
        is_repeat = is_pair & (code == before)
        repeats = decisions.share(is_repeat, is_pair)
        n_actions = decisions.total(is_valid.astype(np.float64))
        dwell = ratio(n_actions, n_actions - decisions.total(is_repeat.astype(np.float64)))
        n_codes = int(code.max(initial=0)) + 1
        unit, last = decisions.unit[is_pair], before[is_pair]
        joint = entropy_by_unit(unit, last * n_codes + code[is_pair], decisions.n_units)
        rate = np.maximum(joint - entropy_by_unit(unit, last, decisions.n_units), 0.0)
        return np.column_stack([repeats, dwell, rate])


TRANSITIONS = Transitions()


def _codes(actions: FloatArray, header: LogHeader) -> IntArray:
    """One number per joint choice of the components, -1 where an action is missing, shape (D,)."""
    widest = max((n for agent in header.agents for n in agent.action_space.n), default=1)
    is_missing: BoolArray = np.asarray(~((actions >= 0) & (actions < widest)).all(axis=1))
    whole = np.where(is_missing[:, np.newaxis], 0.0, actions).astype(np.int64)
    return np.where(is_missing, -1, row_numbers(whole))
