"""The agents of a log: names, action spaces, groups of equal spaces, declared roles."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.mapping import Kind
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import ACTION_LOGITS, ACTION_MASKS, ACTION_PROBABILITIES, ACTIONS, OBSERVATIONS, FieldSpec
from convscope.values.header import MAX_CHOICES, ActionKind, ActionSpace, Agent
from convscope.values.log import EpisodeSource
from convscope.values.status import Status
from convscope_loaders.structure.idle import Lacks, count_lacks, joined_lacks
from convscope_loaders.structure.lexicon import stem_of

_ROWS_AT_A_TIME = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenActions:
    """What the actions of a log look like."""

    is_whole: BoolArray
    """Whether all are whole numbers from -1 (which stands for none) to `MAX_CHOICES`, for each agent and those whose
    actions have as many components, shape (N,)."""
    lacks: Lacks
    """Where those that should act have none."""
    highest: FloatArray
    """Largest value of each agent and component, -inf where it never acts, shape (N, K)."""

    @property
    def are_open(self) -> bool:
        """Whether -1 may be no action or the counterpart of 1: choices, or steps to the left and to the right."""
        of_choices = bool(self.is_whole.all()) and self.highest.max(initial=0) == 1
        return of_choices and bool(self.lacks.has_gap.any()) and not self.lacks.is_turn


def see_actions(
    source: EpisodeSource, spec: FieldSpec, rows: IntArray, *, n_agents: int, kind: Kind | None = None
) -> SeenActions:
    """Read all actions once, some episodes at a time.

    Parameters
    ----------
    source
        Of the log.
    spec
        Of the actions.
    rows
        Rows of each episode, shape (E,).
    n_agents
        Of the log.
    kind
        What whole numbers are; None where the numbers tell.
    """
    width = spec.shape[0] if spec.shape else 1
    highest = np.full((n_agents, width), -np.inf)
    is_whole = np.ones(n_agents, bool)
    starts = np.concatenate([[0], np.cumsum(rows)])
    lacks: dict[bool, list[Lacks]] = {False: [], True: []}
    first = 0
    while first < len(rows):
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + _ROWS_AT_A_TIME, side="right")) - 1)
        read = source.read(np.arange(first, last), frozenset({ACTIONS}))
        actions = read.columns[ACTIONS].reshape(-1, n_agents, width)
        known = np.where(np.isfinite(actions), actions, -np.inf)
        highest = np.maximum(highest, known.max(axis=0, initial=-np.inf))
        # -1 is how people write that there was no action; smaller numbers and huge ones are amounts, not choices.
        could_be_choice = (actions == np.round(actions)) & (actions >= -1) & (actions < MAX_CHOICES)
        could_be = ~np.isfinite(actions) | could_be_choice
        is_whole &= could_be.all(axis=(0, 2)) & (kind is not Kind.AMOUNTS)
        is_acting = np.asarray(read.status == Status.ACTING, dtype=np.bool_)
        for is_choice, found in lacks.items() if not (actions >= 0).all() else ():
            found.append(count_lacks(actions, is_acting, rows[first:last], is_choice=is_choice))
        first = last
    widths = np.array(spec.widths or (width,) * n_agents)
    alike = [bool(is_whole[widths == own].all()) for own in widths]
    of_all = {is_choice: joined_lacks(found, n_agents) for is_choice, found in lacks.items()}
    chosen = Lacks(
        n_rows=np.where(alike, of_all[True].n_rows, of_all[False].n_rows),
        has_gap=np.where(alike, of_all[True].has_gap, of_all[False].has_gap),
        is_turn=of_all[all(alike)].is_turn,
    )
    return SeenActions(is_whole=np.array(alike), highest=highest, lacks=chosen)


def make_agents(
    agent_names: Sequence[str],
    specs: Sequence[FieldSpec],
    seen: SeenActions | None,
    *,
    teams: Mapping[str, str],
    roles: Mapping[str, str],
) -> tuple[Agent, ...]:
    """Describe the agents.

    Parameters
    ----------
    agent_names
        In the order of the agent axis.
    specs
        Of all fields.
    seen
        What their actions look like; None without actions.
    teams
        Team of each agent that has one.
    roles
        Declared role of each agent that has one.

    Notes
    -----
    Agents whose names differ in a number only and whose observations and action masks are equally wide share one
    action space; the number of choices is the width of masks or logits, else the number of actions that have names,
    else the largest action of any of them.
    """
    kinds = [_kind(name, number, specs) for number, name in enumerate(agent_names)]
    spaces = _spaces(kinds, seen)
    labels = _labels(kinds, spaces)
    return tuple(
        Agent(
            name=name,
            action_space=spaces[kinds[number]],
            group=labels[kinds[number]],
            team=teams.get(name),
            declared_role=roles.get(name),
        )
        for number, name in enumerate(agent_names)
    )


_Kind = tuple[str, int, int, int]


def _kind(name: str, number: int, specs: Sequence[FieldSpec]) -> _Kind:
    widths = _width(specs, OBSERVATIONS, number), _choices(specs, number), _width(specs, ACTIONS, number)
    return stem_of(name)[0] or "agent", *widths


def _width(specs: Sequence[FieldSpec], field: str, number: int) -> int:
    for spec in specs:
        if spec.name == field:
            return spec.widths[number] if spec.widths is not None else (spec.shape or (0,))[0]
    return 0


def _choices(specs: Sequence[FieldSpec], number: int) -> int:
    for field in (ACTION_MASKS, ACTION_LOGITS, ACTION_PROBABILITIES):
        width = _width(specs, field, number)
        if width > 1:
            return width
    return next((len(spec.values) for spec in specs if spec.name == ACTIONS), 0)


def _spaces(kinds: Sequence[_Kind], seen: SeenActions | None) -> dict[_Kind, ActionSpace]:
    spaces: dict[_Kind, ActionSpace] = {}
    for kind in dict.fromkeys(kinds):
        width = kind[3]
        rows = [number for number, other in enumerate(kinds) if other == kind]
        if seen is None or width == 0 or not seen.is_whole[rows].all():
            spaces[kind] = ActionSpace(kind=ActionKind.CONTINUOUS, width=width)
            continue
        highest = seen.highest[rows, :width].max(axis=0)
        n = tuple(max(int(value) + 1, 1) if np.isfinite(value) else 1 for value in highest)
        if width == 1:
            spaces[kind] = ActionSpace(kind=ActionKind.DISCRETE, n=(max(n[0], kind[2]),), width=1)
        else:
            spaces[kind] = ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=n, width=width)
    return spaces


def _labels(kinds: Sequence[_Kind], spaces: dict[_Kind, ActionSpace]) -> dict[_Kind, str]:
    together: dict[tuple[int, ActionSpace], list[str]] = defaultdict(list)
    for kind in dict.fromkeys(kinds):
        together[kind[1], spaces[kind]].append(kind[0])
    if len(together) == 1:
        return dict.fromkeys(kinds, "all")
    return {kind: "+".join(together[kind[1], spaces[kind]]) for kind in kinds}
