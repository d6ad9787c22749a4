"""Writes a scenario to a folder: a log a run, the priors, and the truth."""

import difflib
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from convscope.errors import OutputError, UsageError
from convscope.ingest.writer import write_log
from convscope.randomness import generator
from convscope.simulate.scenarios import SCENARIOS, Planted, Scale, Scenario


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
    """
    if out.exists() or out.is_symlink():
        raise OutputError(f"{out} exists already; choose another folder, nothing is overwritten")
    planted = scenario.plant(scale, generator(seed, "scenario", scenario.name))
    try:
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}-") as staging:
            whole = Path(staging) / "whole"
            _write(planted, whole, about=_about(scenario, scale, seed))
            whole.rename(out)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error


def _about(scenario: Scenario, scale: Scale, seed: int) -> dict[str, object]:
    return {
        "scenario": scenario.name,
        "ground_truth": scenario.number,
        "description": scenario.description,
        "seed": seed,
        "scale": asdict(scale),
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
