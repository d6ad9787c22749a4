"""Pickles for tests: one that leaves a mark when anything loads it, and one as pandas before 1.0 wrote tables."""

import pickle
import sys
import types
from pathlib import Path
from unittest.mock import patch

import numpy as np


class Mark:
    """Loading its pickle creates a file."""

    def __init__(self, path):
        self.path = Path(path)

    def __reduce__(self):
        return Path.touch, (self.path,)


def marking_pickle(path, *, beside=(), protocol=4):
    """Return a pickle that creates a file at a path when it is loaded, with other values beside it."""
    return pickle.dumps([Mark(path), *beside], protocol=protocol)


def old_frame_pickle(columns, **state):
    """Return a pickle as pandas 0.25 wrote it of a table: blocks of columns by type, named by index objects.

    Parameters
    ----------
    columns
        Lists by name.
    state
        More parts of the table.
    """
    modules = {
        name: types.ModuleType(name)
        for name in ("pandas", "pandas.core.frame", "pandas.core.internals.managers", "pandas.core.indexes.base")
    }
    frame = _class(modules, "pandas.core.frame", "DataFrame")
    manager = _class(modules, "pandas.core.internals.managers", "BlockManager")
    index = _class(modules, "pandas.core.indexes.base", "Index")
    modules["pandas.core.indexes.base"]._new_Index = _new_Index
    index.__reduce__ = lambda self: (_new_Index, (index, self.state))

    def named(names):
        return index({"data": np.array(names, dtype=object), "name": None})

    arrays = {name: np.array(values) for name, values in columns.items()}
    blocks, items = [], []
    for kind in ("f", "i", "U"):
        own = [name for name, array in arrays.items() if array.dtype.kind == kind]
        if own:
            blocks.append(np.array([columns[name] for name in own], dtype=object if kind == "U" else None))
            items.append(named(own))
    data = manager(([named(list(columns)), named([])], blocks, items, {}))
    with patch.dict(sys.modules, modules):
        return pickle.dumps(frame({"_data": data, "_typ": "dataframe", "_metadata": [], **state}), protocol=4)


def _new_Index(cls, state):  # noqa: N802  as pandas calls it
    raise NotImplementedError


_new_Index.__module__ = "pandas.core.indexes.base"


def _class(modules, module, name):
    made = type(name, (), {"__init__": _init, "__getstate__": lambda self: self.state, "__module__": module})
    setattr(modules[module], name, made)
    return made


def _init(self, state):
    self.state = state
