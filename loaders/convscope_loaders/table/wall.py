"""Reading with polars what strangers wrote: what it cannot understand is an error in a line."""

from collections.abc import Generator
from contextlib import contextmanager

from polars.exceptions import PanicException, PolarsError

from convscope.errors import LogFormatError

_MAX_REASON = 200


@contextmanager
def readable(place: str) -> Generator[None]:
    """Turn what polars raises into a `LogFormatError`.

    Parameters
    ----------
    place
        What is read, for the error.
    """
    try:
        yield
    except (PolarsError, PanicException, OSError, MemoryError, OverflowError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise LogFormatError(f"{place} cannot be read: {lines[0][:_MAX_REASON]}") from error
