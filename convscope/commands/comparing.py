"""The command that compares two analyses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.commands.options import Priors, Seed

if TYPE_CHECKING:
    from convscope.diff.analysis import Analysed


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A report folder, or logs: a file, a folder or a glob.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    *,
    priors: Priors = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write a page; never overwrites.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")] = False,
) -> None:
    """Say what changed between two studies in roles, routing and gap."""
    import json

    from convscope.diff.changes import diff_analyses
    from convscope.diff.shown import diff_document, diff_lines, diff_page
    from convscope.ingest.new_file import write_new

    found = diff_analyses(*(_analysed(name, priors, seed) for name in (first, second)))
    if out is not None:
        write_new(out, diff_page(found))
    typer.echo(json.dumps(diff_document(found), indent=2) if as_json else "\n".join(diff_lines(found)))


def _analysed(name: str, priors: Path | None, seed: int) -> "Analysed":
    """Read a report folder, or analyse logs."""
    from convscope.diff.analysis import analysis_of, read_analysis
    from convscope.pipeline import analyze_files
    from convscope.report.document import analysis_bytes
    from convscope.values.config import AnalysisConfig

    path = Path(name)
    if path.name == "analysis.json" or (path / "analysis.json").is_file():
        return read_analysis(path)
    evidence = analyze_files([name], priors=priors, config=AnalysisConfig(seed=seed))
    return analysis_of(analysis_bytes(evidence), name)
