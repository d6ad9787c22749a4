"""Commands that analyse a study and write a report."""

import sys
import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.commands.options import (
    DEFAULT_OUT,
    Agents,
    AsJson,
    CheckpointLabel,
    CrossPlayFile,
    EngineName,
    Figures,
    FormationsFile,
    Heads,
    LayoutFile,
    LoaderName,
    Logs,
    MappingFile,
    OpenPage,
    OptionalLayoutFile,
    Out,
    Priors,
    Quiet,
    Roles,
    Seed,
    Team,
    TrustPickle,
    Umap,
    Workers,
    role_method,
    routing_source,
    worker_count,
)
from convscope.commands.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from convscope.values.evidence import Evidence


def analyze(  # noqa: PLR0913  one parameter an option
    logs: Logs,
    *,
    priors: Priors = None,
    out: Out = DEFAULT_OUT,
    figures: Figures = None,
    loader: LoaderName = None,
    mapping: MappingFile = None,
    layout: OptionalLayoutFile = None,
    formations: FormationsFile = None,
    crossplay: CrossPlayFile = None,
    trust_pickle: TrustPickle = False,
    routing: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="attention, gate, message, transfer-entropy, ...")
    ] = None,
    team: Team = None,
    agents: Agents = None,
    checkpoint: CheckpointLabel = None,
    heads: Heads = None,
    roles: Roles = None,
    umap: Umap = False,
    seed: Seed = 0,
    workers: Workers = None,
    engine: EngineName = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    open_page: OpenPage = False,
) -> None:
    """Find roles and routing in a log, compare them with the prior, and write a report."""
    from convscope.pipeline import analyze_files
    from convscope.values.config import AnalysisConfig

    config = AnalysisConfig(
        seed=seed,
        routing_source=routing_source(routing),
        team=team,
        agents=agents,
        checkpoint=checkpoint,
        heads=heads,
        role_method=role_method(roles),
        draws_umap=umap,
    )
    study = partial(
        analyze_files,
        logs,
        priors=priors,
        loader=loader,
        mapping=mapping,
        layout=layout,
        formations=formations,
        crossplay=crossplay,
        trusts_pickle=trust_pickle,
        config=config,
        n_workers=worker_count(engine, workers),
    )
    _report(study, out, figures=figures, as_json=as_json, quiet=quiet, open_page=open_page)


def attribute(  # noqa: PLR0913  one parameter an option
    logs: Logs,
    *,
    policy: Annotated[
        list[str],
        typer.Option(metavar="[PATTERN=]P.onnx", help="ONNX or TorchScript policy, of all agents or of some; repeat."),
    ],
    layout: LayoutFile,
    priors: Priors = None,
    out: Out = DEFAULT_OUT,
    figures: Figures = None,
    loader: LoaderName = None,
    mapping: MappingFile = None,
    trust_pickle: TrustPickle = False,
    team: Team = None,
    agents: Agents = None,
    checkpoint: CheckpointLabel = None,
    umap: Umap = False,
    seed: Seed = 0,
    workers: Workers = None,
    engine: EngineName = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    open_page: OpenPage = False,
) -> None:
    """Ask the policy that made a log what it uses of each other agent; else as analyze."""
    from convscope.pipeline import analyze_files
    from convscope.values.config import AnalysisConfig, RoutingSource

    config = AnalysisConfig(
        seed=seed,
        routing_source=RoutingSource.ATTRIBUTION,
        team=team,
        agents=agents,
        checkpoint=checkpoint,
        draws_umap=umap,
    )
    study = partial(
        analyze_files,
        logs,
        priors=priors,
        loader=loader,
        mapping=mapping,
        trusts_pickle=trust_pickle,
        layout=layout,
        policies=policy,
        config=config,
        n_workers=worker_count(engine, workers),
    )
    _report(study, out, figures=figures, as_json=as_json, quiet=quiet, open_page=open_page)


def _report(
    study: "Callable[..., Evidence]", out: Path, *, figures: Path | None, as_json: bool, quiet: bool, open_page: bool
) -> None:
    """Run an analysis and write what it found."""
    from convscope.report.document import analysis_bytes
    from convscope.report.folder import check_figures, check_output, write_figures, write_report
    from convscope.report.summary import summary_lines

    check_output(out)
    if figures is not None:
        check_figures(figures, out)
    instead = _instead(out), _instead(figures)
    with progress_bar(is_shown=not quiet and sys.stderr.isatty()) as progress:
        evidence = study(progress=progress)
    write_report(evidence, out)
    if figures is not None:
        write_figures(evidence, figures)
    if as_json:
        sys.stdout.buffer.write(analysis_bytes(evidence))
    elif not quiet:
        written = [f"Report: {out / 'report.html'}{instead[0]}"]
        if figures is not None:
            written.append(f"Figures: {figures}{instead[1]}")
        typer.echo("\n".join([*summary_lines(evidence), *written]))
    if open_page:
        webbrowser.open((out / "report.html").resolve().as_uri())


def _instead(folder: Path | None) -> str:
    """Say that what is there will be replaced."""
    return " (in place of an earlier one)" if folder is not None and folder.exists() else ""
