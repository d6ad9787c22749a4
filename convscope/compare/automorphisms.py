"""In how many ways agents can hold each other's roles so that the prior asks the same of every pair of them."""

import math
from collections.abc import Sequence

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

_SAME = 1e-9


def n_automorphisms(sizes: Sequence[int], asked: FloatArray) -> int:
    """Count the ways to deal roles of given sizes to agents under which each pair has the routing that it had.

    Roles whose members the prior never tells apart are one block: they can be dealt in any way within it. What is left
    are the renamings of whole blocks that keep their sizes and the prior.

    Parameters
    ----------
    sizes
        Agents of each role; roles without any are left out.
    asked
        What the prior asks of each pair of roles, without gaps, shape (R, R); row = receiver.
    """
    roles = np.flatnonzero(np.asarray(sizes) > 0)
    members, asked = np.asarray(sizes)[roles], asked[np.ix_(roles, roles)]
    block_of = _blocks(members, asked)
    blocks = [np.flatnonzero(block_of == block) for block in range(block_of.max(initial=-1) + 1)]
    n_dealt = math.prod(_multinomial(members[block]) for block in blocks)
    first = [int(block[0]) for block in blocks]
    between = asked[np.ix_(first, first)]
    for number, block in enumerate(blocks):
        # Within a block every pair is asked the same, of one role or of two; an agent alone makes no pair.
        is_alone = members[block].sum() < 2
        between[number, number] = 0.0 if is_alone else asked[block[0], block[-1]]
    return n_dealt * _n_renamings(np.array([members[block].sum() for block in blocks]), between)


def _multinomial(members: IntArray) -> int:
    return math.factorial(int(members.sum())) // math.prod(math.factorial(n) for n in members.tolist())


def _blocks(members: IntArray, asked: FloatArray) -> IntArray:
    """Return the block of each role, numbered in the order in which they come."""
    n_roles = len(members)
    block_of = np.full(n_roles, -1)
    for role in range(n_roles):
        if block_of[role] < 0:
            block_of[role] = block_of.max() + 1
            for other in range(role + 1, n_roles):
                if block_of[other] < 0 and _are_one(role, other, members, asked=asked):
                    block_of[other] = block_of[role]
    return block_of


def _are_one(role: int, other: int, members: IntArray, *, asked: FloatArray) -> bool:
    """Return whether any two agents of two roles could change places."""
    pair = [role, other]
    rest = np.ones(len(members), dtype=np.bool_)
    rest[pair] = False
    inside = [asked[role, other], asked[other, role], *(asked[each, each] for each in pair if members[each] > 1)]
    apart = (
        np.abs(asked[role, rest] - asked[other, rest]),
        np.abs(asked[rest, role] - asked[rest, other]),
        np.abs(np.array(inside) - inside[0]),
    )
    return all(bool((each <= _SAME).all()) for each in apart)


def _n_renamings(sizes: IntArray, asked: FloatArray) -> int:
    """Count the renamings of blocks: with those before it fixed, a block can be renamed to so many others."""
    places = range(len(sizes))
    return math.prod(
        sum(_can_be([*range(place), other], sizes, asked) for other in places if other >= place) for place in places
    )


def _can_be(begun: list[int], sizes: IntArray, asked: FloatArray) -> bool:
    """Return whether the first blocks can be renamed so, as part of a renaming of all."""
    if begun[-1] not in _images(begun[:-1], sizes, asked):
        return False
    waiting = [begun]
    while waiting:
        renamed = waiting.pop()
        if len(renamed) == len(sizes):
            return True
        waiting += [[*renamed, image] for image in _images(renamed, sizes, asked)]
    return False


def _images(renamed: list[int], sizes: IntArray, asked: FloatArray) -> list[int]:
    """Return what the next block can be called, if those before it have these names."""
    old, new = len(renamed), np.array(renamed, dtype=np.int64)
    is_free = (sizes == sizes[old]) & (np.abs(np.diagonal(asked) - asked[old, old]) <= _SAME)
    is_free[new] = False
    apart = (np.abs(asked[new] - asked[:old, old, None]), np.abs(asked[:, new].T - asked[old, :old, None]))
    for each in apart:
        is_free &= (each <= _SAME).all(axis=0)
    return np.flatnonzero(is_free).tolist()
