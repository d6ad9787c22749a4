"""The command line: parse, call one function, write, and turn errors into a line and an exit code.

Each command imports what it needs when it runs, so that ``--help`` and typing mistakes are answered at once.
"""

import sys
import webbrowser
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.errors import ConvscopeError, UsageError
from convscope.version import __version__

if TYPE_CHECKING:
    from convscope.values.config import RoutingSource

app = typer.Typer(
    name="convscope",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Logs = Annotated[list[str], typer.Argument(metavar="LOG...", help="Files, folders or globs: one study.")]
LoaderName = Annotated[
    str | None, typer.Option("--loader", metavar="NAME", help="Read with this loader; see `convscope loaders`.")
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", metavar="M.toml", help="How to read the log, where the file leaves it open.")
]
TrustPickle = Annotated[
    bool, typer.Option("--trust-pickle", help="Also read pickled parts, from sources that you trust.")
]


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
    priors: Annotated[
        Path | None, typer.Option(metavar="P.toml", help="Declared roles and routing; else the log's own labels.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the report, written whole or not at all.")
    ] = Path("convscope-report"),
    loader: LoaderName = None,
    mapping: MappingFile = None,
    trust_pickle: TrustPickle = False,
    routing: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="attention, gate, message, transfer-entropy, ...")
    ] = None,
    team: Annotated[str | None, typer.Option(metavar="NAME", help="Analyse the agents of this team only.")] = None,
    agents: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Analyse agents with such names only, as in 'adversary_*'.")
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Analyse this checkpoint instead of each run's last.")
    ] = None,
    heads: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Heads of logged weights that count, as in 0,2 or 1.0 (layer 1, head 0)."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of every random draw.")] = 0,
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Processes; results do not depend on it.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where blocks are read: serial or processes; else by size.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print analysis.json, and nothing else, on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only errors.")] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the report in a browser.")] = False,
) -> None:
    """Find roles and routing in a log, compare them with the prior, and write a report."""
    from convscope.pipeline import analyze_files
    from convscope.report.document import analysis_bytes
    from convscope.report.folder import check_output, write_report
    from convscope.report.summary import summary_lines
    from convscope.values.config import AnalysisConfig

    check_output(out)
    config = AnalysisConfig(
        seed=seed,
        routing_source=_routing_source(routing),
        team=team,
        agents=agents,
        checkpoint=checkpoint,
        heads=heads,
    )
    with _progress(is_shown=not quiet and sys.stderr.isatty()) as progress:
        evidence = analyze_files(
            logs,
            priors=priors,
            loader=loader,
            mapping=mapping,
            trusts_pickle=trust_pickle,
            config=config,
            n_workers=_worker_count(engine, workers),
            progress=progress,
        )
    write_report(evidence, out)
    if as_json:
        sys.stdout.buffer.write(analysis_bytes(evidence))
    elif not quiet:
        typer.echo("\n".join([*summary_lines(evidence), f"Report: {out / 'report.html'}"]))
    if open_page:
        webbrowser.open((out / "report.html").resolve().as_uri())


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
) -> None:
    """Show what is in a log, which loader fits, and what it assumes."""
    from convscope.ingest.inspect import inspect_logs, write_proposed_mapping
    from convscope.ingest.mapping_file import read_mapping
    from convscope.report.terminal import inspection_lines

    how = read_mapping(mapping) if mapping else None
    seen = inspect_logs([log], loader=loader, mapping=how, trusts_pickle=trust_pickle)
    for inspection in seen:
        typer.echo("\n".join(inspection_lines(inspection)))
    if write_mapping is not None:
        write_proposed_mapping(seen[0], write_mapping)
        typer.echo(f"Mapping: {write_mapping}")
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
    from convscope.ingest.open import find_logs, open_logs
    from convscope.ingest.writer import write_log

    how = read_mapping(mapping) if mapping else None
    paths = find_logs([Path(log) for log in logs])
    write_log(open_logs(paths, loader=loader, mapping=how, trusts_pickle=trust_pickle), out)
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


def _complain(error: ConvscopeError) -> None:
    from convscope.report.terminal import error_lines, mapping_lines, mapping_of
    from convscope.values.inert import visible

    for line in [*error_lines(error), *map(visible, getattr(error, "__notes__", []))]:
        typer.echo(f"convscope: {line}", err=True)
    for line in mapping_lines(mapping_of(error)):
        # Without our name before it, so that it can be copied.
        typer.echo(line, err=True)


def _worker_count(engine: str | None, workers: int | None) -> int | None:
    if engine not in (None, "serial", "processes"):
        raise UsageError(f"no engine {engine!r}; choose from: serial, processes")
    if engine == "serial" and workers not in (None, 1):
        raise UsageError("the serial engine has one worker; leave --workers out, or choose --engine processes")
    return 1 if engine == "serial" else workers


def _routing_source(name: str | None) -> "RoutingSource | None":
    from convscope.values.config import RoutingSource

    if name is None:
        return None
    try:
        return RoutingSource(name)
    except ValueError:
        raise UsageError(f"no routing source {name!r}; choose from: {', '.join(RoutingSource)}") from None


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
