"""Actions without an axis of agents: columns of one agent, or of several side by side."""

from collections.abc import Sequence
from math import prod

from convscope.errors import LogFormatError
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.facts import stripped
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.joint import JointSteps, joint_mapping, side_by_side, slots
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.readings import ambiguous


def no_agent_axis(
    families: Sequence[Family], standing: Sequence[Layout], names: Sequence[str], *, place: str
) -> LogFormatError:
    """Return the error of a file in which no axis can be the agents'.

    Parameters
    ----------
    families
        Of the file.
    standing
        Layouts that all else allows, the most customary first; at least one.
    names
        Of the agents, where the file lists them.
    place
        The file.
    """
    reference = standing[0].reference
    observed = pick([f for f in families if f is not reference and not f.is_next], Meaning.OBSERVATION)
    shape = reference.first.shape
    if observed is not None and not _shares_rows(shape, observed.first.shape):
        return LogFormatError(
            f"{place}:{observed.first.path} {observed.first.shape} does not fit {reference.first.path} {shape}: "
            "the number of episodes or timesteps differs"
        )
    named = f"; the file names {len(names)} agents" if names else ""
    beside = "" if observed is None else f" and {observed.template.text} {observed.first.shape}"
    what = f"{reference.template.text} {shape}{beside}{named}"
    container = standing[0].container if len(standing[0].container) < len(stripped(shape)) else (Axis.ROW,)
    if len(stripped(shape)) <= len(container):
        return _one_agent(what, _joint(reference, observed, container), place=place)
    n_columns = shape[-1]
    agents = tuple(names) if names and n_columns % len(names) == 0 else slots(n_columns)
    return side_by_side(_joint(reference, observed, container), agents, place=place, what=what)


def _one_agent(what: str, steps: JointSteps, *, place: str) -> LogFormatError:
    readings = ["one agent's", "those of several agents in turn: then write down whose turn it is, or an array of each"]
    mapping = joint_mapping(steps, slots(1))
    return ambiguous(place, f"the rows of {what}", readings, mapping=mapping, evidence="There is no axis of agents.")


def _joint(reference: Family, observed: Family | None, container: tuple[Axis, ...]) -> JointSteps:
    return JointSteps(
        lead=container,
        actions=reference.template.text,
        n_actions=reference.first.shape[-1],
        observations=observed.template.text if observed is not None else "",
        n_observed=prod(observed.first.shape[len(container) :]) if observed is not None else 0,
    )


def _shares_rows(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return bool(one and other) and other[0] - one[0] in {0, 1}
