"""Trees of nodes that lead to what a group or a dataset holds (B-trees of the format's first version)."""

import struct
from collections.abc import Iterator
from typing import Any

from convscope.ingest.hdf5.classic.pages import Pages
from convscope.ingest.hdf5.classic.unfamiliar import Unfamiliar

_NODE = struct.Struct("<4sBBHQQ")
_SPARE = 64
"""Nodes beyond one for each thing that a tree leads to: a root with few leaves."""


def read_leaves(pages: Pages, tree: int, entry: struct.Struct, *, kind: int, most: int) -> Iterator[tuple[Any, ...]]:
    """Return what the leaves of a tree hold, in no order.

    Parameters
    ----------
    pages
        The file.
    tree
        Address of the root.
    entry
        What stands in a node for each child; its address comes last.
    kind
        Of the nodes.
    most
        Things that the tree may lead to.

    Raises
    ------
    Unfamiliar
        If nodes are of another kind, do not lead downwards, lead to one place twice, or are too many.
    """
    waiting: list[tuple[int, int | None]] = [(tree, None)]
    n_found, seen = 0, {tree}
    while waiting:
        node, expected = waiting.pop()
        signature, of_kind, level, n_children, _, _ = _NODE.unpack(pages.at(node, _NODE.size))
        if signature != b"TREE" or of_kind != kind or expected not in {None, level}:
            raise Unfamiliar
        children = entry.iter_unpack(pages.at(node + _NODE.size, n_children * entry.size))
        if level == 0:
            n_found += n_children
            yield from children
        else:
            below = [child[-1] for child in children]
            n_known = len(seen) + len(below)
            seen.update(below)
            if len(seen) < n_known:
                raise Unfamiliar
            waiting.extend((child, level - 1) for child in below)
        if n_found > most or len(seen) > most + _SPARE:
            raise Unfamiliar
