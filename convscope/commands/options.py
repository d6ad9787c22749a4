"""Options that several commands of the command line share, and what they mean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.errors import UsageError

if TYPE_CHECKING:
    from convscope.values.config import RoleMethod, RoutingSource

Logs = Annotated[list[str], typer.Argument(metavar="LOG...", help="Files, folders, globs or a study.toml.")]
LoaderName = Annotated[
    str | None, typer.Option("--loader", metavar="NAME", help="Read with this loader; see `convscope loaders`.")
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", metavar="M.toml", help="How to read the log, where the file leaves it open.")
]
_LAYOUT = typer.Option("--layout", metavar="L.toml", help="Which columns of an observation describe which agent.")
LayoutFile = Annotated[Path, _LAYOUT]
OptionalLayoutFile = Annotated[Path | None, _LAYOUT]
FormationsFile = Annotated[
    Path | None,
    typer.Option("--formations", metavar="F.csv", help="Formation of each episode or stretch; else they are found."),
]
CrossPlayFile = Annotated[
    Path | None,
    typer.Option("--crossplay", metavar="F.csv", help="Returns of runs that played with one another, run by run."),
]
TrustPickle = Annotated[
    bool, typer.Option("--trust-pickle", help="Also read pickled parts, from sources that you trust.")
]
Priors = Annotated[
    Path | None, typer.Option(metavar="P.toml", help="Declared roles and routing; else the log's own labels.")
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the report, written whole or not at all.")]
Figures = Annotated[
    Path | None,
    typer.Option("--figures", metavar="DIR", help="Also write every chart as SVG and PDF, and tables for papers."),
]
Team = Annotated[str | None, typer.Option(metavar="NAME", help="Analyse the agents of this team only.")]
Agents = Annotated[
    str | None, typer.Option(metavar="PATTERN", help="Analyse agents with such names only, as in 'adversary_*'.")
]
CheckpointLabel = Annotated[
    str | None,
    typer.Option("--checkpoint", metavar="LABEL", help="Analyse this checkpoint instead of each run's last."),
]
Heads = Annotated[
    str | None,
    typer.Option(
        "--heads", metavar="LIST", help="Heads of logged weights that count, as in 0,2 or 1.0 (layer 1, head 0)."
    ),
]
Roles = Annotated[
    str | None, typer.Option("--roles", metavar="METHOD", help="k-means (default), gaussian-mixture or hdbscan.")
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Seed of every random draw.")]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes; results do not depend on it.")]
EngineName = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help="Where blocks are read: serial or processes; else by size."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print analysis.json, and nothing else, on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only errors.")]
Umap = Annotated[bool, typer.Option("--umap", help="Also draw the map of roles by UMAP; takes some ten seconds.")]
OpenPage = Annotated[bool, typer.Option("--open", help="Open the report in a browser.")]
DEFAULT_OUT = Path("convscope-report")


def worker_count(engine: str | None, workers: int | None) -> int | None:
    """Return the number of processes that options ask for; None leaves it to the size of the log.

    Raises
    ------
    UsageError
        If there is no such engine, or it has not so many workers.
    """
    if engine not in (None, "serial", "processes"):
        raise UsageError(f"no engine {engine!r}; choose from: serial, processes")
    if engine == "serial" and workers not in (None, 1):
        raise UsageError("the serial engine has one worker; leave --workers out, or choose --engine processes")
    return 1 if engine == "serial" else workers


def routing_source(name: str | None) -> "RoutingSource | None":
    """Return the source of routing that an option names; None for none.

    Raises
    ------
    UsageError
        If there is no such source; the message lists them.
    """
    from convscope.values.config import RoutingSource

    if name is None:
        return None
    try:
        return RoutingSource(name)
    except ValueError:
        raise UsageError(f"no routing source {name!r}; choose from: {', '.join(RoutingSource)}") from None


def role_method(name: str | None) -> "RoleMethod":
    """Return the way of finding roles that an option names; the default for none.

    Raises
    ------
    UsageError
        If there is no such way; the message lists them.
    """
    from convscope.values.config import AnalysisConfig, RoleMethod

    if name is None:
        return AnalysisConfig().role_method
    try:
        return RoleMethod(name)
    except ValueError:
        raise UsageError(f"no way to find roles {name!r}; choose from: {', '.join(RoleMethod)}") from None
