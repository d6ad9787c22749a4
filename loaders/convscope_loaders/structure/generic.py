"""Any container of arrays as a log: understood by names, shapes and numbers, or by a mapping."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from convscope.errors import AmbiguousLogError, LogFormatError, MappingError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.loader import ONLY_MAPPED, Match
from convscope.ingest.mapping import Cut, LogMapping
from convscope.ingest.probe import Probe
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.annotations import annotated
from convscope_loaders.structure.announced import hold_against_next
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.folding import refolded, unfold
from convscope_loaders.structure.infer import infer
from convscope_loaders.structure.leaf_names import LeafNames
from convscope_loaders.structure.lexicon import Meaning, meaning_of
from convscope_loaders.structure.long import find_columns
from convscope_loaders.structure.mapping_checks import check_mapping
from convscope_loaders.structure.outer import joined_outer, split_outer
from convscope_loaders.structure.pairs import with_pairs, with_pairs_kept
from convscope_loaders.structure.prefixes import grouped_paths, regrouped
from convscope_loaders.structure.quiet import remedies_in, with_quiet_told
from convscope_loaders.structure.readings import completed
from convscope_loaders.structure.ring import InTimeOrder, in_time_order
from convscope_loaders.structure.step_groups import stacked
from convscope_loaders.structure.weight_doubts import weight_doubts

_TELLING = (Meaning.ACTION, Meaning.OBSERVATION, Meaning.POSITION)
_WITH_FINALS = frozenset({Cut.FINAL_FLAGS, Cut.FILLED_AND_FINAL, Cut.LENGTHS_AND_FINAL})
"""Cuts of which a sentence says so already."""
_AS_TABLE = 0.3
"""Score of columns: they may be arrays on a grid where the user says so."""


def match_by_names(inventory: Inventory) -> Match:
    """Look for arrays that are called actions, observations or positions."""
    if find_columns(inventory) is not None:
        return Match(score=_AS_TABLE, reason="its arrays are the columns of a table")
    if grouped_paths(inventory):
        return Match(score=0.5, reason="names of arrays tell agents or episodes apart")
    leaves = LeafNames(inventory, (), {})
    found = {_meaning(path, leaves) for path in inventory.datasets}
    told = [meaning for meaning in _TELLING if meaning in found]
    if not told:
        return Match(score=ONLY_MAPPED, reason="no array is called actions, observations or positions")
    return Match(score=0.5, reason=f"arrays are called {', '.join(f'{meaning}s' for meaning in told)}")


def open_by_structure(probe: Probe, container: Container, mapping: LogMapping | None, *, loader: str) -> TrajectoryLog:
    """Return the log that a container holds.

    Parameters
    ----------
    probe
        The file or folder.
    container
        Its arrays.
    mapping
        What they mean, as far as the user declares it.
    loader
        Name of the loader, for the provenance.

    Raises
    ------
    AmbiguousLogError
        If the arrays can be read in more than one way; the message shows the readings and a mapping to edit.
    LogFormatError
        If they hold no trajectories.
    MappingError
        If the mapping speaks of axes or columns that the arrays do not have.
    """
    check_takes_arrays(probe, mapping)
    try:
        grouped, said = _grouped(container, mapping)
        paired = None if mapping is None else with_pairs(grouped, mapping, place=str(probe.path))
        whole, mapped = (grouped, None) if paired is None else (paired.container, paired.mapping)
        doubts = (*_checked(annotated(whole), mapped), *_on_weights(grouped, mapping))
        with _completed(mapping):
            ordered = _ordered(probe, whole, mapped)
            unfolded, known = _unfolded(ordered.container, mapped)
            reading = _told(ordered, _read(probe, unfolded, known))
            on_pairs = () if paired is None else paired.said
            assumptions = (*said, *reading.assumptions, *on_pairs)
            complete = replace(reading, assumptions=assumptions, notices=(*doubts, *reading.notices))
            log = _with_finals_told(build_log(probe, unfolded, complete, loader=loader), complete.mapping)
            return log if _tells_lives(complete.mapping) else with_quiet_told(log, remedies_in(complete.mapping))
    except (IndexError, ValueError) as error:
        if mapping is None:
            raise LogFormatError(
                f"{probe.path}: its arrays do not fit each other, or are laid out in an unknown way; say what they "
                "are in a mapping (convscope inspect --write-mapping)"
            ) from error
        # What a mapping declares is taken at its word, so that only the arrays can tell where it is wrong.
        raise MappingError(
            f"{mapping.place('fields')}: does not fit the arrays of {probe.path}: check the axes of each array against "
            "its shape (convscope inspect)"
        ) from error


def _grouped(container: Container, mapping: LogMapping | None) -> tuple[Container, tuple[str, ...]]:
    """Return a container with groups for agents and episodes, and none for timesteps, and that in words."""
    stepwise, on_steps = stacked(container, mapping)
    grouped, on_names = regrouped(stepwise, mapping)
    return grouped, tuple(filter(None, (on_steps, on_names)))


def _checked(container: Container, mapping: LogMapping | None) -> tuple[Notice, ...]:
    if mapping is None or mapping.file is None:
        return ()
    with container.store.open() as file:
        return check_mapping(container.inventory, file, mapping)


def _on_weights(container: Container, mapping: LogMapping | None) -> tuple[Notice, ...]:
    return () if mapping is None or mapping.file is None else weight_doubts(container.inventory, mapping)


def check_takes_arrays(probe: Probe, mapping: LogMapping | None) -> None:
    """Make sure that a mapping does not speak of the columns of a table where there are arrays on a grid.

    Raises
    ------
    MappingError
        If it does; the message names the line.
    """
    if mapping is not None and mapping.table is not None:
        raise MappingError(
            f"{mapping.place('table')}: [table] is for tables, and {probe.path} holds arrays on a grid: give their "
            "paths and axes in [fields.actions], [fields.observations] and so on (convscope inspect --write-mapping)"
        )


def read_structure(probe: Probe, container: Container, mapping: LogMapping | None) -> Reading:
    """Work out what the arrays mean; as `convscope_loaders.structure.infer.infer`."""
    with _completed(mapping):
        ordered = _ordered(probe, container, mapping)
        return _told(ordered, _read(probe, ordered.container, mapping))


def _ordered(probe: Probe, container: Container, mapping: LogMapping | None) -> InTimeOrder:
    return in_time_order(annotated(container), mapping, place=str(probe.path))


def _told(ordered: InTimeOrder, reading: Reading) -> Reading:
    assumptions = (*ordered.assumptions, *reading.assumptions)
    return replace(reading, assumptions=assumptions, headless=ordered.headless)


def _read(probe: Probe, container: Container, mapping: LogMapping | None) -> Reading:
    place = str(probe.path)
    with container.store.open() as file:
        found = infer(container.inventory, file, mapping, place=place, names_unused=True)
        return hold_against_next(found, container.inventory, file, declared=mapping, place=place)


@contextmanager
def _completed(mapping: LogMapping | None) -> Generator[None]:
    """Let the mappings of errors say what the user has said already."""
    try:
        yield
    except AmbiguousLogError as error:
        if mapping is None:
            raise
        raise completed(error, mapping) from error


def propose_mapping(probe: Probe, container: Container, mapping: LogMapping | None) -> LogMapping:
    """Return the complete mapping that `open_by_structure` follows; errors are its own."""
    check_takes_arrays(probe, mapping)
    grouped, _ = _grouped(container, mapping)
    paired = None if mapping is None else with_pairs(grouped, mapping, place=str(probe.path))
    whole, mapped = (grouped, None) if paired is None else (paired.container, paired.mapping)
    with _completed(mapping):
        unfolded, known = _unfolded(_ordered(probe, whole, mapped).container, mapped)
        found = _read(probe, unfolded, known).mapping
    return found if mapping is None else with_pairs_kept(refolded(joined_outer(found, mapping), mapping), mapping)


def _with_finals_told(log: TrajectoryLog, mapping: LogMapping) -> TrajectoryLog:
    """Say so where arrays of observations have a row more than those of actions."""
    n_final = int((log.episodes.rows > log.episodes.length).sum())
    is_said = mapping.episodes is not None and mapping.episodes.cut in _WITH_FINALS
    if not n_final or is_said:
        return log
    said = (
        f"what is observed in one row more than there are actions, or after the last step, is the final observation of "
        f"{n_final} of {log.episodes.n_episodes} episodes: nobody acts in it"
    )
    own = log.header.inputs[0]
    told = replace(own, assumptions=(*own.assumptions, said))
    return replace(log, header=replace(log.header, inputs=(told, *log.header.inputs[1:])))


def _tells_lives(mapping: LogMapping) -> bool:
    return mapping.alive is not None or mapping.leaves is not None or mapping.dead_see_nothing is not None


def _unfolded(container: Container, mapping: LogMapping | None) -> tuple[Container, LogMapping | None]:
    return (container, None) if mapping is None else unfold(*split_outer(container, mapping))


def _meaning(path: str, leaves: LeafNames) -> Meaning | None:
    leaf = leaves.fold(path, is_in_episode=False)
    group, name = path.rsplit("/", 1)
    return meaning_of((group.rsplit("/", 1)[-1], *(name if leaf is None else leaf.text).split(".")))
