"""The command line: parse, call one function, write, and turn errors into a line and an exit code.

Each command imports what it needs when it runs, so that ``--help`` and typing mistakes are answered at once.
"""

import sys
import webbrowser
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.command_options import (
    DEFAULT_OUT,
    Agents,
    AsJson,
    CheckpointLabel,
    EngineName,
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
    Seed,
    Team,
    TrustPickle,
    Workers,
    routing_source,
    worker_count,
)
from convscope.errors import ConvscopeError, UsageError
from convscope.version import __version__

if TYPE_CHECKING:
    from convscope.values.evidence import Evidence

app = typer.Typer(
    name="convscope",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line; errors that a user can mend become a line on stderr."""
    try:
        app()
    except ConvscopeError as error:
        _complain(error)
        sys.exit(error.exit_code)


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the versions and stop.")] = False,
) -> None:
    """Find the roles and the routing that a team of agents learned, and how far they are from what was declared."""
    if version:
        from convscope.ingest.hdf5.versions import hdf5_versions

        typer.echo(f"convscope {__version__} ({hdf5_versions()})")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(UsageError.exit_code)


@app.command()
def analyze(  # noqa: PLR0913  one parameter an option
    logs: Logs,
    *,
    priors: Priors = None,
    out: Out = DEFAULT_OUT,
    loader: LoaderName = None,
    mapping: MappingFile = None,
    layout: OptionalLayoutFile = None,
    formations: FormationsFile = None,
    trust_pickle: TrustPickle = False,
    routing: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="attention, gate, message, transfer-entropy, ...")
    ] = None,
    team: Team = None,
    agents: Agents = None,
    checkpoint: CheckpointLabel = None,
    heads: Heads = None,
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
    )
    study = partial(
        analyze_files,
        logs,
        priors=priors,
        loader=loader,
        mapping=mapping,
        layout=layout,
        formations=formations,
        trusts_pickle=trust_pickle,
        config=config,
        n_workers=worker_count(engine, workers),
    )
    _report(study, out, as_json=as_json, quiet=quiet, open_page=open_page)


@app.command()
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
    loader: LoaderName = None,
    mapping: MappingFile = None,
    trust_pickle: TrustPickle = False,
    team: Team = None,
    agents: Agents = None,
    checkpoint: CheckpointLabel = None,
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
        seed=seed, routing_source=RoutingSource.ATTRIBUTION, team=team, agents=agents, checkpoint=checkpoint
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
    _report(study, out, as_json=as_json, quiet=quiet, open_page=open_page)


@app.command()
def inspect(
    log: Annotated[Path, typer.Argument(metavar="LOG")],
    *,
    loader: LoaderName = None,
    mapping: MappingFile = None,
    trust_pickle: TrustPickle = False,
    write_mapping: Annotated[
        Path | None, typer.Option(metavar="M.toml", help="Write a mapping file to edit; never overwrites.")
    ] = None,
    write_layout: Annotated[
        Path | None, typer.Option(metavar="L.toml", help="Write an observation layout to edit; never overwrites.")
    ] = None,
) -> None:
    """Show what is in a log, which loader fits, what it assumes, and what its observations seem to describe."""
    from convscope.ingest.inspect import inspect_logs, write_proposed_layout, write_proposed_mapping
    from convscope.ingest.layout_proposal import propose_layout
    from convscope.ingest.mapping_file import read_mapping
    from convscope.report.terminal import inspection_lines, layout_lines

    how = read_mapping(mapping) if mapping else None
    seen = inspect_logs([log], loader=loader, mapping=how, trusts_pickle=trust_pickle)
    for inspection in seen:
        typer.echo("\n".join(inspection_lines(inspection)))
    proposal = propose_layout(seen[0].log) if seen[0].log is not None else None
    if proposal is not None:
        typer.echo("\n".join(layout_lines(proposal)))
    if write_mapping is not None:
        write_proposed_mapping(seen[0], write_mapping)
        draft = " (a draft that lists the arrays: say in it what they mean)" if seen[0].is_draft else ""
        typer.echo(f"Mapping: {write_mapping}{draft}")
    if write_layout is not None:
        write_proposed_layout(proposal, write_layout)
        typer.echo(f"Layout: {write_layout}")
    if any(inspection.log is None for inspection in seen):
        raise typer.Exit(ConvscopeError.exit_code)


@app.command()
def convert(
    logs: Logs,
    out: Annotated[Path, typer.Argument(metavar="OUT.h5")],
    *,
    loader: LoaderName = None,
    mapping: MappingFile = None,
    trust_pickle: TrustPickle = False,
) -> None:
    """Write a log in the convscope log format."""
    from convscope.ingest.mapping_file import read_mapping
    from convscope.ingest.open import open_logs, search_logs
    from convscope.ingest.writer import write_log

    how = read_mapping(mapping) if mapping else None
    found = search_logs([Path(log) for log in logs])
    log = open_logs(found.paths, loader=loader, mapping=how, trusts_pickle=trust_pickle, notices=found.notices)
    write_log(log, out)
    typer.echo(f"Wrote {out}")


@app.command()
def validate(log: Annotated[Path, typer.Argument(metavar="LOG")]) -> None:
    """Check a file in the convscope log format."""
    from convscope.ingest.validate import validate_logs
    from convscope.report.terminal import validation_lines

    checked = validate_logs([log])
    for validation in checked:
        typer.echo("\n".join(validation_lines(validation)))
    if not all(validation.is_valid for validation in checked):
        raise typer.Exit(ConvscopeError.exit_code)


@app.command()
def loaders() -> None:
    """List the loaders, where they come from, and what they need."""
    from convscope.ingest.choice import installed_loaders
    from convscope.report.terminal import loader_lines

    found, notices = installed_loaders()
    for line in [*loader_lines(found), *(notice.message for notice in notices)]:
        typer.echo(line)


def _report(study: "Callable[..., Evidence]", out: Path, *, as_json: bool, quiet: bool, open_page: bool) -> None:
    """Run an analysis and write what it found."""
    from convscope.report.document import analysis_bytes
    from convscope.report.folder import check_output, write_report
    from convscope.report.summary import summary_lines

    check_output(out)
    with _progress(is_shown=not quiet and sys.stderr.isatty()) as progress:
        evidence = study(progress=progress)
    write_report(evidence, out)
    if as_json:
        sys.stdout.buffer.write(analysis_bytes(evidence))
    elif not quiet:
        typer.echo("\n".join([*summary_lines(evidence), f"Report: {out / 'report.html'}"]))
    if open_page:
        webbrowser.open((out / "report.html").resolve().as_uri())


def _complain(error: ConvscopeError) -> None:
    from convscope.report.terminal import error_lines, mapping_lines, mapping_of
    from convscope.values.inert import visible

    for line in [*error_lines(error), *map(visible, getattr(error, "__notes__", []))]:
        typer.echo(f"convscope: {line}", err=True)
    for line in mapping_lines(mapping_of(error)):
        # Without our name before it, so that it can be copied.
        typer.echo(line, err=True)


@contextmanager
def _progress(*, is_shown: bool) -> Generator[Callable[[int, int], None] | None]:
    if not is_shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading blocks", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
