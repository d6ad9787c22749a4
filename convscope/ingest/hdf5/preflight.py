"""The pre-flight walk: what is in a file, without following anything that could do harm.

Only hard links are followed, each object is visited once, and nothing but metadata is read. What reaches outside the
file, or asks for absurd amounts of memory, ends the walk with a `RefusedFileError`.

References
----------
The HDF Group, "HDF5 File Format Specification Version 3.0"; CVE-2026-1669 for what an unchecked link costs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# Compiled modules without stubs.
from h5py import h5a, h5d, h5g, h5l, h5o  # pyright: ignore[reportAttributeAccessIssue]

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5.datasets import check_dataset
from convscope.ingest.hdf5.limits import Limits
from convscope.ingest.names import numbered_key

LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundObject:
    """A group or dataset that the walk came to."""

    path: str
    """From the root, such as ``/seed_0/actions``."""
    handle: h5g.GroupID | h5d.DatasetID
    """Open until the file closes."""

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return isinstance(self.handle, h5g.GroupID)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedLink:
    """A link that was not followed."""

    path: str
    reason: str
    """``soft-link``, ``second-name`` or ``named-type``."""


def walk(root: h5g.GroupID, place: str, *, limits: Limits = LIMITS) -> Iterator[FoundObject | SkippedLink]:
    """Visit every group and dataset once, parents first, names in numbered order.

    Parameters
    ----------
    root
        The file's root group.
    place
        The file as errors name it.
    limits
        Budgets.

    Raises
    ------
    RefusedFileError
        At an external link, external storage, a virtual dataset, an object type, an unknown or repeated filter, or
        a budget that is exceeded.
    """
    seen = {_identity(root)}
    n_links = 0
    waiting: list[tuple[FoundObject, int]] = [(FoundObject(path="/", handle=root), 0)]
    while waiting:
        found, depth = waiting.pop()
        _check_attributes(found, place, limits)
        yield found
        if not found.is_group:
            check_dataset(found.handle, f"{place}:{found.path}", limits)
            continue
        _check(
            depth <= limits.depth, "depth", f"{place}:{found.path[:80]}", what=f"more than {limits.depth} nested groups"
        )
        names = _link_names(found, place, limits)
        n_links += len(names)
        _check(n_links <= limits.links, "links", place, what=f"more than {limits.links} links")
        for name, kind in reversed(names):
            child = _follow(found, name, kind, place=place)
            if isinstance(child, SkippedLink):
                yield child
            elif (identity := _identity(child.handle)) in seen:
                yield SkippedLink(path=child.path, reason="second-name")
            else:
                seen.add(identity)
                waiting.append((child, depth + 1))
        _check(len(seen) <= limits.objects, "objects", place, what=f"more than {limits.objects} objects")


def check_links(root: h5g.GroupID, path: str, place: str) -> None:
    """Make sure that every part of a path is a hard link, before the path is opened.

    Raises
    ------
    RefusedFileError
        If a part is a link of another kind: the file has changed since the walk, or the path was never walked.
    KeyError
        If a part does not exist.
    """
    parts = path.strip("/").encode("utf-8", "surrogateescape").split(b"/")
    for end in range(1, len(parts) + 1):
        head = b"/".join(parts[:end])
        kind = root.links.get_info(head).type
        _check(kind == h5l.TYPE_HARD, "external-link", f"{place}:{path}", what="a part of the path leads elsewhere")


def _follow(parent: FoundObject, name: bytes, kind: int, *, place: str) -> FoundObject | SkippedLink:
    path = f"{parent.path.rstrip('/')}/{name.decode('utf-8', 'surrogateescape')}"
    where = f"{place}:{path}"
    if kind == h5l.TYPE_EXTERNAL:
        raise RefusedFileError(
            "external-link",
            f"{where} is a link into another file, which is not followed; copy the data into this file",
        )
    if kind == h5l.TYPE_SOFT:
        return SkippedLink(path=path, reason="soft-link")
    _check(kind == h5l.TYPE_HARD, "user-link", where, what="a link of a user-defined kind")
    handle = h5o.open(parent.handle, name)
    if isinstance(handle, h5g.GroupID | h5d.DatasetID):
        return FoundObject(path=path, handle=handle)
    return SkippedLink(path=path, reason="named-type")


def _link_names(group: FoundObject, place: str, limits: Limits) -> list[tuple[bytes, int]]:
    names: list[tuple[bytes, int]] = []

    def note(name: bytes, info: h5l.LinkInfo) -> bool | None:
        names.append((name, int(info.type)))
        return True if len(names) > limits.links else None

    group.handle.links.iterate(note, info=True)
    for name, _ in names:
        where = f"{place}:{group.path}"
        _check(len(name) <= limits.name_bytes, "name-length", where, what=f"a name of {len(name)} bytes")
    return sorted(names, key=lambda item: numbered_key(item[0].decode("utf-8", "surrogateescape")))


def _check_attributes(found: FoundObject, place: str, limits: Limits) -> None:
    n_attributes = h5a.get_num_attrs(found.handle)
    _check(n_attributes <= limits.attributes, "attributes", f"{place}:{found.path}", what=f"{n_attributes} attributes")


def _identity(handle: h5g.GroupID | h5d.DatasetID) -> tuple[int, int]:
    info = h5o.get_info(handle)
    return int(info.fileno), int(info.addr)


def _check(is_fine: bool, code: str, where: str, *, what: str) -> None:  # noqa: FBT001  reads as an assertion
    if not is_fine:
        raise RefusedFileError(code, f"{where} has {what}; such files are not read")
