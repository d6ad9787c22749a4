"""What speaks for a layout among several that nothing rules out: end flags, roles, smooth numbers, and custom."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.mapping import Axis
from convscope.values.arrays import BoolArray
from convscope_loaders.structure.evidence import Sampler, is_filled_from_start, smoothest_axis, values_missing
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import FLAG_MEANINGS, Meaning
from convscope_loaders.structure.shapes import fits, static_axes
from convscope_loaders.structure.uniform import flags_of, view_of

Vote = Callable[[Sequence[Layout]], tuple[list[Layout], str]]
"""Returns the layouts that it speaks for, and the reason in words."""

_SMOOTH = (Meaning.POSITION, Meaning.OBSERVATION, Meaning.STATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Chooses among layouts; an empty choice leaves all."""

    families: Sequence[Family]
    sampler: Sampler

    def filters(self) -> list[Vote]:
        """Return the votes, the strongest first."""
        return [
            self._by_simplicity,
            self._by_shared_axes,
            self._by_lasting_ends,
            self._by_missing,
            self._by_single_ends,
            self._by_what_all_share,
            self._by_roles,
            self._by_rewards_of_all,
            self.smoothness,
        ]

    def end_together(self, layout: Layout) -> bool:
        """Whether all agents end in the same rows again and again, as single agents of their own would not."""
        flags = self._flags(layout)
        n_ends = (flags[:, 1:] & ~flags[:, :-1]).sum(axis=1) + flags[:, :1].sum(axis=1)
        return _is_shared(flags) and bool((n_ends > 1).all())

    def _by_simplicity(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        """Take groups of one agent each for agents."""
        sizes = [
            one for layout in layouts if layout.has_groups for group in layout.sizes_of.values() for _, one in group
        ]
        is_alone = all(one.get(Axis.AGENT, 1) == 1 for one in sizes)
        return [layout for layout in layouts if is_alone and not layout.has_groups], "each group has one agent"

    def _by_shared_axes(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        """Axes that actions and observations share, before the values, count the same."""
        observed = pick([family for family in self.families if not family.is_next], Meaning.OBSERVATION)
        if observed is None or observed is layouts[0].reference:
            return [], ""
        leads = [one.lead(one.reference) for one in layouts if len(one.lead(observed)) < len(observed.first.shape)]
        longest = max(map(len, leads), default=0)
        return [one for one in layouts if len(one.lead(one.reference)) == longest], "observations have the same axes"

    def _by_lasting_ends(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        said = "end flags along its time axis come once, or stay true until all agents have theirs"
        return [one for one in layouts if self._may_end_so(one)], said

    def _by_missing(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        said = "what is missing (NaN or -1) is at the end of the time axis"
        return [one for one in layouts if (gaps := self._missing(one)) and all(map(_is_tail, gaps))], said

    def _by_single_ends(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        return [one for one in layouts if _is_single(self._flags(one))], "each episode has one end flag"

    def _by_what_all_share(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        """Agents end together, unless it may be episodes that all end alike."""
        episodes = {one.order.index(Axis.EPISODE) for one in layouts if _is_customary(one)}
        shared = [one for one in layouts if self._is_shared_by_agents(one)]
        return [one for one in shared if one.order.index(Axis.AGENT) not in episodes], "all agents end in the same rows"

    def _by_roles(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        roles = [family for family in self.families if family.meaning is Meaning.ROLE and not family.is_next]
        said = ", ".join(family.template.text for family in roles) + " has one row for each episode"
        per_episode = (Axis.EPISODE, Axis.AGENT)
        return [one for one in layouts if any(static_axes(family, one) == per_episode for family in roles)], said

    def _by_rewards_of_all(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        """Take what has the same rewards from step to step for agents of one team: no two episodes have."""
        rewards = [family for family in self.families if family.meaning is Meaning.REWARD and not family.is_next]
        said = "all agents have the same rewards"
        return [one for one in layouts if any(self._is_of_all(family, one) for family in rewards)], said

    def _is_of_all(self, family: Family, layout: Layout) -> bool:
        values, acts = (view_of(one, layout, self.sampler, is_whole=False) for one in (family, layout.reference))
        if values is None or acts is None or values.shape[2] < 2:
            return False
        # Copies of one episode have the same rewards too, and the same actions.
        moves = (values != values[:, :1]).any() and (acts != acts[:, :, :1]).any()
        return bool(moves) and bool((values == values[:, :, :1]).all())

    def smoothness(self, layouts: Sequence[Layout]) -> tuple[list[Layout], str]:
        """Return the layouts whose time axis is clearly the smoothest one, and the figures."""
        said: list[str] = []
        votes: list[list[Layout]] = []
        for family in self.families:
            if family.meaning not in _SMOOTH or family.is_next or family.first.is_text:
                continue
            leads = {id(one): one.lead(family) for one in layouts if fits(family, one, one.lead(family))}
            n_axes = max((len(lead) for lead in leads.values()), default=0)
            if n_axes < 2:
                continue
            axis, told = smoothest_axis(self.sampler.part(family.first.path), n_axes)
            said.append(f"{family.template.text}: {told}")
            if axis is not None:
                votes.append([one for one in layouts if _time_place(leads.get(id(one), ())) == axis])
        agreed = [one for one in layouts if votes and all(any(one is other for other in vote) for vote in votes)]
        return agreed, "; ".join(said)

    def _of_ends(self) -> list[Family]:
        return [family for family in self.families if family.meaning in FLAG_MEANINGS]

    def _flags(self, layout: Layout, *only: Family) -> BoolArray:
        """Return end flags of all or some kinds, shape (entries, rows, agents); empty where there are none."""
        flags = flags_of(only or self._of_ends(), layout, self.sampler)
        return np.zeros((0, 0, 0), bool) if flags is None else flags

    def _may_end_so(self, layout: Layout) -> bool:
        """Whether the flags of all kinds together, or those of each kind, may be ends along a layout's time axis."""
        together, each = self._flags(layout), [self._flags(layout, family) for family in self._of_ends()]
        told = [] if together.all() else [flags for flags in each if flags.any()]
        return _is_lasting(together) or (bool(told) and all(map(_is_lasting, told)))

    def _is_shared_by_agents(self, layout: Layout) -> bool:
        """Whether all agents end, or are missing, in the same rows."""
        return any(map(_is_shared, (self._flags(layout), *self._missing(layout))))

    def _missing(self, layout: Layout) -> list[BoolArray]:
        """Return where each array holds nothing but NaN or -1, shape (entries, rows, agents); only what has gaps."""
        if Axis.EPISODE not in layout.order:
            return []
        found: list[BoolArray] = []
        for family in self.families:
            if family.meaning not in {Meaning.ACTION, *_SMOOTH} or family.is_next or family.first.is_text:
                continue
            view = view_of(family, layout, self.sampler, is_whole=False)
            if view is not None and view.shape[1] > 1:
                found.append(values_missing(view, family.meaning))
        return [missing for missing in found if missing.any()]


def _is_shared(flags: BoolArray) -> bool:
    is_told = flags.shape[2] > 1 and bool(flags.any()) and not flags.all()
    return is_told and bool((flags == flags[..., :1]).all())


def _is_lasting(flags: BoolArray) -> bool:
    """Whether flags come once at most for each agent, or stay true until every agent has one, and change at all."""
    is_steady = bool((flags[:, 1:] == flags[:, :-1]).all())
    falls = flags[:, :-1] & ~flags[:, 1:]
    over: BoolArray = np.all(flags[:, :-1], axis=2, keepdims=True)
    is_once = bool((flags.sum(axis=1) <= 1).all())
    return not is_steady and (is_once or not (falls & ~over).any())


def _is_tail(missing: BoolArray) -> bool:
    return is_filled_from_start(~missing, 1)


def _is_single(flags: BoolArray) -> bool:
    return flags.size > 0 and flags.shape[1] > 1 and bool((flags.sum(axis=1) == 1).all())


def _is_customary(layout: Layout) -> bool:
    """Whether episodes come before agents."""
    order = layout.order
    return Axis.EPISODE in order and order.index(Axis.EPISODE) < order.index(Axis.AGENT)


def _time_place(lead: tuple[Axis, ...]) -> int:
    return next((place for place, axis in enumerate(lead) if axis in {Axis.TIME, Axis.ROW}), -1)
