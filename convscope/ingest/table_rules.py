"""Rules about the tree and the tables of a convscope log: they read no row of a trajectory."""

from collections.abc import Iterator

import numpy as np

from convscope.ingest.log_layout import ENCODING, FEATURES, VERSION
from convscope.ingest.problems import LogView, Problem, Severity
from convscope.values.arrays import IntArray
from convscope.values.status import EndKind

_REQUIRED = ("/agents/id", "/episodes/start", "/episodes/length", "/steps/episode", "/steps/t")
_TEXTS = frozenset(
    {"/agents/id", "/agents/team", "/agents/group", "/agents/declared_role", "/agents/action_space", "/episodes/path"}
)
_CODES = {"run": "/runs/name", "checkpoint": "/checkpoints/label", "condition": "/conditions/name"}


def check_encoding(view: LogView) -> Iterator[Problem]:
    """Find what keeps a reader from knowing the file."""
    root = view.inventory.attributes.get("/", {})
    version = str(root.get("encoding-version", ""))
    if root.get("encoding-type") != ENCODING:
        message = "the root does not say that this is a convscope log"
        yield _critical("encoding", "/", message=message, fix="make one with convscope convert")
    elif version.split(".", maxsplit=1)[0] != VERSION.split(".", maxsplit=1)[0]:
        message = f"the format version is {version!r:.20}"
        yield _critical("version", "/", message=message, fix=f"write version {VERSION}, or update convscope")
    needed = view.json("/", "required-features")
    unknown = [feature for feature in needed if feature not in FEATURES] if isinstance(needed, list) else [needed]
    if unknown and "required-features" in root:
        message = f"readers must know {unknown[0]!r:.80}"
        yield _critical("required-features", "/", message=message, fix="update convscope")


def check_parts(view: LogView) -> Iterator[Problem]:
    """Find missing parts."""
    statuses = tuple(f"{group}/status" for group in view.groups) or ("/groups/<name>/status",)
    for path in (*_REQUIRED, *statuses):
        if not view.has(path):
            yield _critical("required-part", path, message="missing, though every log has it", fix=f"write {path}")


def check_shapes(view: LogView) -> Iterator[Problem]:
    """Find groups that do not share out the agents, and columns of unequal length."""
    n_agents = view.size("/agents/id")
    if view.is_unfinished:
        message = "the recorder has not closed the file; only the episodes that it committed count"
        yield Problem(
            rule="unfinished",
            severity=Severity.SUGGESTION,
            message=message,
            where="/recording/committed",
            fix="let the recorder close it, or make a whole file with convscope convert",
        )
    if sorted(slot for group in view.groups for slot in view.slots(group)) != list(range(n_agents)):
        message = f"the attributes slots do not hold each of {n_agents} agents once"
        yield _critical("slots", "/groups", message=message, fix="number the agents of all groups from 0, each once")
    for path, info in view.inventory.datasets.items():
        expected = _expected_size(view, path)
        is_longer = view.is_unfinished and expected is not None and info.shape[:1] > (expected,)
        if expected is not None and info.shape[:1] != (expected,) and not is_longer:
            message = f"it has {info.shape[0] if info.shape else 'no'} rows, the others of its kind {expected}"
            yield _critical("column-length", path, message=message, fix="write every column for every row")
        group = next((group for group in view.groups if path.startswith(f"{group}/")), None)
        n_slots = 0 if group is None else len(view.slots(group))
        if group is not None and info.shape[1:2] != (n_slots,):
            message = f"its second axis is not that of the group's {n_slots} agents"
            yield _critical("column-width", path, message=message, fix="write one column per agent")
        if expected is not None and path not in _TEXTS:
            yield from _check_kind(view, path)


def _check_kind(view: LogView, path: str) -> Iterator[Problem]:
    """Find a column that holds no numbers, or one of indices, counts or codes that is not whole or has more axes."""
    info = view.inventory.datasets[path]
    if info.is_text or info.columns:
        yield _critical("column-type", path, message="it holds no plain numbers", fix="write numbers")
    n_axes = _axes_of_codes(path)
    if n_axes is None:
        return
    if not (info.is_whole or info.is_text or info.columns):
        yield _critical("column-type", path, message=f"it holds {info.dtype}", fix="write whole numbers")
    if len(info.shape) != n_axes:
        message = f"it has {len(info.shape)} axes, expected {n_axes}"
        yield _critical("column-axes", path, message=message, fix="write one number per row, or per row and agent")


