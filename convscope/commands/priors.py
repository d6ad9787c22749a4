"""Commands about priors files: check one against a log, or draft one from it."""

from pathlib import Path
from typing import Annotated

import typer

from convscope.commands.options import LoaderName, Logs, MappingFile, TrustPickle
from convscope.errors import PriorsError, UsageError


def check(
    priors: Annotated[Path, typer.Argument(metavar="P.toml")],
    logs: Logs,
    *,
    loader: LoaderName = None,
    mapping: MappingFile = None,
    trust_pickle: TrustPickle = False,
) -> None:
    """Say what a priors file means for a log, and what could be significant."""
    from convscope.compare.prior_check import check_prior
    from convscope.ingest.mapping_file import read_mapping
    from convscope.ingest.open import open_study
    from convscope.ingest.prior import read_prior
    from convscope.report.prior_lines import check_lines

    if priors.suffix.lower() != ".toml" and priors.exists() and any(_is_toml(log) for log in logs):
        raise UsageError(f"the priors file comes first, then logs: convscope priors check {logs[0]} {priors}")
    log = open_study(
        logs, loader=loader, mapping=read_mapping(mapping) if mapping else None, trusts_pickle=trust_pickle
    )
    prior = read_prior(priors, log)
    checked = check_prior(prior, log)
    typer.echo("\n".join(check_lines(prior, checked)))
    if checked.unknown_features:
        raise typer.Exit(PriorsError.exit_code)


def draft(
    log: Annotated[str, typer.Argument(metavar="LOG")],
    out: Annotated[Path | None, typer.Argument(metavar="OUT.toml", help="Never overwritten; else on stdout.")] = None,
    *,
    loader: LoaderName = None,
    mapping: MappingFile = None,
    trust_pickle: TrustPickle = False,
) -> None:
    """Write a priors file to edit."""
    from convscope.compare.prior_draft import draft_prior
    from convscope.ingest.mapping_file import read_mapping
    from convscope.ingest.new_file import check_new, write_new
    from convscope.ingest.open import open_study

    if out is not None:
        if _is_toml(log) and out.exists() and not _is_toml(str(out)):
            raise UsageError(f"the log comes first, then the file to write: convscope priors draft {out} {log}")
        check_new(out)
    how = read_mapping(mapping) if mapping else None
    text = draft_prior(open_study([log], loader=loader, mapping=how, trusts_pickle=trust_pickle))
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_new(out, text)
        typer.echo(f"Priors: {out}")


def _is_toml(name: str) -> bool:
    return name.lower().endswith(".toml")
