"""In what files differ that are read as one study."""

from collections.abc import Collection, Iterator, Sequence

from convscope.values.header import LogHeader, Notice

_SHOWN = 4


def unlike_inputs(headers: Sequence[LogHeader]) -> tuple[Notice, ...]:
    """Return a notice of all in which the files differ; none where they are alike.

    Parameters
    ----------
    headers
        One a file, at least one.
    """
    differences = [f"{what} ({_shown(names)})" for what, names in _differences(headers) if names]
    if not differences:
        return ()
    what = f"{len(headers)} files are pooled as one study though they have {' and '.join(differences)}"
    return (Notice(code="unlike-inputs", message=f"{what}; analyse alone what is a study of its own"),)


def _differences(headers: Sequence[LogHeader]) -> Iterator[tuple[str, Sequence[str]]]:
    environments = {header.environment for header in headers if header.environment}
    yield "different environments", _several(environments)
    yield "different frameworks", _several({header.framework for header in headers if header.framework})
    teams = dict.fromkeys(frozenset(agent.name for agent in header.agents) for header in headers)
    yield "different agents", [f"{len(team)} of them" for team in teams] if len(teams) > 1 else []
    shapes = [{spec.name: spec.shape for spec in header.fields} for header in headers]
    names = sorted({name for own in shapes for name in own})
    yield "fields that only some hold", [name for name in names if any(name not in own for own in shapes)]
    widths = {name: {own[name] for own in shapes if name in own} for name in names}
    yield "fields of different widths", [name for name in names if len(widths[name]) > 1]


def _several(names: Collection[str]) -> list[str]:
    return sorted(names) if len(names) > 1 else []


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
