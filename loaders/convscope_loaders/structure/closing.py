"""Whether rows with an end flag are steps, or hold what was seen after the last one, as streams of timesteps have it.

In the row after the last step nobody acts: what stands there as an action is nothing, or was never executed. Rewards
may stand in the row of the action that they came of, or in the row of the observation that came with them.
"""

from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.mapping import Cut, FieldMapping
from convscope.values.arrays import BoolArray
from convscope.values.fields import ALL_REWARDS
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.families import pick
from convscope_loaders.structure.flags import EndFlags
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.templates import Cell

_CHANCE = 1e-3
"""Of rows that hold nothing at every end by accident, below which it is none."""
_SELDOM = 0.05
"""Share of other rows that hold nothing, above which it is nothing special."""
_ACTIONS = (Meaning.ACTION, Meaning.ACTION_ONE_HOT)


def with_rewards_told(
    fields: tuple[FieldMapping, ...], clues: Clues, *, cut: Cut
) -> tuple[tuple[FieldMapping, ...], str]:
    """Return fields with rewards in the row after their step where closing rows tell that, and a sentence of it.

    Parameters
    ----------
    fields
        Of the log.
    clues
        The file.
    cut
        How episodes are cut; only where end flags mark closing rows do these tell anything.
    """
    if cut is not Cut.FINAL_FLAGS or not any(field.name in ALL_REWARDS for field in fields):
        return fields, ""
    if not ClosingRows(clues=clues, is_end=EndFlags(clues=clues).ends).hold_rewards:
        return fields, "a reward stands in the row of the action that it came of: there is none after the last step"
    told = tuple(replace(field, is_late=True) if field.name in ALL_REWARDS else field for field in fields)
    return told, "a reward stands in the row after the action that it came of: some come with the last observation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRows:
    """Rows with an end flag."""

    clues: Clues
    is_end: dict[Cell, BoolArray]
    """By group of arrays, shape (entries, rows)."""

    @property
    def hold_actions(self) -> bool | None:
        """Whether actions stand in them; None where that cannot be told."""
        return self._hold_something(*_ACTIONS)

    @property
    def hold_rewards(self) -> bool | None:
        """Whether rewards stand in them; None where that cannot be told."""
        return self._hold_something(Meaning.REWARD)

    @property
    def first_rows_hold_rewards(self) -> bool | None:
        """Whether rewards stand in the rows after them; None where that cannot be told."""
        after = {cell: np.roll(is_end, 1, axis=1) for cell, is_end in self.is_end.items()}
        for is_first in after.values():
            is_first[:, :1] = True
        return ClosingRows(clues=self.clues, is_end=after).hold_rewards

    def _hold_something(self, *meanings: Meaning) -> bool | None:
        family = pick(self.clues.called(*meanings), *meanings)
        blank_ends: list[BoolArray] = []
        blank_before: list[BoolArray] = []
        blank_others: list[BoolArray] = []
        for cell, is_end in self.is_end.items():
            view = None if family is None else self.clues.view(family, cell, is_whole=False)
            if view is None:
                continue
            n_rows = min(view.shape[1], is_end.shape[1])
            nothing = (view == 0) | np.isnan(view) | ((view == -1) & (Meaning.REWARD not in meanings))
            blank, at = nothing.all(axis=(2, 3))[:, :n_rows], is_end[: len(view), :n_rows]
            blank_ends.append(blank[at])
            blank_before.append(blank[:, :-1][at[:, 1:]])
            blank_others.append(blank[~at])
        if not blank_ends or not sum(map(len, blank_ends)):
            return None
        ends, before, others = (np.concatenate(rows) for rows in (blank_ends, blank_before, blank_others))
        if not ends.all():
            return True
        # Of few rows, none that holds nothing means little; and some agents stand idle before an episode is over.
        share = float((others.sum() + 1) / (len(others) + 1))
        is_told = len(before) > 0 and len(others) > 0
        is_usual = not is_told or max(others.mean(), before.mean()) > _SELDOM
        return None if is_usual or share ** len(ends) >= _CHANCE else False
