"""Which agents are compared does not depend on who comes first."""

from dataclasses import replace

import numpy as np

from convscope.features.spaces import shared_space, shared_width
from convscope.ingest.memory import log_from_arrays
from convscope.values.header import ActionKind, ActionSpace


def header(n_choices, widths):
    log = log_from_arrays({"observations": np.zeros((2, 4, 3))}, [2], list("abcd"))
    agents = tuple(
        replace(agent, action_space=ActionSpace(kind=ActionKind.DISCRETE, n=(n,)), group="g")
        for agent, n in zip(log.header.agents, n_choices, strict=True)
    )
    fields = tuple(replace(spec, widths=widths) for spec in log.header.fields)
    return replace(log.header, agents=agents, fields=fields)


def test_of_two_spaces_as_common_the_same_is_taken_in_either_order():
    for order in (slice(None), slice(None, None, -1)):
        found = header((2, 2, 5, 5)[order], (3, 3, 1, 1)[order])
        assert shared_space(found, ActionKind.DISCRETE)[0].n == (5,)
        assert shared_width(found, "observations").tolist() == [True, True, False, False][order]


def test_most_agents_decide():
    assert shared_space(header((2, 2, 2, 5), (3,) * 4), ActionKind.DISCRETE)[0].n == (2,)
