"""Which disks several machines share, so that a file on them cannot be read while it grows."""

import os
from pathlib import Path

_SHARED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ncpfs", "fuse.sshfs", "fuse.glusterfs"})
"""File systems on which one process sees the writes of another late or in another order, which SWMR rules out."""

_MOUNTS = Path("/proc/self/mounts")


def is_shared_disk(folder: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a folder lies on a disk that machines share.

    Parameters
    ----------
    folder
        That a file is to be written to.
    mounts
        Table of mounted disks, as Linux keeps it; where there is none, the disk counts as local.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    kind_of = {_unescaped(line.split(" ")[1]): line.split(" ")[2] for line in lines if line.count(" ") >= 2}
    place = folder.resolve()
    nearest = next((str(above) for above in (place, *place.parents) if str(above) in kind_of), None)
    return nearest is not None and kind_of[nearest] in _SHARED


def _unescaped(mount_point: str) -> str:
    # Blanks and the like stand as \040 there.
    return os.fsdecode(mount_point.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1"))
