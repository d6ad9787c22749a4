"""Which datasets of a PyMARL-family file become which fields."""

from dataclasses import dataclass
from math import prod

from convscope.ingest.container import ArrayInfo
from convscope.values.fields import (
    ACTION_MASKS,
    ACTION_PROBABILITIES,
    ACTIONS,
    HIDDEN_STATES,
    INFO,
    OBSERVATIONS,
    REWARDS,
    STATE,
    TEAM_REWARDS,
    FieldSpec,
    Level,
)
from convscope.values.header import Notice
from convscope_loaders.pymarl.layout import PaddedLayout, is_numeric
from convscope_loaders.pymarl.source import PaddedColumn

_AGENT_FIELDS = {
    "obs": OBSERVATIONS,
    "actions": ACTIONS,
    "avail_actions": ACTION_MASKS,
    "probs": ACTION_PROBABILITIES,
    "reward": REWARDS,
    "hidden_states": HIDDEN_STATES,
}
_TEAM_FIELDS = {"state": STATE, "reward": TEAM_REWARDS}
_OF_STEP = frozenset({ACTIONS, REWARDS, TEAM_REWARDS, ACTION_PROBABILITIES})
_OF_ROWS = frozenset({"filled", "terminated"})
"""What says which rows are real and where an episode ends; no fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaddedFields:
    """The fields of a file, and how to read them."""

    specs: tuple[FieldSpec, ...]
    columns: tuple[PaddedColumn, ...]
    """In the order of ``specs``."""
    notices: tuple[Notice, ...]
    """What is left out, and why."""


def find_fields(layout: PaddedLayout) -> PaddedFields:
    """Match each dataset of the group with a field, by name and shape; unknown ones become ``info/<name>``."""
    specs: list[FieldSpec] = []
    columns: list[PaddedColumn] = []
    notices: list[Notice] = []
    for name, info in layout.datasets.items():
        reason = _why_not(layout, name, info)
        if reason is not None:
            notices.append(Notice(code="not-read", message=f"{name} is left out: {reason}", where=info.path))
        elif name not in _OF_ROWS:
            spec = _spec(layout, name, info)
            specs.append(spec)
            columns.append(_column(layout, spec))
    if "corrected_terminated" in layout.datasets:
        message = "no episode ends by this correction of terminated, which is kept as a field of its own"
        notices.append(Notice(code="two-end-flags", message=message, where=layout.path("corrected_terminated")))
    return PaddedFields(specs=tuple(specs), columns=tuple(columns), notices=tuple(notices))


def _why_not(layout: PaddedLayout, name: str, info: ArrayInfo) -> str | None:
    _, _, n_agents = layout.shape
    if name == "actions_onehot":
        return "it repeats the actions"
    if not is_numeric(info):
        return "it holds no plain numbers"
    if info.shape[:2] != layout.shape[:2]:
        return "its first axes are not those of episodes and timesteps"
    if 0 in info.shape:
        return "it has no columns"
    if name not in _AGENT_FIELDS and len(info.shape) > 3 and info.shape[-2:] == (n_agents, n_agents) and n_agents > 1:
        return "it has two agent axes, and nothing says which one receives; name them in a mapping"
    return None


def _spec(layout: PaddedLayout, name: str, info: ArrayInfo) -> FieldSpec:
    n_agents = layout.shape[2]
    rest = info.shape[2:]
    # One reward column is the team's even where the team is one agent.
    is_of_agents = rest[:1] == (n_agents,) and (len(rest) > 1 or n_agents > 1)
    known = (_AGENT_FIELDS if is_of_agents else _TEAM_FIELDS).get(name, f"{INFO}{name}")
    inner = rest[1:] if is_of_agents else rest
    return FieldSpec(
        name=known,
        level=Level.AGENT if is_of_agents else Level.TEAM,
        shape=() if known not in _FLAT and prod(inner) == 1 else (prod(inner),),
        dtype=info.dtype,
        path=info.path,
    )


_FLAT = frozenset({OBSERVATIONS, ACTIONS, ACTION_MASKS, ACTION_PROBABILITIES, HIDDEN_STATES, STATE})


def _column(layout: PaddedLayout, spec: FieldSpec) -> PaddedColumn:
    agents = (layout.shape[2],) if spec.level is Level.AGENT else ()
    return PaddedColumn(
        field=spec.name, path=spec.path, row_shape=(*agents, *spec.shape), is_of_step=spec.name in _OF_STEP
    )
