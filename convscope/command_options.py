"""Options that several commands of the command line share."""

from pathlib import Path
from typing import Annotated

import typer

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
Priors = Annotated[
    Path | None, typer.Option(metavar="P.toml", help="Declared roles and routing; else the log's own labels.")
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the report, written whole or not at all.")]
Team = Annotated[str | None, typer.Option(metavar="NAME", help="Analyse the agents of this team only.")]
Agents = Annotated[
    str | None, typer.Option(metavar="PATTERN", help="Analyse agents with such names only, as in 'adversary_*'.")
]
CheckpointLabel = Annotated[
    str | None,
    typer.Option("--checkpoint", metavar="LABEL", help="Analyse this checkpoint instead of each run's last."),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Seed of every random draw.")]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes; results do not depend on it.")]
EngineName = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help="Where blocks are read: serial or processes; else by size."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print analysis.json, and nothing else, on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Only errors.")]
OpenPage = Annotated[bool, typer.Option("--open", help="Open the report in a browser.")]
DEFAULT_OUT = Path("convscope-report")
