"""Commands that need no log: studies whose truth is known, and what a study could show."""

from pathlib import Path
from typing import Annotated

import typer

from convscope.commands.options import Seed
from convscope.errors import UsageError


def simulate(  # noqa: PLR0913  one parameter an option
    scenario: Annotated[str | None, typer.Argument(metavar="SCENARIO", help="One of those that --list shows.")] = None,
    out: Annotated[Path | None, typer.Argument(metavar="OUT", help="Folder to make: logs, priors and truth.")] = None,
    *,
    is_list: Annotated[bool, typer.Option("--list", help="Show the scenarios and stop.")] = False,
    seed: Seed = 0,
    runs: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="Training runs.")] = 5,
    team: Annotated[str, typer.Option(metavar="N-N-N", help="Agents of each of the three roles.")] = "2-2-2",
    episodes: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="Of each run.")] = 20,
    steps: Annotated[int, typer.Option(metavar="N", min=2, max=100_000, help="Of each episode.")] = 25,
    noise: Annotated[
        float, typer.Option(metavar="SD", min=0.0, max=10.0, help="Of attention; 0 gives the truth to the digit.")
    ] = 0.0,
) -> None:
    """Write a study whose truth is known: a log a run, its priors, and what is in it."""
    from convscope.simulate.composition import read_composition
    from convscope.simulate.scenarios import SCENARIOS, Scale
    from convscope.simulate.scenarios.scenario import ROLES
    from convscope.simulate.writing import described, find_scenario, write_scenario

    if is_list:
        for each in SCENARIOS:
            typer.echo(f"{each.number:>2}  {each.name:<17} {each.description}")
        return
    if scenario is None or out is None:
        raise UsageError(
            "name a scenario and a folder to make, as in `convscope simulate swapped-roles OUT`; see --list"
        )
    found = find_scenario(scenario)
    members = read_composition(team, len(ROLES))
    scale = Scale(n_runs=runs, members=members, n_episodes=episodes, n_steps=steps, noise=noise)
    write_scenario(found, out, scale=scale, seed=seed)
    typer.echo(f"Wrote {out}: {described(found, scale)}")
    typer.echo(f"Analyse it with: convscope analyze {out}/*.h5 --priors {out}/priors.toml")


def plan(
    *,
    roles: Annotated[int, typer.Option(metavar="N", min=2, max=8, help="Declared roles.")] = 3,
    team: Annotated[str | None, typer.Option(metavar="N-N-N", help="Agents of each role; else one of each.")] = None,
    runs: Annotated[int, typer.Option(metavar="N", min=1, max=50, help="Training runs that you can afford.")] = 5,
    priors: Annotated[Path | None, typer.Option(metavar="P.toml", help="Your prior, beside two typical ones.")] = None,
    alpha: Annotated[float | None, typer.Option(metavar="P", help="Level of the tests.")] = None,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Say what a study could conclude, before anybody trains."""
    from convscope.planning.priors import plan_priors
    from convscope.planning.shown import plan_document, plan_lines
    from convscope.report.document.json_value import json_bytes

    question, plans = plan_priors(roles, team, runs, priors=priors, alpha=alpha, seed=seed)
    if as_json:
        typer.echo(json_bytes(plan_document(question, plans)), nl=False)
    else:
        typer.echo("\n".join(plan_lines(question, plans)))
