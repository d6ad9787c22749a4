"""How often each way of dividing units finds the right number of roles, on twelve kinds of units with planted ones.

Usage: python benchmarks/role_number.py [DRAWS] [SEED] [METHOD ...]

Prints a table: for each kind, the share of DRAWS (8) of one role in which one role was found, the share of draws of two
to five roles (DRAWS of each) in which the number was right, the same of those draws in which one who knows what the
units were drawn from agrees with the planted roles by .95 or more, the mean adjusted mutual information with the
planted roles, and that of one who knows. Units are six agents in forty episodes, twelve in twenty for habits; every
second draw lets agents hold their roles. The default method has the most right numbers.
"""

import sys
import time
from dataclasses import dataclass, field

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.roles.method import Method
from convscope.roles.methods import METHODS
from convscope.simulate.role_kinds import KINDS, Kind, planted_units
from convscope.values.config import AnalysisConfig

CONFIG = AnalysisConfig(n_permutations=199)
MOST_ROLES = 5
CLEAR = 0.95


@dataclass
class Tally:
    """What a method found in the draws of a kind."""

    one: list[bool] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    clear: list[bool] = field(default_factory=list)
    """Of draws in which the best possible agreement is at least `CLEAR`: whether the number was right."""
    agreement: list[float] = field(default_factory=list)
    optimal: list[float] = field(default_factory=list)

    def row(self, method: str, kind: str) -> str:
        """Return a row of the table."""
        shares = [f"{np.mean(values):.2f}" if values else "-" for values in (self.one, self.right, self.clear)]
        shares[2] += f" of {len(self.clear)}"
        means = [f"{np.mean(values):.2f}" if values else "-" for values in (self.agreement, self.optimal)]
        return f"| {' | '.join((kind, method, *shares, *means))} |"


def try_kind(tally: Tally, kind: Kind, method: Method, *, n_draws: int, seed: int) -> None:
    """Draw units of a kind with one to five roles, and look for them."""
    for k in range(kind.least, MOST_ROLES + 1):
        for draw in range(n_draws):
            rng = generator(seed, "role number", kind.name, str(k), str(draw))
            units = planted_units(kind, k, rng=rng, is_held=draw % 2 == 1)
            agents = tuple(agent.name for agent in units.log.header.agents)
            found = discover_roles(units.table, units.log, agents=agents, config=CONFIG, method=method)
            if k == 1:
                tally.one.append(found.k == 1)
                continue
            role = found.table["role"].fill_null(-1).to_list()
            tally.right.append(found.k == k)
            tally.agreement.append(adjusted_mutual_info_score(units.role, role))
            tally.optimal.append(adjusted_mutual_info_score(units.role, units.optimal))
            if tally.optimal[-1] >= CLEAR:
                tally.clear.append(found.k == k)


def main(n_draws: int, seed: int, names: list[str]) -> None:
    """Print the table."""
    print("| kind | method | one role | right number | where best AMI is .95 | AMI | best possible AMI |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for method in METHODS:
        if names and method.name not in names:
            continue
        whole, start = Tally(), time.process_time()
        for kind in KINDS:
            tally = Tally()
            try_kind(tally, kind, method, n_draws=n_draws, seed=seed)
            print(tally.row(method.name, kind.name), flush=True)
            for name in ("one", "right", "clear", "agreement", "optimal"):
                getattr(whole, name).extend(getattr(tally, name))
        print(whole.row(method.name, f"all, {time.process_time() - start:.0f} CPU-s"), flush=True)


if __name__ == "__main__":
    numbers, methods = [int(a) for a in sys.argv[1:] if a.isdigit()], [a for a in sys.argv[1:] if not a.isdigit()]
    draws, first = (*numbers, *(8, 0)[len(numbers) :])
    main(draws, first, methods)
