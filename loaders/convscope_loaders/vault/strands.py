"""Which entries of a vault's batch axis follow each other in time."""

from collections.abc import Iterator
from dataclasses import dataclass

from convscope.errors import LogFormatError
from convscope_loaders.vault.metadata import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Rows that lie together in the vault."""

    entry: int
    """On the batch axis."""
    start: int
    """First row on the time axis."""
    stop: int
    """One past the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """The rows of one environment, in the order in which they happened."""

    entries: tuple[int, ...]
    """On the batch axis, taken in turn, one rollout from each."""
    rollout: int
    """Rows taken from an entry at a time."""
    n_rows: int

    def pieces(self, start: int, stop: int) -> Iterator[Piece]:
        """Return where the rows from ``start`` to ``stop`` lie, in order."""
        while start < stop:
            turn, inside = divmod(start, self.rollout)
            n_rows = min(stop - start, self.rollout - inside)
            first = (turn // len(self.entries)) * self.rollout + inside
            yield Piece(entry=self.entries[turn % len(self.entries)], start=first, stop=first + n_rows)
            start += n_rows


def find_strands(n_entries: int, n_rows: int, batch: Batch | None, *, place: str) -> tuple[tuple[Strand, ...], str]:
    """Find the environments of a vault.

    Parameters
    ----------
    n_entries, n_rows
        Of every array: the batch axis, and the rows that were written.
    batch
        How Mava filled the batch axis; None where nothing says so.
    place
        The vault, for errors.

    Returns
    -------
    strands
        An environment each.
    assumption
        What was taken for granted; empty for a batch axis of one entry.

    Raises
    ------
    LogFormatError
        If the arrays do not have the sizes that the configuration speaks of.
    """
    if batch is None or batch.n_updates == 1:
        plain = tuple(Strand(entries=(entry,), rollout=max(n_rows, 1), n_rows=n_rows) for entry in range(n_entries))
        said = f"each of the {n_entries} entries of the batch axis holds the rows of one environment, in order"
        return plain, said if n_entries > 1 else ""
    if n_entries % batch.size or n_rows % batch.rollout:
        raise LogFormatError(
            f"{place}: its configuration speaks of rollouts of {batch.rollout} rows and {batch.size} environments and "
            f"updates a device, but its arrays have {n_entries} entries of {n_rows} rows: the order of time is lost"
        )
    per_update = batch.n_batches * batch.n_environments
    strands = tuple(
        Strand(
            entries=tuple(device * batch.size + update * per_update + own for update in range(batch.n_updates)),
            rollout=batch.rollout,
            n_rows=n_rows * batch.n_updates,
        )
        for device in range(n_entries // batch.size)
        for own in range(per_update)
    )
    return strands, (
        f"the batch axis counts devices, updates and environments as Mava's configuration says: {len(strands)} "
        f"environments, whose rollouts of {batch.rollout} rows follow each other through {batch.n_updates} updates"
    )
