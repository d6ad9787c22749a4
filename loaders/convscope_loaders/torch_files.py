"""Files of ``torch.save``: pickles, read only on request, and then without running what they hold."""

from pathlib import Path

from convscope.errors import LogFormatError
from convscope.ingest.optional import import_optional
from convscope.ingest.probe import Probe


def check_trusted(probe: Probe, *, instead: str) -> None:
    """Make sure that the user allows pickles.

    Parameters
    ----------
    probe
        The file or folder.
    instead
        What to do without.

    Raises
    ------
    LogFormatError
        If not.
    """
    if not probe.trusts_pickle:
        raise LogFormatError(
            f"{probe.path} was written by torch.save, which is a pickle, and no pickle is read unasked: {instead}, or "
            "allow it with --trust-pickle"
        )


def load_torch(path: Path) -> object:
    """Return what a file holds: tensors, numbers, texts, and lists and tables of them, and nothing else.

    Raises
    ------
    LogFormatError
        If it holds anything else, or is broken.
    MissingPackageError
        If torch is not installed.
    """
    torch = import_optional("torch", extra="torch", purpose=f"{path}, a file of torch.save,")
    try:
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # Whatever the restricted unpickler stumbles over, the file is not what it should be.
        reason = str(error).strip().partition("\n")[0]
        raise LogFormatError(f"{path} holds more than tensors and plain lists, or is broken: {reason[:160]}") from error
    return loaded
