"""The loader of the PyMARL family: knows such a file, and makes a log of it."""

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Container
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.header import ActionKind, ActionSpace, Agent, LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.pymarl.fields import find_fields
from convscope_loaders.pymarl.layout import PaddedLayout, find_layout, text_attribute
from convscope_loaders.pymarl.lengths import PaddedLengths, read_lengths
from convscope_loaders.pymarl.source import PaddedSource
from convscope_loaders.structure.annotations import annotated
from convscope_loaders.structure.ring import InTimeOrder, in_time_order

_EPISODES_AT_A_TIME = 1024


class PymarlLoader:
    """Reads the files of the PyMARL family."""

    name = "pymarl"
    description = "padded episodes of the PyMARL family (OffPyMARL, ODIS, CFCQL, ICQ, AlberDICE, EpisodeBatch)"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for ``filled`` beside ``actions`` of four axes that share episodes and timesteps."""
        layout = find_layout(probe.container.inventory) if probe.container is not None else None
        if layout is not None:
            return Match(score=0.9, reason=f"filled and padded episodes in {layout.group or '/'}")
        return Match(score=0.0, reason="no group with filled and actions of (episode, timestep, agent, 1)")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        LogFormatError
            If the file is of another kind, or holds no episode with a step.
        """
        place = str(probe.path)
        ordered = None if probe.container is None else in_time_order(annotated(probe.container), None, place=place)
        container = None if ordered is None else ordered.container
        layout = find_layout(container.inventory) if container is not None else None
        filled = layout.path("filled") if layout is not None else None
        if ordered is None or container is None or layout is None or filled is None:
            raise LogFormatError(f"{probe.name} is no PyMARL file: it has no group with filled and padded actions")
        with container.store.open() as file:
            lengths = read_lengths(file, filled, layout.numbers("terminated", 2), n_episodes=layout.shape[0])
        if not lengths.length.any():
            raise LogFormatError(f"{probe.name}:{filled} marks no step as filled; the file holds no episode")
        return _log(probe, ordered, layout, lengths=lengths)


LOADER = PymarlLoader()
"""What the entry point names."""


def _log(probe: Probe, ordered: InTimeOrder, layout: PaddedLayout, *, lengths: PaddedLengths) -> TrajectoryLog:
    container = ordered.container
    happened = np.flatnonzero(lengths.length > 0)
    episodes = _episodes(probe, layout, lengths, happened=happened)
    fields = find_fields(layout)
    source = PaddedSource(
        store=container.store,
        n_agents=layout.shape[2],
        n_padded=layout.shape[1],
        columns=fields.columns,
        number=happened,
        length=episodes.length,
        rows=episodes.rows,
        masks=layout.numbers("avail_actions", 3) if _has_masks(layout) else None,
        observations=layout.numbers("obs", 3),
    )
    space, assumed = _action_space(container, layout, happened)
    sentences = (
        *ordered.assumptions,
        *lengths.assumptions,
        *assumed,
        *_assumed_agents(layout),
        _assumed_deaths(source),
    )
    header = LogHeader(
        agents=tuple(Agent(name=name, action_space=space, group="agents") for name in layout.agents),
        fields=fields.specs,
        inputs=(probe.input_file(LOADER.name, assumptions=sentences),),
        framework="PyMARL family",
        environment=text_attribute(container.inventory, layout.group, "env"),
        notices=(*_dropped(layout, lengths), *fields.notices, *container.inventory.notices),
    )
    return TrajectoryLog(
        header=header,
        episodes=episodes,
        sources=(source,),
        source_of=np.zeros(len(happened), np.int64),
        local_of=np.arange(len(happened)),
    )


def _episodes(probe: Probe, layout: PaddedLayout, lengths: PaddedLengths, *, happened: IntArray) -> EpisodeTable:
    none = np.full(len(happened), -1)
    return EpisodeTable(
        runs=(probe.name,),
        checkpoints=(),
        conditions=(),
        run=np.zeros(len(happened), np.int64),
        checkpoint=none,
        condition=none,
        number=np.arange(len(happened)),
        length=lengths.length[happened],
        rows=lengths.rows[happened],
        end=lengths.end[happened],
        path=tuple(f"{layout.group or '/'}[{episode}]" for episode in happened.tolist()),
        declared_roles=np.full((len(happened), layout.shape[2]), -1),
    )


def _action_space(
    container: Container, layout: PaddedLayout, happened: IntArray
) -> tuple[ActionSpace, tuple[str, ...]]:
    actions = layout.datasets["actions"]
    width = actions.shape[3]
    choices = [layout.datasets[name].shape for name in ("avail_actions", "actions_onehot") if name in layout.datasets]
    sizes = [shape[3] for shape in choices if shape[:3] == layout.shape and len(shape) == 4]
    if np.dtype(actions.dtype).kind == "f" and not (width == 1 and sizes):
        return ActionSpace(kind=ActionKind.CONTINUOUS, width=width), ()
    if width == 1 and sizes:
        return ActionSpace(kind=ActionKind.DISCRETE, n=(sizes[0],)), ()
    counts = _largest_actions(container, actions.path, happened) + 1
    kind = ActionKind.DISCRETE if width == 1 else ActionKind.MULTI_DISCRETE
    sentence = f"as many actions as the largest number seen: {', '.join(map(str, counts.tolist()))}"
    return ActionSpace(kind=kind, n=tuple(counts.tolist()), width=width), (sentence,)


def _largest_actions(container: Container, path: str, happened: IntArray) -> IntArray:
    step, stop = _EPISODES_AT_A_TIME, int(happened[-1]) + 1
    with container.store.open() as file:
        parts = (file.read(path, start, min(start + step, stop)) for start in range(0, stop, step))
        largest = [part.astype(np.int64).max(axis=(0, 1, 2)) for part in parts]
    return np.asarray(np.max(largest, axis=0), dtype=np.int64)


def _has_masks(layout: PaddedLayout) -> bool:
    return "avail_actions" in layout.datasets and len(layout.datasets["avail_actions"].shape) == 4


def _assumed_agents(layout: PaddedLayout) -> tuple[str, ...]:
    return () if layout.has_names else ("the file names no agents: they are called agent_<slot>",)


def _assumed_deaths(source: PaddedSource) -> str:
    if source.masks is None or source.observations is None:
        return "nothing shows whether agents die: every agent acts in every step"
    return (
        "an agent that may only take the first action and sees only zeros until its episode's end is dead, or absent "
        "where it is so from the first row on"
    )


def _dropped(layout: PaddedLayout, lengths: PaddedLengths) -> tuple[Notice, ...]:
    n_empty = int((lengths.length == 0).sum())
    where = layout.path("filled")
    notices: list[Notice] = []
    if n_empty:
        notices.append(
            Notice(code="empty-episodes", message=f"left out {n_empty} episodes without a step", where=where)
        )
    if lengths.n_after_end:
        message = f"left out {lengths.n_after_end} filled rows that follow the end of their episode"
        notices.append(Notice(code="rows-after-end", message=message, where=where))
    return tuple(notices)
