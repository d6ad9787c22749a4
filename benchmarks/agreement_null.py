"""False positives of the partial test of the declared routing, where only closeness, or sight, orders the agents.

python benchmarks/agreement_null.py [draws]
"""

import sys

import numpy as np

from convscope.randomness import generator
from convscope.routing.quadratic_assignment import beyond_curves, quadratic_assignment, receiver_ranks

TEAMS = ((9, 3), (12, 4))
EFFECTS = (0.0, 1.0)


def main(n_draws: int) -> None:
    """Print rejections at .05: raw, partial by straight lines, partial by ranks as in `declared_agreement`."""
    print(f"{n_draws} draws, level .05; effect 0: false positives, else power")
    print("| agents in roles of | weights | effect | raw | partial, lines | partial, ranks |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n_agents, size in TEAMS:
        for curve in ("linear", "softmax", "in sight"):
            for effect in EFFECTS:
                rates = np.mean(
                    [
                        rejections(generator(0, "agreement-null", str(draw)), (n_agents, size), curve, effect)
                        for draw in range(n_draws)
                    ],
                    axis=0,
                )
                cells = " | ".join(f"{rate:.2f}" for rate in rates)
                print(f"| {n_agents} in {size} | {curve} | {effect:g} | {cells} |", flush=True)


def two_sources(n_draws: int) -> None:
    """Print how often two sources of softmax weights are called alike: by lines, and by ranks as in the analysis."""
    print("| agents | in common beside closeness | partial, lines | partial, ranks |\n| --- | --- | --- | --- |")
    for n_agents in (6, 9):
        for effect in EFFECTS:
            found = [alike(generator(0, "two-sources", str(draw)), n_agents, effect) for draw in range(n_draws)]
            lines, ranks = np.mean(found, axis=0)
            print(f"| {n_agents} | {effect:g} | {lines:.2f} | {ranks:.2f} |", flush=True)


def alike(rng: np.random.Generator, n_agents: int, effect: float) -> tuple[bool, bool]:
    """Return what each test says of two sources that follow closeness, and something in common by the effect."""
    place = np.arange(n_agents) + rng.normal(0, 0.5, n_agents)
    controls = [-np.abs(np.subtract.outer(each, each)) for each in (place, np.arange(n_agents) * 1.0)]
    shared = controls[0] + effect * rng.normal(0, 1, (n_agents, n_agents))
    first, second = (softmax(shared + rng.normal(0, 0.5, shared.shape)) for _ in range(2))
    both = list(beyond_curves(controls))
    return (
        rejected(first, second, controls, rng),
        rejected(receiver_ranks(first), receiver_ranks(second), both, rng),
    )


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return attention by scores, none to oneself."""
    powers = np.exp(np.where(np.eye(len(scores), dtype=bool), -np.inf, scores))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def rejections(rng: np.random.Generator, team: tuple[int, int], curve: str, effect: float) -> tuple[bool, bool, bool]:
    """Return what each test says of one team that stands in a line, its roles side by side."""
    n_agents, size = team
    role = np.arange(n_agents) // size
    place = np.arange(n_agents) + rng.normal(0, 0.5, n_agents)
    declared = np.equal.outer(role, role).astype(np.float64)
    closeness, slot = (-np.abs(np.subtract.outer(each, each)) for each in (place, np.arange(n_agents) * 1.0))
    # Who is near is in sight for most of the time, and who is far seldom: weights go to those in sight.
    visibility = 1 / (1 + np.exp(-(closeness + 2.5) / 0.5 + rng.normal(0, 1.0, closeness.shape)))
    drives = 4 * visibility if curve == "in sight" else closeness
    scores = drives + effect * declared + rng.normal(0, 0.5, (n_agents, n_agents))
    weights = scores if curve == "linear" else softmax(scores)
    controls = [closeness, slot, visibility] if curve == "in sight" else [closeness, slot]
    both = list(beyond_curves(controls))
    return (
        rejected(weights, declared, [], rng),
        rejected(weights, declared, controls, rng),
        rejected(receiver_ranks(weights), declared, both, rng),
    )


def rejected(first: np.ndarray, second: np.ndarray, controls: list[np.ndarray], rng: np.random.Generator) -> bool:
    """Whether p is at most .05."""
    stacked = [control[None] for control in controls]
    found = quadratic_assignment(first[None], second[None], controls=stacked, n_permutations=199, rng=rng)
    return found.p_value is not None and found.p_value <= 0.05


if __name__ == "__main__":
    two_sources(200)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
