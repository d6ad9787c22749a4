"""What the keys of a TensorDict are about."""

from collections.abc import Mapping

from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.evidence import Sampler, sums_to_one
from convscope_loaders.structure.lexicon import Meaning, meaning_of
from convscope_loaders.tensordict.tree import ACTION, FLAGS, HIDDEN, MASK, NEXT, REWARD, ROLE

_DISTRIBUTIONS = frozenset({Meaning.LOGITS, Meaning.PROBABILITIES})
_PAIRS = frozenset({Meaning.ATTENTION, Meaning.GATE})
_OF_INFO = _PAIRS | {Meaning.POSITION, Meaning.MESSAGE}
"""What may stand among the infos; of the rest the entries beside them are meant."""
_OF_AGENTS = _OF_INFO | _DISTRIBUTIONS | {Meaning.OBSERVATION, Meaning.ACTION_MASK, Meaning.REWARD, Meaning.HIDDEN}
_SHARED = _OF_INFO | {Meaning.OBSERVATION, Meaning.STATE, Meaning.REWARD}
_MOMENTS = frozenset({"loc", "scale"})
"""Parameters of a normal distribution, and no places."""
_UNREAD = frozenset({ACTION, MASK, ROLE, *FLAGS})
"""Keys that are no fields, or are read by themselves."""


def is_field(key: str, keys: Mapping[str, object]) -> bool:
    """Whether a key is a field of its own.

    Parameters
    ----------
    key
        Such as ``/observation`` or ``/next/reward``.
    keys
        All of them: what stands before the step and under ``next`` as well is one field. Only the reward belongs to
        the step that it follows.
    """
    inner = key.removeprefix(NEXT)
    if inner in _UNREAD or inner.startswith("/collector/"):
        return False
    is_next = inner != key
    return (is_next or f"{NEXT}{key}" not in keys) if inner == REWARD else (not is_next or inner not in keys)


def name_of(key: str) -> str:
    """Return a key as part of a field's name."""
    parts = key.removeprefix(NEXT).strip("/").split("/")
    return "_".join(part for part in parts if part != "info") or "info"


def meaning_of_key(key: str, *, is_shared: bool, is_discrete: bool) -> Meaning | None:
    """Return what a key is about; None where only the log knows.

    Parameters
    ----------
    key
        Such as ``/info/pos`` or ``/next/reward``.
    is_shared
        Whether it belongs to no agent.
    is_discrete
        Whether actions are choices: of continuous ones ``logits`` are no logits, but what a network gave out.
    """
    parts = key.removeprefix(NEXT).strip("/").split("/")
    told = Meaning.HIDDEN if key == HIDDEN else meaning_of((parts[-1],))
    known = _OF_INFO if len(parts) > 1 else _SHARED if is_shared else _OF_AGENTS
    is_misled = parts[-1] in _MOMENTS or (told in _DISTRIBUTIONS and not is_discrete)
    return None if is_misled or told not in known else told


def axes_of(
    info: ArrayInfo, meaning: Meaning | None, container: tuple[Axis, ...], *, n_agents: int, is_shared: bool
) -> tuple[Axis, ...]:
    """Return the axes of an array of the view.

    Parameters
    ----------
    info
        The array.
    meaning
        What it is about.
    container
        Axes that lead to a row.
    n_agents
        Of the log.
    is_shared
        Whether it belongs to no agent, so that no axis after the container's is the agents'.
    """
    tail = info.shape[len(container) :]
    if meaning in _PAIRS and tail[-1:] == (n_agents,) and (not is_shared or tail[-2:-1] == (n_agents,)):
        if is_shared:
            return (*container, *(Axis.HEAD,) * (len(tail) - 2), Axis.RECEIVER, Axis.SENDER)
        if len(tail) <= 3:
            return (*container, Axis.RECEIVER, *(Axis.HEAD,) * (len(tail) - 2), Axis.SENDER)
    agents = () if is_shared else (Axis.AGENT,)
    return (*container, *agents, *(Axis.VALUE,) * (len(tail) > len(agents)))


def is_readable_pair(sampler: Sampler, info: ArrayInfo, axes: tuple[Axis, ...]) -> bool:
    """Whether weights that stand by agent and head sum to 1 over the senders, which are last."""
    is_by_head = axes[-2:-1] == (Axis.HEAD,)
    return not is_by_head or sums_to_one(sampler.part(info.path), -1)
