"""The command line: parse, call one function, write, and turn errors into a line and an exit code."""

import sys
from typing import Annotated

import typer

from convscope.commands import COMMANDS, GROUPS
from convscope.errors import ConvscopeError, UsageError
from convscope.version import __version__

_BROKEN_PIPE = 128 + 13
"""As a program ends that the signal SIGPIPE stops."""

app = typer.Typer(
    name="convscope",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in COMMANDS:
    app.command()(command)
for name, commands in GROUPS.items():
    group = typer.Typer(name=name, no_args_is_help=True, rich_markup_mode=None, help="Check or draft a priors file.")
    for command in commands:
        group.command()(command)
    app.add_typer(group)


def main() -> None:
    """Run the command line; errors that a user can mend become a line on stderr."""
    try:
        app()
    except ConvscopeError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        # Who reads us, such as `head`, has read enough. The shell's code for that is no failure of ours.
        if isinstance(ended.__context__, BrokenPipeError):
            sys.exit(_BROKEN_PIPE)
        raise


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


def _complain(error: ConvscopeError) -> None:
    from convscope.report.terminal import error_lines, mapping_lines, mapping_of
    from convscope.values.inert import visible

    for line in [*error_lines(error), *map(visible, getattr(error, "__notes__", []))]:
        typer.echo(f"convscope: {line}", err=True)
    for line in mapping_lines(mapping_of(error)):
        # Without our name before it, so that it can be copied.
        typer.echo(line, err=True)
