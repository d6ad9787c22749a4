"""Commands about logs alone: what is in them, other formats, and the loaders."""

from pathlib import Path
from typing import Annotated

import typer

from convscope.commands.options import (
    LoaderName,
    Logs,
    MappingFile,
    TrustPickle,
)
from convscope.errors import ConvscopeError


def inspect(
    log: Annotated[str, typer.Argument(metavar="LOG", help="A file, a folder, a glob or a study.toml.")],
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
    from convscope.ingest.open import open_study
    from convscope.ingest.writer import write_log

    how = read_mapping(mapping) if mapping else None
    log = open_study(logs, loader=loader, mapping=how, trusts_pickle=trust_pickle)
    write_log(log, out)
    typer.echo(f"Wrote {out}")


def validate(
    log: Annotated[str, typer.Argument(metavar="LOG", help="A file, a folder, a glob or a study.toml.")],
) -> None:
    """Check a file in the convscope log format."""
    from convscope.ingest.validate import validate_logs
    from convscope.report.terminal import validation_lines

    checked = validate_logs([log])
    for validation in checked:
        typer.echo("\n".join(validation_lines(validation)))
    if not all(validation.is_valid for validation in checked):
        raise typer.Exit(ConvscopeError.exit_code)


def loaders() -> None:
    """List the loaders, where they come from, and what they need."""
    from convscope.ingest.choice import installed_loaders
    from convscope.report.terminal import loader_lines

    found, notices = installed_loaders()
    for line in [*loader_lines(found), *(notice.message for notice in notices)]:
        typer.echo(line)
