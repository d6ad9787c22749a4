"""What environments of the Gymnasium family hand their agents: observations in parts, masks beside or inside them."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

_MASK = "action_mask"
_OWN = "observation"


def observed_columns(
    observations: Mapping[str, object], infos: Mapping[str, Mapping[str, object]]
) -> dict[str, Mapping[str, object]]:
    """Return the columns that observations of agents, and what is said beside them, make.

    Parameters
    ----------
    observations
        By agent; a mapping with ``observation`` and ``action_mask`` is both, any other mapping or tuple is its parts,
        one after the other.
    infos
        By agent; an ``action_mask`` among them is taken.
    """
    columns: dict[str, Mapping[str, object]] = {"observations": observations}
    if any(type(observation) is not np.ndarray for observation in observations.values()):
        columns = {"observations": {agent: _own(observation) for agent, observation in observations.items()}}
        masks = {a: o[_MASK] for a, o in observations.items() if isinstance(o, Mapping) and _MASK in o}
        if masks:
            columns["action_masks"] = masks
    if any(infos.values()) and "action_masks" not in columns:
        told = {agent: info[_MASK] for agent, info in infos.items() if _MASK in info}
        if told:
            columns["action_masks"] = told
    return columns


def parts_note(observations: Mapping[str, object]) -> str | None:
    """Return a sentence about observations that are put together from parts; None where none are."""
    for agent, observation in observations.items():
        parts = list(_parts(observation, ""))
        if len(parts) > 1:
            order = ", ".join(f"{name} ({np.size(part)})" for name, part in parts)
            return (
                f"observations are the parts that the environment gives, one after the other; those of {agent}: {order}"
            )
    return None


def _own(observation: object) -> npt.NDArray[np.generic]:
    parts = [np.ravel(part) for _, part in _parts(observation, "")]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _parts(observation: object, name: str) -> Iterable[tuple[str, npt.ArrayLike]]:
    if isinstance(observation, Mapping):
        for key, part in observation.items():
            if not (key == _MASK and name == ""):
                yield from _parts(part, f"{name}/{key}".lstrip("/"))
    elif isinstance(observation, tuple):
        for number, part in enumerate(observation):
            yield from _parts(part, f"{name}/{number}".lstrip("/"))
    else:
        yield name, np.asarray(observation)
