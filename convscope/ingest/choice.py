"""Which loader reads a file: the best match, with reasons; a tie is an error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from convscope.errors import AmbiguousLogError, LogFormatError, UsageError
from convscope.ingest.foreign import foreign_kind
from convscope.ingest.loader import ONLY_MAPPED, Loader, Match
from convscope.ingest.probe import FileKind, Probe
from convscope.values.header import Notice

GROUP = "convscope.loaders"
"""Entry-point group through which loaders are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledLoader:
    """A loader and where it comes from."""

    loader: Loader
    distribution: str
    """Name and version of the package that brings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderMatch:
    """What one loader says of a file."""

    loader: Loader
    match: Match
    failure: Notice | None = None
    """Why it could say nothing; its score is 0 then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The loader of a file."""

    loader: Loader
    notices: tuple[Notice, ...] = ()
    """Of loaders that failed when they were asked."""


def installed_loaders() -> tuple[tuple[InstalledLoader, ...], tuple[Notice, ...]]:
    """Return the loaders that are installed, by name, and a notice for each that does not import."""
    found: list[InstalledLoader] = []
    notices: list[Notice] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            loader: Loader = point.load()
        except Exception as error:
            notices.append(_broken(point, error))
            continue
        found.append(InstalledLoader(loader=loader, distribution=_distribution(point)))
    return tuple(found), tuple(notices)


def match_all(probe: Probe, loaders: Sequence[Loader]) -> tuple[LoaderMatch, ...]:
    """Ask every loader about a file; the best first, names in order where they agree."""
    matches = [ask(loader, probe) for loader in loaders]
    return tuple(sorted(matches, key=lambda found: (-found.match.score, found.loader.name)))


def ask(loader: Loader, probe: Probe) -> LoaderMatch:
    """Ask a loader about a file; one that fails does not fit, and no other suffers from it."""
    try:
        match = loader.sniff(probe)
        if not 0 <= match.score <= 1:
            raise ValueError(f"a score is between 0 and 1, not {match.score}")  # noqa: TRY301  as any other failure
    except Exception as error:
        why = f"{type(error).__name__}: {str(error)[:200]}"
        message = f"the loader {loader.name} fails at looking at {probe.name} and is left out: {why}"
        notice = Notice(code="broken-loader", message=message, where=loader.name)
        return LoaderMatch(loader=loader, match=Match(score=0.0, reason=f"it fails: {why}"), failure=notice)
    return LoaderMatch(loader=loader, match=match)


def failures(matches: Iterable[LoaderMatch]) -> tuple[Notice, ...]:
    """Return a notice for each loader that failed."""
    return tuple(dict.fromkeys(found.failure for found in matches if found.failure is not None))


def choose(probe: Probe, loaders: Sequence[Loader], name: str | None = None, *, has_mapping: bool = False) -> Choice:
    """Choose the loader of a file.

    Parameters
    ----------
    probe
        The file.
    loaders
        Those to choose from.
    name
        Take this one whatever it says; None takes the best match.
    has_mapping
        Whether the user says in a mapping what the file means: only loaders that take one are asked then, and the only
        one is taken whatever it says.

    Raises
    ------
    UsageError
        If there is no loader of that name, or it takes no mapping where there is one.
    AmbiguousLogError
        If two fit equally well.
    LogFormatError
        If none fits; the message lists what each one missed.
    """
    if name is not None:
        return Choice(loader=_named(loaders, name, has_mapping=has_mapping))
    takers = [loader for loader in loaders if loader.takes_mapping]
    if has_mapping and len(takers) == 1:
        return Choice(loader=takers[0])
    loaders = takers if has_mapping else loaders
    matches = match_all(probe, loaders)
    least = 0.0 if has_mapping else ONLY_MAPPED
    fitting = [found for found in matches if found.match.score > least]
    if not fitting:
        raise LogFormatError(_none_fits(probe, matches))
    best = [found for found in fitting if found.match.score == fitting[0].match.score]
    if len(best) > 1:
        both = " and ".join(f"{found.loader.name} ({found.match.reason})" for found in best)
        raise AmbiguousLogError(f"{probe.path} fits {both} equally well; choose one with --loader NAME")
    return Choice(loader=best[0].loader, notices=failures(matches))


def _named(loaders: Sequence[Loader], name: str, *, has_mapping: bool) -> Loader:
    for loader in loaders:
        if loader.name == name and has_mapping and not loader.takes_mapping:
            takers = ", ".join(taker.name for taker in loaders if taker.takes_mapping)
            raise UsageError(f"the loader {name} takes no mapping; leave --mapping out, or choose from: {takers}")
        if loader.name == name:
            return loader
    raise UsageError(f"no loader is called {name!r}; there are {', '.join(loader.name for loader in loaders)}")


def _none_fits(probe: Probe, matches: Sequence[LoaderMatch]) -> str:
    foreign = foreign_kind(probe)
    if foreign is not None:
        return f"{probe.path} is {foreign}"
    near = [found for found in matches if found.match.score > 0 or found.failure is not None]
    if near and probe.kind is not FileKind.HDF5 and probe.container is None:
        return f"{probe.path}: {near[0].match.reason}"
    if probe.container is None and probe.kind is not FileKind.HDF5:
        return (
            f"{probe.path} is a {probe.kind}, not a log that a loader knows: HDF5, and what `convscope loaders` lists"
        )
    if probe.container is not None and not probe.container.inventory.datasets and near:
        return f"{probe.path}: {near[0].match.reason}"
    missed = "; ".join(f"{found.loader.name}: {found.match.reason}" for found in near or matches)
    return f"{probe.path} fits no loader ({missed}); describe it in a mapping file (convscope inspect --write-mapping)"


def _broken(point: EntryPoint, error: Exception) -> Notice:
    message = (
        f"the loader {point.name} ({point.value}) does not import and is left out: {type(error).__name__}: {error}"
    )
    return Notice(code="broken-loader", message=message, where=point.name)


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "unknown"
