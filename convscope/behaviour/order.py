"""An order of agents that does not depend on the log's."""

import numpy as np

from convscope.ingest.names import numbered_key
from convscope.values.arrays import IntArray
from convscope.values.header import LogHeader


def by_name(header: LogHeader) -> IntArray:
    """Return the places of the agents in the order of their names."""
    names = [agent.name for agent in header.agents]
    return np.array(sorted(range(len(names)), key=lambda place: numbered_key(names[place])), dtype=np.int64)
