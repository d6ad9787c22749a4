"""What a reader of the surrogate's edges should know."""

from collections.abc import Iterator, Sequence

import numpy as np

from convscope.ingest.layout_file import observation_width
from convscope.routing.occlusion.figures import FEWEST_EPISODES
from convscope.routing.occlusion.study import FEWEST_ROWS, ModelNote, Part
from convscope.values.header import LogHeader, Notice
from convscope.values.inert import inert

_WHERE = "routing.edges"
_LEAST_SHARE = 0.02
"""Of a behaviour's bits, that a model must predict to be said to know anything of it."""
_MOST_NAMES = 6


def surrogate_notices(parts: Sequence[Part], header: LogHeader, agents: Sequence[str]) -> tuple[Notice, ...]:
    """Return all that a reader should know.

    Parameters
    ----------
    parts
        The analysed runs.
    header
        Of the log, with its layout.
    agents
        Names of the analysed agents.
    """
    return tuple(dict.fromkeys([*_models(parts), *_layout(header, agents), *_sample(parts)]))


def _models(parts: Sequence[Part]) -> Iterator[Notice]:
    notes = [note for part in parts for note in part.models]
    for note in notes:
        left = f"{note.bits:.2f} of {note.plain_bits:.2f} bits per decision are left by {note.kind.value}"
        message = f"The behaviour of {_named(note.receivers)}: {left}, on other episodes."
        yield Notice(code="behaviour-model", message=message, where=_WHERE)
    blind = [note for note in notes if _share(note) < _LEAST_SHARE]
    if blind:
        names = list(dict.fromkeys(name for note in blind for name in note.receivers))
        message = f"What {_named(names)} saw hardly predicts what they did: that no edge leads to them says nothing."
        yield Notice(code="behaviour-not-predicted", message=message, where=_WHERE)


def _share(note: ModelNote) -> float:
    return (note.plain_bits - note.bits) / max(abs(note.plain_bits), 1e-12)


def _layout(header: LogHeader, agents: Sequence[str]) -> Iterator[Notice]:
    layout = header.layout
    bare = [name for name in agents if layout is None or layout.of(name) is None]
    if bare:
        message = f"The layout does not describe what {_named(bare)} see: no edge to them was tested."
        yield Notice(code="no-layout", message=message, where=_WHERE)
    unknown = {name: n for name in agents if (n := _n_unknown(header, name)) > 0}
    if unknown:
        most, names = max(unknown.values()), _named(list(unknown))
        message = (
            f"The layout leaves open what up to {most} columns are about that {names} see: if they describe a sender "
            "too, what a policy draws from them hides its edge."
        )
        yield Notice(code="unknown-columns", message=message, where=_WHERE)


def _n_unknown(header: LogHeader, agent: str) -> int:
    """Return the number of columns of an agent's observation that its layout does not tell; 0 without a layout."""
    described = header.layout.of(agent) if header.layout is not None else None
    if described is None:
        return 0
    told = len(described.own) + len(described.world) + sum(len(slot.columns) for slot in described.slots)
    return observation_width(header, agent) - told


def _sample(parts: Sequence[Part]) -> Iterator[Notice]:
    n_rows = sum(part.n_decisions for part in parts)
    n_dropped = sum(part.n_dropped for part in parts)
    message = (
        f"The surrogate rests on a sample of {n_rows:,} decisions. It sees one step and the receiver's last action: "
        "a policy with a memory may remember what a slot only goes with."
    )
    yield Notice(code="surrogate-sample", message=message, where=_WHERE)
    if n_dropped:
        message = f"{n_dropped:,} sampled decisions were left out: an observation or action has missing numbers."
        yield Notice(code="rows-unreadable", message=message, where=_WHERE)
    is_untested = np.all([np.isnan(part.weight()) for part in parts], axis=0)
    n_untested = int(is_untested.sum()) - len(is_untested)
    if n_untested:
        message = (
            f"{n_untested:,} ordered pairs were not tested: no column is known to describe the sender to the receiver, "
            "or they were never in the game together."
        )
        yield Notice(code="pairs-not-tested", message=message, where=_WHERE)
    few = sum(len(part.gain) for part in parts)
    if few < FEWEST_EPISODES:
        message = f"Under {FEWEST_EPISODES} episodes there is no test."
        yield Notice(code="not-computed", message=message, where=_WHERE)
    thin = list(dict.fromkeys(name for part in parts for name in part.unmodelled))
    if thin:
        message = f"Fewer than {FEWEST_ROWS} decisions of {_named(thin)}: what they draw on was not modelled."
        yield Notice(code="not-computed", message=message, where=_WHERE)


def _named(names: Sequence[str]) -> str:
    shown = [inert(name) for name in names]
    rest = len(shown) - _MOST_NAMES
    return ", ".join(shown[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
