"""Writes a scenario to a folder: a log a run, the priors, and the truth."""

import difflib
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from convscope.errors import OutputError, UsageError
from convscope.ingest.writer import write_log
from convscope.randomness import generator
from convscope.simulate.scenarios import SCENARIOS, Planted, Scale, Scenario

MOST_NUMBERS = 50_000_000
"""Weights of the largest study, twins and checkpoints included: all of it is drawn before it is written."""


def described(scenario: Scenario, scale: Scale) -> str:
    """Return what is planted; its figures are those of the plan, which noise moves."""
    moved = " Noise moves these figures: the truth is of what was drawn." if scale.noise and not scenario.noise else ""
    return scenario.description + moved


def find_scenario(name: str) -> Scenario:
    """Return the scenario of this name.

    Raises
    ------
    UsageError
        If there is none; the message names the nearest.
    """
    known = {scenario.name: scenario for scenario in SCENARIOS}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"no scenario {name!r:.80}; {hint}`convscope simulate --list` shows all")


def write_scenario(scenario: Scenario, out: Path, *, scale: Scale, seed: int) -> None:
    """Draw a scenario and write it to a folder, whole or not at all.

    Parameters
    ----------
    scenario
        What to plant.
    out
        A folder that does not exist yet. ``run_<n>.h5`` a run, ``priors.toml``, ``truth.json``; a folder in it holds a
        twin of the study, where the scenario has one.
    scale
        How much is simulated.
    seed
        The same seed gives the same bytes.

    Raises
    ------
    OutputError
        If something is there already, or the place cannot be written.
    UsageError
        If so much cannot be simulated, or the scenario has nothing of what was asked for.
    """
    if out.exists() or out.is_symlink():
        raise OutputError(f"{out} exists already; choose another folder, nothing is overwritten")
    scale = _checked(scenario, scale)
    planted = scenario.plant(scale, generator(seed, "scenario", scenario.name))
    try:
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}-") as staging:
            whole = Path(staging) / "whole"
            _write(planted, whole, about=_about(scenario, scale, seed))
            whole.rename(out)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error


def _checked(scenario: Scenario, scale: Scale) -> Scale:
    """Return the scale that is simulated, with the noise that the scenario has by itself."""
    if scenario.noise is None and scale.noise:
        raise UsageError(f"{scenario.name} has no noise to be asked for: leave out --noise")
    if not scenario.has_team and scale.members != Scale().members:
        raise UsageError(f"{scenario.name} has teams of its own: leave out --team")
    n_numbers = scale.n_numbers * scenario.n_copies
    if n_numbers > MOST_NUMBERS:
        raise UsageError(
            f"this study would hold {n_numbers:,} weights, {n_numbers * 8 / 1e9:,.1f} GB; at most {MOST_NUMBERS:,} are "
            "simulated: ask for fewer runs, episodes, steps or agents"
        )
    return replace(scale, noise=scale.noise or scenario.noise or 0.0)


def _about(scenario: Scenario, scale: Scale, seed: int) -> dict[str, object]:
    used = asdict(scale)
    if scenario.noise is None:
        del used["noise"]
    if not scenario.has_team:
        del used["members"]
    return {
        "scenario": scenario.name,
        "ground_truth": scenario.number,
        "description": described(scenario, scale),
        "seed": seed,
        "scale": used,
    }


def _write(planted: Planted, folder: Path, *, about: dict[str, object]) -> None:
    folder.mkdir()
    for name, log in planted.logs.items():
        path = folder / f"{name}.h5"
        path.parent.mkdir(exist_ok=True)
        write_log(log, path)
    texts = {
        "priors.toml": planted.priors.encode(),
        "truth.json": (json.dumps({**about, "truth": dict(planted.truth)}, indent=2) + "\n").encode(),
    }
    for name, content in (texts | dict(planted.others)).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
