"""Pickles that their user trusts: even then nothing but numbers, texts, lists and NumPy arrays is made of them.

A pickle is a program. This one may call nothing but what rebuilds arrays and plain containers, so that a pickle which
would run anything else is refused before it does.
"""

import pickle
from collections.abc import Callable
from typing import Any, BinaryIO, TypeAlias

from convscope.errors import LogFormatError, RefusedFileError

Find: TypeAlias = Callable[[str, str], Any]
"""Stands in for what a pickle names, by module and name; None for what may not be."""

_NAMES = {
    "numpy": "ndarray dtype",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "_codecs": "encode",
    "builtins": "bytearray complex set frozenset slice range",
    "__builtin__": "bytearray complex set frozenset slice xrange long int float bool str unicode",
    "collections": "OrderedDict",
}
PLAIN = frozenset((module, name) for module, names in _NAMES.items() for name in names.split())
"""What rebuilds arrays and plain containers, by module and name."""

_BROKEN = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)


def read_plain_pickle(stream: BinaryIO, place: str, *, find: Find | None = None) -> object:
    """Read a pickle of plain values.

    Call this only where the user trusts the pickle (`convscope.ingest.probe.Probe.trusts_pickle`).

    Parameters
    ----------
    stream
        At the start of the pickle.
    place
        The file, for errors.
    find
        Stands in for more names than those in `PLAIN`, with classes or functions that do no harm.

    Raises
    ------
    RefusedFileError
        If it names anything else.
    LogFormatError
        If it is broken.
    """
    try:
        return _PlainUnpickler(stream, place, find).load()
    except _BROKEN as error:
        reason = str(error).partition("\n")[0][:120]
        raise LogFormatError(f"{place} is a broken pickle: {type(error).__name__}: {reason}") from error


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, stream: BinaryIO, place: str, find: Find | None) -> None:
        super().__init__(stream)
        self._place = place
        self._find = find

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  as the standard library has it
        found = None if self._find is None else self._find(module, name)
        if found is not None:
            return found
        if (module, name) not in PLAIN:
            raise RefusedFileError(
                "pickle",
                f"{self._place} is a pickle that asks for {module}.{name}: only numbers, texts and NumPy arrays are "
                "read from a pickle, trusted or not; save it as arrays or JSON",
            )
        return super().find_class(module, name)
