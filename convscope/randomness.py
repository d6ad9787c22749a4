"""Random generators that belong to the parts of a run, not to the order in which the parts are called."""

import hashlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the generator of one part of a run.

    Parameters
    ----------
    seed
        The run's seed, at least 0.
    names
        The part's name, from the general to the particular. The same names give the same stream, and adding a part
        changes no other part's numbers.
    """
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
