"""All arrays that a mapping names, wherever it names them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from convscope.ingest.mapping import ArrayMapping, EpisodeMapping, LogMapping


def arrays_of(mapping: LogMapping) -> Iterator[ArrayMapping]:
    """Return the arrays of fields, of what follows their steps, of episodes and their labels, roles and lives."""
    for field in mapping.fields:
        yield field.array
        if field.next_path:
            yield replace(field.array, path=field.next_path)
    cut, roles = mapping.episodes, mapping.roles
    marks = (
        () if cut is None else (cut.array, cut.after, cut.lengths, cut.time, cut.terminated, cut.truncated, cut.ended)
    )
    labels = (label and label.array for label in (mapping.run, mapping.checkpoint, mapping.condition))
    others = (*marks, mapping.alive, mapping.leaves, mapping.acting, roles and roles.array, *labels)
    yield from (array for array in others if array is not None)


def with_arrays(mapping: LogMapping, change: Callable[[ArrayMapping], ArrayMapping]) -> LogMapping:
    """Return a mapping with each of its arrays changed; what follows a step changes with the step."""

    def changed(array: ArrayMapping | None) -> ArrayMapping | None:
        return None if array is None else change(array)

    roles = mapping.roles
    return replace(
        mapping,
        fields=tuple(replace(field, array=change(field.array)) for field in mapping.fields),
        episodes=None if mapping.episodes is None else _changed(mapping.episodes, changed),
        roles=None if roles is None else replace(roles, array=changed(roles.array)),
        alive=changed(mapping.alive),
        leaves=changed(mapping.leaves),
        acting=changed(mapping.acting),
    )


def _changed(episodes: EpisodeMapping, changed: Callable[[ArrayMapping | None], ArrayMapping | None]) -> EpisodeMapping:
    return replace(
        episodes,
        array=changed(episodes.array),
        after=changed(episodes.after),
        lengths=changed(episodes.lengths),
        time=changed(episodes.time),
        terminated=changed(episodes.terminated),
        truncated=changed(episodes.truncated),
        ended=changed(episodes.ended),
    )
