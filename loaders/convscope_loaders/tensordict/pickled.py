"""TensorDicts saved with ``torch.save``: pickles, read only where the user trusts them, and even then no code is run.

``torch.load(weights_only=True)`` builds tensors and plain values alone. What TensorDict adds to them, a class and a
function that fills it, is replaced here by values of our own, so that the package itself is not needed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import Container
from convscope.ingest.parsed import MAX_PARSED_BYTES, Parsed, parse_container
from convscope_loaders.torch_files import load_torch

_MAX_DEPTH = 12
_INSTEAD = "save the rollout with to_h5 instead"


class _TensorDict:
    """Stands for the class in a pickle."""


def _filled(_kind: object, state: object) -> object:
    """Stand for the function that makes a TensorDict of its state."""
    return state


_STANDS_FOR = [(_filled, "tensordict._reductions._make_td"), (_TensorDict, "tensordict._td.TensorDict")]


def pickled_container(path: Path) -> tuple[Container, tuple[int, ...]]:
    """Return the arrays of a pickled TensorDict and its batch size.

    Raises
    ------
    LogFormatError
        If it holds anything but a TensorDict of tensors.
    MissingPackageError
        If torch is not installed.
    """
    container = parse_container(path, unpickle)
    batch = container.inventory.attributes["/"]["batch_size"]
    return container, tuple(int(size) for size in batch if isinstance(size, int)) if isinstance(batch, tuple) else ()


def unpickle(path: Path) -> Parsed:
    """Read all tensors of a pickled TensorDict."""
    state: Any = load_torch(path, instead=_INSTEAD, stands_for=_STANDS_FOR)
    try:
        arrays: dict[str, npt.NDArray[Any]] = {}
        _gather(state, "", arrays)
        batch = tuple(int(size) for size in state["_batch_size"])
    except Exception as error:
        reason = str(error).strip().split("\n")[0][:160]
        raise LogFormatError(f"{path} is no pickled TensorDict ({reason}); {_INSTEAD}") from error
    # A tensor may repeat one number without end.
    if sum(array.nbytes for array in arrays.values()) > MAX_PARSED_BYTES:
        raise LogFormatError(f"{path} unpacks to more than {MAX_PARSED_BYTES >> 20} MiB; {_INSTEAD}")
    return Parsed(arrays=arrays, attributes={"/": {"batch_size": batch}})


def _gather(state: object, path: str, arrays: dict[str, npt.NDArray[Any]]) -> None:
    entries = state.get("_tensordict") if isinstance(state, dict) else None
    if not isinstance(entries, dict) or path.count("/") > _MAX_DEPTH:
        return
    for key, value in entries.items():
        if isinstance(value, dict):
            _gather(value, f"{path}/{key}", arrays)
        elif hasattr(value, "numpy"):
            array = np.asarray(value.detach().numpy())
            if array.dtype.kind in "biuf":
                arrays[f"{path}/{key}"] = array
