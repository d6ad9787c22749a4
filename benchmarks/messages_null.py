"""How often measures of communication speak of what is not there, and of what is.

python benchmarks/messages_null.py [draws]
"""

import sys
from collections import defaultdict

import numpy as np

from convscope.randomness import generator
from convscope.routing.messages.study import find_messages
from convscope.simulate.draws import Size
from convscope.simulate.messages import Talking, talkers
from convscope.values.config import AnalysisConfig
from convscope.values.messages import MessageMeasure, MessageTest

SIZES = (Size(n_agents=4, n_episodes=40, n_steps=25), Size(n_agents=4, n_episodes=120, n_steps=50))
SITUATIONS = {
    "babble": Talking(),
    "signals, nobody listens": Talking(signals=0.6),
    "one listens": Talking(signals=0.6, listens=0.3),
    "all see the same, nobody listens": Talking(signals=0.6, sees=0.4),
    "spoken actions, nobody listens": Talking(is_spoken_action=True),
    "spoken actions, one listens": Talking(is_spoken_action=True, listens=0.3),
    "spoken actions, all see the same": Talking(is_spoken_action=True, sees=0.4),
}


def main(n_draws: int) -> None:
    """Print, for each situation and measure, the share of p at most .05: without listening, and with."""
    print(f"{n_draws} draws, level .05: without truth (with truth)")
    print("| situation | episodes x steps | " + " | ".join(MessageMeasure) + " |")
    print("| --- | --- |" + " --- |" * len(MessageMeasure))
    for name, talking in SITUATIONS.items():
        for size in SIZES:
            found: dict[tuple[MessageMeasure, bool], list[bool]] = defaultdict(list)
            for draw in range(n_draws):
                situation = talkers(size, generator(0, "messages-null", name, str(size), str(draw)), talking)
                measures = find_messages(situation.log, AnalysisConfig(n_permutations=199, seed=draw))
                for test in measures.tests:
                    found[test.measure, is_true(test, talking, size)].append(test.p_value <= 0.05)
            cells = [f"{share(found[measure, False])} ({share(found[measure, True])})" for measure in MessageMeasure]
            print(f"| {name} | {size.n_episodes} x {size.n_steps} | {' | '.join(cells)} |", flush=True)


def is_true(test: MessageTest, talking: Talking, size: Size) -> bool:
    """Whether the measure should speak: of signals, or of the one that listens at lag 1."""
    if test.measure is MessageMeasure.SPEAKER_CONSISTENCY:
        return talking.signals > 0
    pair = test.sender == "agent_0" and test.receiver == f"agent_{size.n_agents - 1}"
    return talking.listens > 0 and pair and test.lag == 1


def share(found: list[bool]) -> str:
    """Return the share, and of how many; a dash for none."""
    return f"{np.mean(found):.3f} of {len(found)}" if found else "-"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
