"""Files of ``torch.save``: pickles, read only on request, and then without running what they hold."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.optional import import_optional
from convscope.ingest.probe import Probe


def check_trusted(probe: Probe, *, instead: str) -> None:
    """Make sure that the user allows pickles.

    Parameters
    ----------
    probe
        The file or folder.
    instead
        What to do without.

    Raises
    ------
    LogFormatError
        If not.
    """
    if not probe.trusts_pickle:
        raise LogFormatError(
            f"{probe.path} was written by torch.save, which is a pickle, and no pickle is read unasked: {instead}, or "
            "allow it with --trust-pickle"
        )


_FOREIGN = re.compile(r"GLOBAL ([\w.]+)")
"""How torch names what a pickle asks for beyond tensors."""


def load_torch(
    path: Path, *, instead: str = "save arrays instead", stands_for: Sequence[tuple[object, str]] = ()
) -> object:
    """Return what a file holds: tensors, numbers, texts, and lists and tables of them, and nothing else.

    Parameters
    ----------
    path
        Nothing about it is trusted.
    instead
        What to do where it holds anything else.
    stands_for
        What is taken in place of further classes and functions that it names, and how it names them.

    Raises
    ------
    LogFormatError
        If it holds anything else, or is broken.
    MissingPackageError
        If torch is not installed.
    """
    torch = import_optional("torch", extra="torch", purpose=f"{path}, a file of torch.save,")
    try:
        with torch.serialization.safe_globals([*_numbers_of_numpy(), *stands_for]):
            loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # The restricted unpickler stumbles in many ways, and advises to lift the restriction: not here.
        foreign = _FOREIGN.search(str(error))
        what = f"asks for {foreign[1][:80]}" if foreign is not None else "is broken"
        raise LogFormatError(
            f"{path} {what}: only tensors, numbers, texts and lists of them are read from a pickle; {instead}"
        ) from error
    return loaded


def _numbers_of_numpy() -> list[object]:
    """Return what makes a number of NumPy, under its older and its newer name; it makes nothing else."""
    scalar = np.float64(0).__reduce__()[0]
    kinds = [type(np.dtype(kind)) for kind in ("?", "i1", "u1", "i2", "i4", "i8", "f2", "f4", "f8")]
    named = [(scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    return [*named, np.dtype, *kinds]
