"""The command that compares two analyses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.commands.options import Priors, Seed
from convscope.errors import UsageError

if TYPE_CHECKING:
    from convscope.diff.analysis import Analysed


def diff(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="A report folder, or logs: a file, a folder or a glob.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    *,
    priors: Priors = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write a page; never overwrites.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")] = False,
) -> None:
    """Say what changed between two studies in roles, routing and gap."""
    from convscope.diff.changes import diff_analyses
    from convscope.diff.page import diff_page
    from convscope.diff.shown import diff_document, diff_lines
    from convscope.ingest.new_file import check_new, write_new
    from convscope.report.document.json_value import json_bytes

    _check_options(context, (first, second))
    if out is not None:
        check_new(out)
    found = diff_analyses(*(_analysed(name, priors, seed) for name in (first, second)))
    if out is not None:
        write_new(out, diff_page(found))
    typer.echo(json_bytes(diff_document(found)).decode() if as_json else "\n".join(diff_lines(found)), nl=not as_json)


def _check_options(context: typer.Context, names: tuple[str, str]) -> None:
    """Refuse options of an analysis where a side has been analysed: they would count for the other one only."""
    reports = [name for name in names if _is_report(Path(name))]
    given = [f"--{name}" for name in ("priors", "seed") if _is_given(context, name)]
    if reports and given:
        raise UsageError(
            f"{' and '.join(given)} would not change {' and '.join(reports)}, analysed already: give logs on both sides"
            ", or analyse both with it and compare the reports without it"
        )


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _is_report(path: Path) -> bool:
    return path.name == "analysis.json" or (path / "analysis.json").is_file()


def _analysed(name: str, priors: Path | None, seed: int) -> "Analysed":
    """Read a report folder, or analyse logs."""
    from convscope.diff.analysis import analysis_of, read_analysis
    from convscope.pipeline import analyze_files
    from convscope.report.document import analysis_bytes
    from convscope.values.config import AnalysisConfig

    path = Path(name)
    if _is_report(path):
        return read_analysis(path)
    evidence = analyze_files([name], priors=priors, config=AnalysisConfig(seed=seed))
    return analysis_of(analysis_bytes(evidence), name)