def _axes_of_codes(path: str) -> int | None:
    """Return how many axes a column of whole numbers has; None for columns that may hold anything."""
    if path.startswith(("/agents/", "/episodes/")) or path in {"/steps/episode", "/steps/t"}:
        return 1
    is_status = path.startswith("/groups/") and path.endswith("/status")
    return 2 if is_status or path.startswith("/slots/") else None


def _expected_size(view: LogView, path: str) -> int | None:
    if path.startswith("/agents/"):
        return view.size("/agents/id")
    if path.startswith(("/episodes/", "/slots/")):
        return view.size("/episodes/length") if view.n_committed is None else view.n_committed
    is_by_row = path.startswith(("/steps/", "/groups/", "/channels/", "/info/", "/entities/")) or path == "/state"
    # The sparse form of a channel has rows of its own.
    return view.n_rows if is_by_row and "/edges/" not in path else None


def check_names(view: LogView) -> Iterator[Problem]:
    """Find names that do not tell agents apart, and texts that a report would miss."""
    names = view.file.read_text("/agents/id")
    if len(set(names)) < len(names) or "" in names:
        message = "two agents share a name, or one has none"
        yield _critical("agent-names", "/agents/id", message=message, fix="name each agent once")
    if not any(view.has(f"{group}/action") for group in view.groups):
        yield Problem(
            rule="no-actions",
            severity=Severity.VIOLATION,
            message="no group of agents holds actions",
            where="/groups",
            fix="write /groups/<name>/action",
        )
    for attribute in ("producer", "source"):
        if not isinstance(view.json("/", attribute), dict):
            yield Problem(
                rule="provenance",
                severity=Severity.SUGGESTION,
                message=f"the attribute {attribute} does not say where the log comes from",
                where="/",
                fix=f"write {attribute} as a JSON object",
            )


def check_episodes(view: LogView) -> Iterator[Problem]:
    """Find episodes that do not cut the rows into whole, consecutive pieces, and codes without a name."""
    start, length, rows = view.starts, view.numbers("/episodes/length"), view.rows
    stop = start + rows
    if not np.isin(rows - length, (0, 1)).all() or (length < 1).any():
        episode = int(np.argmax(~np.isin(rows - length, (0, 1)) | (length < 1)))
        message = f"episode {episode} has {length[episode]} steps and {rows[episode]} rows"
        yield _critical(
            "episode-rows", "/episodes/rows", message=message, fix="give each episode its steps, or one row more"
        )
    elif not _is_in_order(view, start, stop):
        message = f"the episodes do not cover the {view.n_rows} rows one after the other"
        yield _critical(
            "offsets", "/episodes/start", message=message, fix="start each episode where the one before it stops"
        )
    for column, names in _CODES.items():
        yield from _check_codes(view, f"/episodes/{column}", view.size(names), names=names)
    yield from _check_codes(view, "/slots/agent", view.size("/agents/id"), names="/agents/id")
    yield from _check_codes(view, "/slots/declared_role", view.size("/roles/name"), names="/roles/name")
    yield from _check_codes(view, "/episodes/end", len(EndKind), names="the list of ends", lowest=0)


def _is_in_order(view: LogView, start: IntArray, stop: IntArray) -> bool:
    """Whether episodes stand one after the other; only a recorder may leave rows between them."""
    gaps = np.append(start, view.n_rows) - np.concatenate([[0], stop])
    return not gaps.any() if view.n_committed is None else bool((gaps >= 0).all())


def _check_codes(view: LogView, path: str, n_names: int, *, names: str, lowest: int = -1) -> Iterator[Problem]:
    codes = view.numbers(path)
    if codes.size and (codes.min() < lowest or codes.max() >= n_names):
        message = f"it counts from {codes.min()} to {codes.max()}, but {names} has {n_names} entries"
        yield _critical("codes", path, message=message, fix=f"use numbers from {lowest} to {n_names - 1}")


def _critical(rule: str, where: str, *, message: str, fix: str) -> Problem:
    return Problem(rule=rule, severity=Severity.CRITICAL, message=message, where=where, fix=fix)
