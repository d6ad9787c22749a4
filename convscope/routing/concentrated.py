"""Which receivers' concentration is told: where nothing reaches a receiver for certain, noise looks concentrated."""

from collections.abc import Sequence

import polars as pl

from convscope.routing.agreement import WEIGHTS
from convscope.routing.concentration import agent_concentration, role_concentration
from convscope.routing.estimate import RoutingEstimate
from convscope.values.config import AnalysisConfig
from convscope.values.header import LogHeader, Notice
from convscope.values.routing import Concentration

_MOST_NAMED = 6


def told_concentration(
    used: RoutingEstimate, header: LogHeader, agents: Sequence[str], *, config: AnalysisConfig
) -> tuple[tuple[Concentration, ...], tuple[Notice, ...]]:
    """Return the concentration of each receiving role, else agent, and why it is not told of others.

    Parameters
    ----------
    used
        Routing from the source in use. Logged weights divide for certain; of evidence of influence, what is not
        significant is noise, and whoever has a little of it from one sender alone would look concentrated.
    header
        Of the log.
    agents
        Names of the analysed agents.
    config
        ``seed`` and ``n_permutations`` are used.
    """
    if header.roles:
        found = role_concentration(used.tallies, used.halves, header.roles, config=config)
    else:
        found = agent_concentration(used.tallies, used.halves, agents, config=config)
    if used.source in WEIGHTS:
        return found, ()
    reached = _reached(used, header)
    told = tuple(each for each in found if each.receiver in reached)
    left = [each.receiver for each in found if each.receiver not in reached]
    left = left if found else list(header.roles or agents)
    return told, _untold(left, is_any=bool(told)) if left else ()


def _reached(used: RoutingEstimate, header: LogHeader) -> frozenset[str]:
    """Return the receivers, agents and roles, of significant edges."""
    tables = [used.edges] if used.role_edges is None else [used.edges, used.role_edges]
    receivers = {name for table in tables for name in table.filter(_IS_CLAIMED)["receiver"].to_list()}
    role_of = {agent.name: agent.declared_role for agent in header.agents}
    return frozenset(receivers | {role for name in receivers if (role := role_of.get(name)) is not None})


_IS_CLAIMED = pl.col("significant").fill_null(value=False)


def _untold(left: Sequence[str], *, is_any: bool) -> tuple[Notice, ...]:
    more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
    of = f"of {', '.join(left[:_MOST_NAMED])}{more}" if is_any else "of any receiver"
    message = f"Concentration is not told {of}: no edge to them is significant, and noise looks concentrated."
    return (Notice(code="not-applicable", message=message, where="routing.concentration"),)
