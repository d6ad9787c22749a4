"""Whole episodes chosen by their name, where a log has more units than can be clustered."""

import hashlib

import numpy as np

from convscope.roles.units import Units
from convscope.values.arrays import IntArray


def sampled_units(units: Units, most: int) -> IntArray:
    """Return fitted units of whole episodes, at most about ``most`` of them, in order.

    Episodes are taken by the hash of run, checkpoint and number, so that the same episodes are chosen wherever they
    stand in the log, and a longer log keeps most of the choice.
    """
    fitted = np.flatnonzero(units.is_fitted)
    if len(fitted) <= most:
        return fitted
    episodes, first, sizes = np.unique(units.episode[fitted], return_index=True, return_counts=True)
    keys = units.frame.select("run", "checkpoint", "episode")[fitted[first]].rows()
    order = np.argsort([_hash(key) for key in keys], kind="stable")
    n_kept = max(1, int(np.searchsorted(np.cumsum(sizes[order]), most, side="right")))
    return fitted[np.isin(units.episode[fitted], episodes[order[:n_kept]])]


def _hash(key: tuple[object, ...]) -> int:
    text = "\x1f".join(str(part) for part in key)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "little")
