"""How much a file may ask of its reader."""

from dataclasses import dataclass

import h5py


# Told apart by identity, as they are looked up once for each dataset.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """Budgets of the pre-flight walk; generous for logs, small for bombs."""

    objects: int = 2_000_000
    """Groups and datasets in all."""
    links: int = 5_000_000
    """Links in all; several may lead to one object."""
    depth: int = 16
    """Groups inside groups."""
    name_bytes: int = 1024
    """Length of a link's or attribute's name."""
    attributes: int = 1024
    """Attributes of one object."""
    attribute_bytes: int = 1 << 22
    """Declared size of one attribute."""
    rank: int = 8
    """Axes of a dataset."""
    dataset_bytes: int = 1 << 46
    """Declared size of a dataset."""
    item_bytes: int = 1 << 16
    """Size of one element."""
    members: int = 256
    """Fields of a compound type, or names of an enumeration."""
    type_depth: int = 4
    """Types inside types."""
    chunk_bytes: int = 256 << 20
    """Size of one decoded chunk."""
    chunks: int = 50_000_000
    """Chunks of a dataset."""
    small_chunks: int = 100_000
    """Chunks of a dataset when each is under ``small_chunk_bytes``."""
    small_chunk_bytes: int = 64
    expansion: float = 1100.0
    """Declared over stored size; deflate itself ends at about 1032."""
    expansion_floor: int = 64 << 20
    """Declared size under which the expansion does not matter."""
    filters: frozenset[int] = frozenset(
        {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF}
    )
    """Filters that need no plug-in and whose decoders are small."""


LIMITS = Limits()
"""What every file is held to."""
