"""Pickles, where the user trusts them: an unpickler that makes NumPy arrays and plain values, and nothing else.

A pickle is a program that may call anything it can name. Here it can name only what is allowed, and NumPy's own
constructors are replaced by ones that check what they are given before any memory is taken. What it names it can also
change: the instruction that fills an object sets attributes of whatever it is given, functions and classes too. So it
never gets hold of ours, only of covers that are made for the one pickle.
"""

import io
import pickle
import re
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError

Allowed: TypeAlias = Mapping[tuple[str, str], Callable[..., object]]
"""What a pickle may name, by module and name, and what is called in its place."""


def unpickled(content: bytes, place: str, *, allowed: Allowed | None = None) -> object:
    """Return what a pickle holds; only ever called where the user gave ``--trust-pickle``.

    Parameters
    ----------
    content
        The pickle.
    place
        Where it is, for errors.
    allowed
        What it may name beside the arrays and scalars of NumPy, plain values and their containers.

    Raises
    ------
    LogFormatError
        If it names anything else, or is broken.
    """
    unpickler = _Unpickler(io.BytesIO(content), {**_PLAIN, **(allowed or {})})
    try:
        return unpickler.load()
    except Exception as error:
        reason = str(error).partition("\n")[0][:200]
        raise LogFormatError(f"{place} is a pickle that is not read: {reason or type(error).__name__}") from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, allowed: Allowed) -> None:
        super().__init__(stream)
        self._allowed = allowed

    def find_class(self, module_name: str, global_name: str, /) -> Callable[..., object]:
        found = self._allowed.get((module_name, global_name))
        if found is None:
            raise pickle.UnpicklingError(
                f"it asks for {module_name[:60]}.{global_name[:60]}; only arrays and plain values are allowed"
            )
        return _covered(found)


def _covered(found: Callable[..., object]) -> Callable[..., object]:
    """Return something that does the same, and whose attributes are nobody else's."""
    if not isinstance(found, type):
        return _Covered(found)
    if found.__module__ == "builtins":
        # Python lets nobody set attributes of its own types.
        return found
    return type(found.__name__, (found,), {"__slots__": ()})


class _Covered:
    """A function that can be called and not changed."""

    __slots__ = ("_found",)

    def __init__(self, found: Callable[..., object]) -> None:
        self._found = found

    def __call__(self, *given: object) -> object:
        return self._found(*given)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("it changes what it was only given to call")


class _PickledType:
    """A type of numbers as a pickle builds it: a letter and a size first, then the order of the bytes."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: str) -> None:
        self._code = code
        self._order = "="

    def __setstate__(self, state: tuple[object, ...]) -> None:
        # (version, byte order, subarray, names, fields, size, alignment, flags); the rest is of structured types.
        if state[1] not in {"<", ">", "|", "="} or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("it holds arrays of structured types")
        self._order = str(state[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self._order + self._code)


class _PickledArray(np.ndarray[Any, np.dtype[Any]]):
    """An array as a pickle builds it: empty first, then shape, type and content."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, is_fortran, content = state
        checked: Any = (1, *_checked(shape, kind, content), bool(is_fortran), content)
        super().__setstate__(checked)


def _checked(shape: object, kind: object, content: object) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array, after making sure that its content is as large as it says."""
    if not isinstance(kind, _PickledType) or not isinstance(shape, tuple):
        raise pickle.UnpicklingError("it holds an array without a type or a shape")
    sizes = [n for n in shape if type(n) is int and n >= 0]
    size = prod(sizes)
    is_whole = (
        isinstance(content, list) and len(content) == size
        if kind.dtype.kind == "O"
        else isinstance(content, bytes | bytearray) and len(content) == size * kind.dtype.itemsize
    )
    if len(sizes) < len(shape) or len(shape) > 16 or not is_whole:
        raise pickle.UnpicklingError("it holds an array whose content is not as large as it says")
    return tuple(sizes), kind.dtype


def _empty_array(*_: object) -> npt.NDArray[Any]:
    return _PickledArray((0,), "u1")


def _type(code: object, *_: object) -> _PickledType:
    if not isinstance(code, str) or re.fullmatch(r"[biufcSU]\d{1,5}|O8?", code) is None:
        raise pickle.UnpicklingError("it holds numbers of an unknown type")
    return _PickledType(code)


def _array(content: bytes, kind: object, *shape_and_order: object) -> npt.NDArray[Any]:
    shape, dtype = _checked(shape_and_order[0], kind, content)
    made: npt.NDArray[Any] = np.frombuffer(content, dtype)
    return made.reshape(shape, order="F" if shape_and_order[1:] == ("F",) else "C").copy()


def _scalar(kind: object, content: bytes) -> object:
    return np.frombuffer(content, _checked((1,), kind, content)[1])[0]


def _encoded(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError("it holds bytes in an unknown encoding")
    return text.encode(encoding)


def _no_bytes() -> bytes:
    return b""


_PLAIN: Allowed = {
    ("_codecs", "encode"): _encoded,
    **{
        (module, name): made
        for module in ("builtins", "__builtin__")
        for name, made in (("set", set), ("frozenset", frozenset), ("complex", complex), ("bytes", _no_bytes))
    },
    ("numpy", "dtype"): _type,
    ("numpy", "ndarray"): _empty_array,
    **{
        (f"numpy.{core}.{module}", name): made
        for core in ("core", "_core")
        for module, name, made in (
            ("multiarray", "_reconstruct", _empty_array),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _array),
        )
    },
}
