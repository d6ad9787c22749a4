"""The library's walk over a file, tried out in a process of its own before it is done in this one.

A crafted file can crash the library, or keep it for ever with every thread of its process waiting; no exception and no
signal gets through. The process is started for the first such file and kept for the next.
"""

import atexit
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from enum import StrEnum
from math import ceil
from pathlib import Path

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5.walking import walk_by_library

MAX_MEMORY = 16 << 30
"""Address space of that process, where the system can limit it."""
_SECONDS, _SECONDS_A_BYTE, _MAX_SECONDS = 30.0, 3e-6, 900.0
"""Of a core: the clock says nothing where others keep the machine busy."""
_SLOWEST = 20.0
"""So many seconds by the clock a busy machine makes of one of a core."""
_WALKED, _TOO_MUCH = b".", b"m"
COMMAND = (sys.executable, "-P", __file__)


class Outcome(StrEnum):
    """How the walk went; in words, for an error."""

    WALKED = "comes to an end"
    STALLED = "does not come to an end"
    CRASHED = "crashes the library"
    TOO_MUCH = "takes more memory than it may"


def rehearse(path: Path, *, patience: float | None = None) -> None:
    """Make sure that the library survives a walk over a file.

    Parameters
    ----------
    path
        A plain file. What the walk finds wrong with it, it finds again in this process.
    patience
        Seconds of a core that it may take; by default some, and more for large files.

    Raises
    ------
    RefusedFileError
        If the process that tried it crashed, stalled or ran out of its memory.
    """
    seconds = patience or min(_SECONDS + _SECONDS_A_BYTE * path.stat().st_size, _MAX_SECONDS)
    outcome = Rehearsal.current().walk(path, seconds)
    if outcome is Outcome.CRASHED:
        # It may have been killed before it came to this file.
        outcome = Rehearsal.current().walk(path, seconds)
    if outcome is not Outcome.WALKED:
        raise RefusedFileError(
            "broken-structure",
            f"{path}: a look into it {outcome}; it is damaged or crafted, restore a copy",
        )


class Rehearsal:
    """The process."""

    _held: "Rehearsal | None" = None

    def __init__(self) -> None:
        self._owner = os.getpid()
        # It imports what this process can import. No plug-in is looked for, whatever filters a file names.
        known = os.pathsep.join(filter(None, sys.path))
        environment = {**os.environ, "PYTHONPATH": known, "HDF5_PLUGIN_PRELOAD": "::"}
        self._child = subprocess.Popen(  # noqa: S603  our own script
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
        )
        atexit.register(self.end)

    @classmethod
    def current(cls) -> "Rehearsal":
        """Return the process that runs, or a new one where none does, as in a process that was forked off."""
        held = cls._held
        if held is None or not held.is_running:
            held = cls._held = cls()
        return held

    @property
    def is_running(self) -> bool:
        """Whether it takes files from this process."""
        return self._owner == os.getpid() and self._child.poll() is None

    def walk(self, path: Path, seconds: float) -> Outcome:
        """Try a file."""
        told, answers = self._child.stdin, self._child.stdout
        if told is None or answers is None:
            return Outcome.CRASHED
        try:
            told.write(json.dumps([str(path.resolve()), seconds]).encode() + b"\n")
        except BrokenPipeError:
            self.end()
            return Outcome.CRASHED
        with selectors.DefaultSelector() as selector:
            selector.register(answers, selectors.EVENT_READ)
            answer = answers.read(1) if selector.select(_SLOWEST * seconds) else None
        if answer == _WALKED:
            return Outcome.WALKED
        is_stalled = answer is None or (not answer and self._child.wait() == -signal.SIGXCPU)
        self.end()
        if is_stalled:
            return Outcome.STALLED
        return Outcome.TOO_MUCH if answer == _TOO_MUCH else Outcome.CRASHED

    def end(self) -> None:
        """Let it go."""
        if self._owner == os.getpid():
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    pipe.close()


def main() -> None:
    """Walk over the files that the standard input names, a line each."""
    for line in sys.stdin:
        path, seconds = json.loads(line)
        _set_limits(seconds)
        try:
            walk_by_library(Path(path))
            answer = _WALKED
        except MemoryError:
            answer = _TOO_MUCH
        except Exception:
            # Whatever it is, it comes again where somebody can be told.
            answer = _WALKED
        os.write(sys.stdout.fileno(), answer)


def _set_limits(seconds: float) -> None:
    """Limit the memory of this process, and its time from now on."""
    try:
        import resource  # noqa: PLC0415  unknown to some systems
    except ImportError:
        return
    wanted = {
        resource.RLIMIT_AS: MAX_MEMORY,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: ceil(time.process_time() + seconds),
    }
    for kind, limit in wanted.items():
        # Whoever runs this may have set limits of their own, which nobody can raise.
        _, most = resource.getrlimit(kind)
        resource.setrlimit(kind, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


if __name__ == "__main__":
    main()
