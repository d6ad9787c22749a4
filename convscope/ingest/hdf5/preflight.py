"""The pre-flight walk: what is in a file, without following anything that could do harm.

Only hard links are followed, each object is visited once, and nothing but metadata is read. What reaches outside the
file, or asks for absurd amounts of memory, ends the walk with a `RefusedFileError`.

References
----------
The HDF Group, "HDF5 File Format Specification Version 3.0"; CVE-2026-1669 for what an unchecked link costs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

# Compiled modules without stubs.
from h5py import h5a, h5d, h5g, h5l, h5o  # pyright: ignore[reportAttributeAccessIssue]

from convscope.errors import RefusedFileError
from convscope.ingest.hdf5.datasets import CheckedDataset, check_dataset
from convscope.ingest.hdf5.limits import LIMITS, Limits
from convscope.ingest.hdf5.skipped import SkippedLink
from convscope.ingest.names import numbered_key


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundObject:
    """A group or dataset that the walk came to."""

    path: str
    """From the root, such as ``/seed_0/actions``."""
    handle: h5g.GroupID | h5d.DatasetID
    """Open as long as somebody holds it: let it go before the next, or thousands of open datasets fill the memory."""
    dataset: CheckedDataset | None
    """None for a group."""
    n_attributes: int

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return self.dataset is None


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
    seen = {int(h5o.get_info(root).addr)}
    n_links = 0
    waiting = [_Child(parent=root, name=b"/", path="/", depth=0)]
    while waiting:
        child = waiting.pop()
        found = _open(child, place, limits)
        yield found
        if not isinstance(found, FoundObject) or not found.is_group:
            continue
        where = f"{place}:{found.path[:80]}"
        _check(child.depth <= limits.depth, "depth", where, what=f"more than {limits.depth} nested groups")
        links = _links(found, place, limits)
        n_links += len(links)
        _check(n_links <= limits.links, "links", place, what=f"more than {limits.links} links")
        for link in reversed(links):
            path = f"{found.path.rstrip('/')}/{link.name.decode('utf-8', 'surrogateescape')}"
            skipped = _look(link, path, place=place, is_known=link.address in seen)
            if skipped is not None:
                yield skipped
            else:
                seen.add(link.address)
                waiting.append(_Child(parent=found.handle, name=link.name, path=path, depth=child.depth + 1))
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Child:
    parent: h5g.GroupID
    name: bytes
    path: str
    depth: int


class _Link(NamedTuple):
    name: bytes
    kind: int
    address: int
    """Of the object, which it is known by; something else for links that are not followed."""


def _open(child: _Child, place: str, limits: Limits) -> FoundObject | SkippedLink:
    """Open what a hard link leads to, and check it."""
    handle = h5o.open(child.parent, child.name)
    if not isinstance(handle, h5g.GroupID | h5d.DatasetID):
        return SkippedLink(path=child.path, reason="named-type")
    where = f"{place}:{child.path}"
    n_attributes = int(h5a.get_num_attrs(handle))
    _check(n_attributes <= limits.attributes, "attributes", where, what=f"{n_attributes} attributes")
    dataset = check_dataset(handle, where, limits) if isinstance(handle, h5d.DatasetID) else None
    return FoundObject(path=child.path, handle=handle, dataset=dataset, n_attributes=n_attributes)


def _look(link: _Link, path: str, *, place: str, is_known: bool) -> SkippedLink | None:
    """Decide whether to follow a link; None says that it is followed."""
    if link.kind == h5l.TYPE_EXTERNAL:
        raise RefusedFileError(
            "external-link",
            f"{place}:{path} is a link into another file, which is not followed; copy the data into this file",
        )
    if link.kind == h5l.TYPE_SOFT:
        return SkippedLink(path=path, reason="soft-link")
    _check(link.kind == h5l.TYPE_HARD, "user-link", f"{place}:{path}", what="a link of a user-defined kind")
    return SkippedLink(path=path, reason="second-name") if is_known else None


def _links(group: FoundObject, place: str, limits: Limits) -> list[_Link]:
    links: list[_Link] = []

    def note(name: bytes, info: h5l.LinkInfo) -> bool | None:
        links.append(_Link(name, int(info.type), int(info.u)))
        return True if len(links) > limits.links else None

    group.handle.links.iterate(note, info=True)
    for link in links:
        where = f"{place}:{group.path}"
        _check(len(link.name) <= limits.name_bytes, "name-length", where, what=f"a name of {len(link.name)} bytes")
    return sorted(links, key=lambda link: numbered_key(link.name.decode("utf-8", "surrogateescape")))


def _check(is_fine: bool, code: str, where: str, *, what: str) -> None:  # noqa: FBT001  reads as an assertion
    if not is_fine:
        raise RefusedFileError(code, f"{where} has {what}; such files are not read")
