"""The loader of RLlib's recordings: knows them, and makes a log of them."""

from dataclasses import replace

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Inventory, Value
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.parsed import parse_container
from convscope.ingest.probe import Probe
from convscope.values.fields import ATTENTION, GATES, Level
from convscope.values.header import ActionKind, Agent
from convscope.values.log import TrajectoryLog
from convscope.values.status import EndKind
from convscope_loaders.rllib.files import environment_of, folder_of_part, form_of
from convscope_loaders.rllib.reading import parser_of
from convscope_loaders.rllib.table import AGENT, ENDS, EPISODE, N_ACTIONS, TERMINATED, TIME, TOLD, TRUNCATED, WIDTHS
from convscope_loaders.tidy.build import TidyReading, build_tidy_log
from convscope_loaders.tidy.mapping import TidyField, TidyMapping

_KEYS = frozenset({EPISODE, AGENT, TIME, TERMINATED, TRUNCATED})


class RllibLoader:
    """Reads episodes and columns in Parquet, of the new API stack, and JSON lines, of the old one."""

    name = "rllib"
    description = "recordings of RLlib: folders of Parquet (episodes or columns), and JSON lines of the old API stack"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look at the columns of a table, or the beginning of a text: of a file, or of the first one of a folder."""
        form = form_of(probe)
        if form is None:
            return Match(score=0.0, reason="no Parquet with item, or with eps_id, and no JSON batches")
        return Match(score=0.9, reason=form.value)

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        LogFormatError
            If it is one part of a recording, or its parts do not fit together.
        AmbiguousLogError
            If agents took different numbers of steps, and nothing says when.
        """
        form, folder = form_of(probe), folder_of_part(probe.path)
        if form is None:
            raise LogFormatError(
                f"{probe.name} is no recording of RLlib: no Parquet with item or eps_id, no JSON batches"
            )
        if folder is not None:
            raise LogFormatError(f"{probe.path} is one part of what RLlib recorded; give the folder {folder}")
        container = parse_container(probe.path, parser_of(form, trusts_pickle=probe.trusts_pickle))
        inventory = container.inventory
        told = tuple(str(sentence) for sentence in _listed(inventory, "/", TOLD))
        names = _listed(inventory, AGENT, "values")
        alone = ("the recording is of one agent: roles and routing need several",) if len(names) == 1 else ()
        reading = TidyReading(mapping=_mapping(inventory, environment_of(probe)), assumptions=(*told, *alone))
        return _finished(build_tidy_log(probe, container, reading, loader=self.name), inventory)


LOADER = RllibLoader()
"""What the entry point names."""


def _mapping(inventory: Inventory, environment: str | None) -> TidyMapping:
    fields = [path for path in inventory.datasets if path not in _KEYS]
    terminated, truncated = (path if path in inventory.datasets else None for path in (TERMINATED, TRUNCATED))
    return TidyMapping(
        episode=(EPISODE,),
        agent=AGENT,
        time=TIME,
        fields=tuple(
            TidyField(
                name=path.removeprefix("/"),
                columns=(path,),
                level=Level.PAIR if path.removeprefix("/") in (ATTENTION, GATES) else Level.AGENT,
                widths=tuple(int(str(width)) for width in _listed(inventory, path, WIDTHS)),
            )
            for path in fields
        ),
        terminated=terminated,
        truncated=truncated,
        environment=environment,
        framework="RLlib",
    )


def _finished(log: TrajectoryLog, inventory: Inventory) -> TrajectoryLog:
    """Add what a table has no place for: the sizes of action spaces, and which episodes stop without an end."""
    n_actions = [int(str(n)) for n in _listed(inventory, AGENT, N_ACTIONS)]
    agents = tuple(_with_choices(agent, n) for agent, n in zip(log.header.agents, n_actions, strict=True))
    is_open = np.array([value == 0 for value in _listed(inventory, "/", ENDS)], bool)
    end = np.where(is_open, EndKind.CUT, log.episodes.end).astype(np.uint8)
    inputs = log.header.inputs
    if (end == EndKind.AMBIGUOUS).any():
        both = "RLlib marks a pure time limit as terminated and truncated: which of the two an end was is not known"
        inputs = tuple(replace(file, assumptions=(*file.assumptions, both)) for file in inputs)
    return replace(
        log,
        header=replace(log.header, agents=agents, inputs=inputs),
        episodes=replace(log.episodes, end=end),
    )


def _with_choices(agent: Agent, n_actions: int) -> Agent:
    space = agent.action_space
    if space.kind is not ActionKind.DISCRETE or n_actions <= space.n[0]:
        return agent
    return replace(agent, action_space=replace(space, n=(n_actions,)))


def _listed(inventory: Inventory, path: str, name: str) -> tuple[Value, ...]:
    value = inventory.attributes.get(path, {}).get(name)
    return value if isinstance(value, tuple) else ()
