"""What the predictive test took for granted, and what it cannot say, in words."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from convscope.routing.predictive.columns import Column, Kind
from convscope.routing.predictive.common_cause import Light
from convscope.routing.predictive.recipes import MOST_AGENTS
from convscope.routing.predictive.significance import Beside, is_near_deterministic
from convscope.routing.predictive.study import FEWEST_EPISODES, Part, Study
from convscope.values.arrays import BoolArray
from convscope.values.header import Notice

_WHERE = "routing.edges"


def study_notices(study: Study, agents: Sequence[str], beside: Beside | None, *, q: float) -> tuple[Notice, ...]:
    """Return all that a reader of the edges should know.

    Parameters
    ----------
    study
        The fits.
    agents
        Names of the analysed agents.
    beside
        Of the analysed parts; None where episodes are too few to flip.
    q
        False discovery rate of the combinations that are told of.
    """
    analysed = study.analysed
    n_episodes = sum(part.n_episodes for part in analysed)
    n_units = sum(len(part.units.key) for part in analysed)
    has_tables = analysed[0].counts is not None
    design = _tables_notice(n_episodes) if has_tables else _design_notice(study.question.lag, n_units, n_episodes)
    notices = [design]
    if study.n_left_out:
        notices.append(_left_out_notice(study.n_left_out))
    if beside is None:
        notices.append(_few_episodes_notice(n_episodes, has_tables=has_tables))
    weight = np.array([part.weight for part in analysed])
    takes_turns = _takes_turns(study, len(agents))
    return (
        *notices,
        *_turns_notices(takes_turns, agents),
        *_lockstep_notices(analysed, agents),
        *_deterministic_notices(is_near_deterministic(analysed), agents),
        *_no_data_notices(np.asarray(takes_turns | np.isfinite(weight).any(axis=0)), agents),
        *(_joint_notices(beside, agents, q) if beside else ()),
        *(_common_cause_notices(beside.light, agents) if beside else ()),
    )


def edge_notices(edges: pl.DataFrame, columns: Sequence[Column]) -> tuple[Notice, ...]:
    """Return how weak an edge would have been found, and whether directions may be the other way round.

    Parameters
    ----------
    edges
        Between agents, all runs together.
    columns
        What the test drew on.
    """
    detectable = sorted(edges["smallest_detectable"].drop_nulls().to_list())
    notices: list[Notice] = []
    if detectable:
        least, most = f"{detectable[0]:.2g}", f"{detectable[-1]:.2g}"
        of = least if least == most else f"{least} to {most}"
        message = f"Influence of {of} bits per step, by pair, would have been found with a chance of 80 %."
        notices.append(Notice(code="smallest-detectable", message=message, where=_WHERE))
    places = sorted({column.component for column in columns if column.kind == Kind.PLACE})
    if places:
        named = ", ".join(map(str, places))
        message = (
            f"Columns {named} of each agent's observation are taken for where it is, since other agents observe their "
            "differences, digit by digit. They are conditions, and no evidence for an edge; what is drawn to where "
            "another agent is can be found once positions are a field of the log."
        )
        notices.append(Notice(code="positions-found", message=message, where=_WHERE))
    elif edges["significant"].any() and not any(column.kind == Kind.POSITION for column in columns):
        message = (
            "Positions are not logged: an agent that goes by where another one is acts on what the other will go by, "
            "and may seem to lead it. Directions are only certain where positions play no part."
        )
        notices.append(Notice(code="positions-not-logged", message=message, where=_WHERE))
    return tuple(notices)


def _tables_notice(n_episodes: int) -> Notice:
    """Say what tables of actions condition on, and what they do not."""
    message = (
        "Transfer entropy looks 1 step back, given the receiver's own last action only; schedules, layouts and other "
        f"agents are not accounted for, and slower influence was not tested; {n_episodes:,} episodes."
    )
    return Notice(code="transfer-entropy-design", message=message, where=_WHERE)


def _design_notice(lag: int, n_units: int, n_episodes: int) -> Notice:
    """Say what the test conditions on and what it flips."""
    steps = "1 step" if lag == 1 else f"{lag} steps"
    grouped = "" if n_units == n_episodes else f", flipped in {n_units:,} groups"
    message = (
        f"Transfer entropy looks {steps} back (least BIC of own-past models), given all agents' pasts and "
        f"what is common to an episode or to a time in the episode; {n_episodes:,} episodes{grouped}. "
        f"Senders are looked at {steps} back; slower influence was not tested."
    )
    return Notice(code="transfer-entropy-design", message=message, where=_WHERE)


def _left_out_notice(n_left_out: int) -> Notice:
    """Say that other checkpoints have no edges in the tables."""
    message = (
        f"Transfer entropy of {n_left_out:,} runs and checkpoints that are not analysed would take more memory than is "
        "set apart for it: routing.parquet has no rows of them. Fewer agents or --checkpoint bring them back."
    )
    return Notice(code="not-computed", message=message, where="routing.edges_by_run")


def _few_episodes_notice(n_episodes: int, *, has_tables: bool) -> Notice:
    """Say that episodes are too few to flip, and what was done instead."""
    if has_tables:
        message = (
            f"{n_episodes:,} episodes, fewer than {FEWEST_EPISODES}: p is from tables of actions within the receiver's "
            "own past, which a shared schedule or layout can fake; no edge is claimed."
        )
        return Notice(code="table-null", message=message, where=_WHERE)
    message = f"{n_episodes:,} episodes are too few to test edges between agents whose actions are not single choices."
    return Notice(code="not-computed", message=message, where=_WHERE)


def _no_data_notices(has_data: BoolArray, agents: Sequence[str]) -> tuple[Notice, ...]:
    """Name the agents between which there is nothing to test."""
    is_missing = ~has_data & ~np.eye(len(agents), dtype=np.bool_)
    if not is_missing.any():
        return ()
    named = _named(is_missing, agents)
    message = f"No data on {named}: an agent is constant or moves in lockstep with others, or samples are too few."
    return (Notice(code="no-data", message=message, where=_WHERE),)


def _lockstep_notices(parts: Sequence[Part], agents: Sequence[str]) -> tuple[Notice, ...]:
    """Name the agents of which one's action tells the other's at every step: what one sends any of them may send."""
    followers: dict[int, list[int]] = {}
    taken: set[int] = set()
    for first in range(len(agents)):
        mates = [other for other in range(first + 1, len(agents)) if _move_as_one(parts, first, other)]
        if first not in taken and mates:
            followers[first] = mates
            taken.update(mates)
    sets = [" and ".join(agents[place] for place in (first, *mates)) for first, mates in followers.items()]
    if not sets:
        return ()
    message = f"In lockstep: {'; '.join(sets)}. No test can tell which of a set an edge would come from."
    return (Notice(code="lockstep", message=message, where=_WHERE),)


def _move_as_one(parts: Sequence[Part], first: int, second: int) -> bool:
    if not all(part.symbols.is_choice[first] and part.symbols.is_choice[second] for part in parts):
        return False
    tables = [part.symbols.side_by_side(first, second) > 0 for part in parts]
    return all(table.sum() >= 2 and table.sum(axis=0).max() <= 1 and table.sum(axis=1).max() <= 1 for table in tables)


def _deterministic_notices(is_certain: BoolArray, agents: Sequence[str]) -> tuple[Notice, ...]:
    """Name the senders that were refused because nothing is left of their actions once the past is known."""
    if not is_certain.any():
        return ()
    named = ", ".join(agents[place] for place in np.flatnonzero(is_certain).tolist())
    message = (
        f"Not tested as senders: {named}. What they do follows nearly always from the logged past, so that its effect "
        "cannot be told from the effect of what they reacted to; log action probabilities, or let them explore."
    )
    return (Notice(code="near-deterministic", message=message, where=_WHERE),)


def _takes_turns(study: Study, n_agents: int) -> BoolArray:
    """Return which pairs never act side by side in any run, or have a receiver who never acts twice in a row."""
    turns = np.zeros((n_agents, n_agents), dtype=np.bool_)
    for receiver, sender in np.argwhere(~np.eye(n_agents, dtype=np.bool_)).tolist():
        turns[receiver, sender] = all(part.symbols.take_turns(receiver, sender) for part in study.analysed)
    return turns


def _turns_notices(takes_turns: BoolArray, agents: Sequence[str]) -> tuple[Notice, ...]:
    """Name the pairs whose weight is withheld."""
    if not takes_turns.any():
        return ()
    message = (
        f"No weight of {_named(takes_turns, agents)}: these agents take turns, so that no actions stand side by side "
        "or follow each other, from which bits could be counted."
    )
    return (Notice(code="agents-take-turns", message=message, where=_WHERE),)


def _named(is_pair: BoolArray, agents: Sequence[str]) -> str:
    receiver, sender = np.nonzero(is_pair)
    pairs = [f"{agents[s]} to {agents[r]}" for r, s in zip(receiver.tolist(), sender.tolist(), strict=True)]
    return ", ".join(pairs[:4]) + (f" and {len(pairs) - 4:,} more" if len(pairs) > 4 else "")


def _joint_notices(beside: Beside, agents: Sequence[str], q: float) -> tuple[Notice, ...]:
    """Name the combinations that receivers answer to, and say where none were looked for."""
    if beside.joint is None:
        message = (
            f"Combinations of two senders were not tested: more than {MOST_AGENTS} agents, or more memory than is set "
            "apart; a receiver that answers to two agents only together is missed."
        )
        return (Notice(code="not-computed", message=message, where=_WHERE),)
    found: dict[str, None] = {}
    for receiver, sender in np.argwhere(beside.answers(q)).tolist():
        other = int(beside.joint.partner[receiver, sender])
        if other == receiver:
            found[f"{agents[receiver]} to {agents[sender]} with its own last action"] = None
        else:
            first, second = sorted((sender, other))
            found[f"{agents[receiver]} to {agents[first]} and {agents[second]} together"] = None
    if not found:
        return ()
    named = "; ".join(list(found)[:4]) + (f"; and {len(found) - 4:,} more" if len(found) > 4 else "")
    message = f"Some agents answer to combinations, beyond what each sender does alone: {named}."
    return (Notice(code="combinations", message=message, where=_WHERE),)


def _common_cause_notices(light: Light, agents: Sequence[str]) -> tuple[Notice, ...]:
    """Warn where agents surprise at the same step, which agents that act apart cannot do without a common cause."""
    if light.strongest is None:
        return ()
    known = light.p_value[np.isfinite(light.p_value)]
    pairs = [(first, second) for second in range(len(agents)) for first in range(second)]
    first, second = pairs[light.strongest]
    return (
        common_cause_notice(light.n_lit, len(known), float(known.min()), strongest=(agents[first], agents[second])),
    )


def common_cause_notice(n_lit: int, n_pairs: int, p_value: float, *, strongest: tuple[str, str]) -> Notice:
    """Return the warning that an unlogged common cause may stand behind edges.

    Parameters
    ----------
    n_lit, n_pairs
        Pairs that act together at the same step, and those that were looked at.
    p_value
        The smallest, family-wise.
    strongest
        The two agents that do so most.
    """
    first, second = strongest
    message = (
        f"{n_lit:,} of {n_pairs:,} pairs of agents act together at the same step beyond all that was logged "
        f"(family-wise p {p_value:.2g}), most of all {first} and {second}: an unlogged common cause may stand behind "
        "edges. Only those count that are stronger than a cause of that strength could make."
    )
    return Notice(code="unlogged-common-cause", message=message, where=_WHERE)
