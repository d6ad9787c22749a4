"""The output folder: written whole or not at all, and never over something that is not ours."""

import json
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import polars as pl

from convscope.errors import OutputError
from convscope.report.document import analysis_bytes
from convscope.report.figures import figure_files, is_figure_name
from convscope.report.page import render_page
from convscope.report.tables import tables
from convscope.values.evidence import Evidence
from convscope.values.inert import inert

_DOCUMENT = "analysis.json"


def check_output(out: Path) -> None:
    """Make sure that a report may be written to a folder, before any work is done.

    Parameters
    ----------
    out
        Absent, or a folder with an ``analysis.json`` of ours.

    Raises
    ------
    OutputError
        If something else is there, or the place cannot be written.
    """
    with _explained(out):
        if out.exists() and not _is_ours(out):
            raise OutputError(
                f"{_name(out)} exists and holds no analysis.json of convscope: it is not replaced; choose another --out"
            )
        if foreign := _foreign(out):
            raise OutputError(
                f"{_name(out)} holds {inert(foreign)}, which convscope did not write: it is not replaced; "
                "move that away, or choose another --out"
            )
        with _staging(out):
            pass


def write_report(evidence: Evidence, out: Path) -> None:
    """Write ``report.html``, ``analysis.json`` and ``tables/*.parquet`` to a folder, whole or not at all.

    Parameters
    ----------
    evidence
        The results of an analysis.
    out
        Absent, or a folder of ours, which is replaced.

    Raises
    ------
    OutputError
        If the folder may not be replaced or cannot be written; then nothing has changed.
    """
    check_output(out)
    _write_whole(report_files(evidence), out)


def check_figures(out: Path, report: Path | None = None) -> None:
    """Make sure that figures may be written to a folder, before any work is done.

    Parameters
    ----------
    out
        Absent, or a folder with nothing but figures of ours.
    report
        Folder of the report that is written beside them; each of the two is replaced as a whole.

    Raises
    ------
    OutputError
        If something else is there, or the place cannot be written.
    """
    with _explained(out):
        if report is not None and _overlap(out.resolve(), report.resolve()):
            raise OutputError(
                f"--figures {_name(out)} and --out {_name(report)} lie within each other, and each is replaced as "
                "a whole: choose folders beside each other"
            )
        if out.exists() and not out.is_dir():
            raise OutputError(f"{_name(out)} is no folder; choose another --figures")
        others = sorted(path.name for path in out.iterdir() if not is_figure_name(path.name)) if out.exists() else []
        if others:
            raise OutputError(
                f"{_name(out)} holds {inert(others[0])}, which is no figure of convscope: it is not replaced; "
                "choose another --figures"
            )
        with _staging(out):
            pass


def _overlap(first: Path, second: Path) -> bool:
    return first.is_relative_to(second) or second.is_relative_to(first)


def write_figures(evidence: Evidence, out: Path) -> None:
    """Write the figures of an analysis to a folder, whole or not at all; see `convscope.report.figures.figure_files`.

    Parameters
    ----------
    evidence
        The results of an analysis.
    out
        Absent, or a folder with nothing but figures of ours, which is replaced.

    Raises
    ------
    OutputError
        If the folder may not be replaced or cannot be written; then nothing has changed.
    """
    check_figures(out)
    _write_whole(figure_files(evidence), out)


def _write_whole(contents: dict[str, bytes], out: Path) -> None:
    with _explained(out), _staging(out) as staging:
        whole = staging / "whole"
        whole.mkdir()
        for name, content in contents.items():
            (whole / name).parent.mkdir(parents=True, exist_ok=True)
            (whole / name).write_bytes(content)
        _exchange(whole, out.resolve(), staging / "replaced")


def report_files(evidence: Evidence) -> dict[str, bytes]:
    """Return the content of each file of a report, by its path within the folder."""
    parquet = {f"tables/{name}.parquet": _parquet(frame) for name, frame in tables(evidence).items()}
    return {"report.html": render_page(evidence).encode(), _DOCUMENT: analysis_bytes(evidence), **parquet}


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    # Stated, because defaults may follow the machine or the version: the same table must give the same bytes.
    frame.write_parquet(buffer, compression="zstd", compression_level=3, statistics=True, row_group_size=100_000)
    return buffer.getvalue()


def _is_ours(out: Path) -> bool:
    try:
        document = json.loads((out / _DOCUMENT).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    provenance = document.get("provenance") if isinstance(document, dict) else None
    return isinstance(provenance, dict) and "convscope_version" in provenance


def _foreign(out: Path) -> str | None:
    """Name something in a report folder that no report holds; a log may lie there, and would be lost."""
    if not out.exists():
        return None
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        is_ours = name in {"report.html", _DOCUMENT, "tables"} or (
            path.parent.name == "tables" and path.suffix == ".parquet"
        )
        if not is_ours:
            return name
    return None


def _exchange(whole: Path, out: Path, replaced: Path) -> None:
    if not out.exists():
        whole.rename(out)
        return
    out.rename(replaced)
    try:
        whole.rename(out)
    except BaseException:
        replaced.rename(out)
        raise


@contextmanager
def _staging(out: Path) -> Generator[Path]:
    """Open a folder beside the output, on the same file system, and remove it and all folders made for it if unused."""
    place = out.resolve().parent
    made = [folder for folder in (place, *place.parents) if not folder.exists()]
    place.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".convscope-", dir=place) as staging:
            yield Path(staging)
    finally:
        for folder in made:
            _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


@contextmanager
def _explained(out: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {_name(out)}: {error.strerror or error}; choose another --out") from error


def _name(out: Path) -> str:
    return inert(str(out), limit=300)
