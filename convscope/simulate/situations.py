"""Logs of discrete actions whose edges are known: what a test of influence must and must not find.

An edge is there if and only if the sender's past enters the receiver's next action.
"""

from functools import partial

import numpy as np

from convscope.simulate import laws
from convscope.simulate.affording import log_of_actions
from convscope.simulate.draws import Simulator, Situation, Size, before, situation
from convscope.simulate.rollouts import rolled_out


def acted(law_of: laws.LawMaker, size: Size, rng: np.random.Generator) -> Situation:
    """Let a team act by a law, and log its actions.

    Parameters
    ----------
    law_of
        One of `convscope.simulate.laws`.
    size
        How much is simulated.
    rng
        Draws the constants of the law, then the actions.
    """
    return log_of_actions(rolled_out(law_of(size, rng), rng))


def leader_follower(size: Size, rng: np.random.Generator, *, share: float = 0.06) -> Situation:
    """Let the second half of the agents copy, in a share of the steps, what an agent of the first half did last."""
    return acted(partial(laws.leader_follower, share=share), size, rng)


def copy_channel(size: Size, rng: np.random.Generator, *, error: float) -> Situation:
    """Let the second agent repeat the first one's last action of four, and err evenly over the other three.

    Its transfer entropy is ``log 4 - h(error) - error log 3`` nats: 1.3863, 0.6662 and 0 for errors 0, 0.2 and 0.75.

    Parameters
    ----------
    size
        How much is simulated; its number of agents is taken to be 2.
    rng
        Draws the actions.
    error
        Probability of another action than the sender's.
    """
    shape = (size.n_episodes, size.n_steps, 1)
    sent = rng.integers(4, size=shape)
    moved = np.where(rng.random(shape) < error, rng.integers(1, 4, shape), 0)
    actions = np.concatenate([sent, (before(sent, 1) + moved) % 4], axis=2)
    return situation(actions, edges=np.array([[False, False], [error < 0.75, False]]))


EDGE_FREE: dict[str, Simulator] = {name: partial(acted, law_of) for name, law_of in laws.WITHOUT_EDGES.items()}
"""Situations without edges: a test of level .05 must find no more than its share, or refuse."""
WITH_EDGES: dict[str, Simulator] = {name: partial(acted, law_of) for name, law_of in laws.WITH_EDGES.items()}
"""Situations with edges: a test must find them, and no indirect ones."""
WITH_HIDDEN_CAUSE = ("common driver, unlogged", "same policy, same observation")
"""Those in which agents share a cause that the log does not hold: it makes edges, unless its light is seen."""
independent = EDGE_FREE["independent agents"]
shared_schedule = EDGE_FREE["shared schedule"]
logged_driver = EDGE_FREE["common driver, logged"]
unlogged_driver = EDGE_FREE["common driver, unlogged"]
short_episodes = EDGE_FREE["many short episodes"]
dead_agents = EDGE_FREE["dead agents"]
shared_policy = EDGE_FREE["same policy, same observation"]
chain = WITH_EDGES["chain"]
gate = WITH_EDGES["gate"]
exclusive_or = WITH_EDGES["exclusive or"]
