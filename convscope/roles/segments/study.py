"""The roles of all agents within their episodes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from convscope.randomness import generator
from convscope.roles.segments.alike import unlike_kinds
from convscope.roles.segments.chain import dwell_times, stationary, switching_rate
from convscope.roles.segments.kinds import kinds_of, unit_roles
from convscope.roles.segments.numbering import Kind, kinds_in, number_kinds, roles_of_states
from convscope.roles.segments.reading import StepRows
from convscope.roles.segments.sequences import Sequences, law_of, sequences_of
from convscope.roles.segments.switching import Switching, find_switching
from convscope.roles.segments.table import no_segments, segment_table
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS
from convscope.values.header import ActionKind, ActionSpace, Notice
from convscope.values.log import TrajectoryLog
from convscope.values.roles import RoleAssignment
from convscope.values.segments import Dwell, Segments, SwitchTest

WHERE = "roles.switching_rate"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Group:
    """Agents with equal spaces in one run, and what was found about them."""

    place: tuple[str, str]
    checkpoint: str | None
    rows: IntArray
    """Rows of the steps, in the order of the sequences' own rows, shape (R,)."""
    sequences: Sequences
    kinds: list[Kind]
    found: Switching


def find_segments(
    rows: StepRows | None, roles: RoleAssignment, log: TrajectoryLog, *, config: AnalysisConfig
) -> Segments:
    """Follow the roles of agents through their episodes.

    Parameters
    ----------
    rows
        Steps of the analysed agents; None where the log holds neither actions nor positions.
    roles
        Roles of agents and units.
    log
        The log; only its header and its table of episodes are looked at.
    config
        ``alpha`` and ``seed`` are used.
    """
    if rows is None:
        return Segments(table=no_segments(), switching_rate=None, notices=(_no_acts(),))
    role = unit_roles_of_rows(rows, roles, log)
    groups = list(_groups(rows, roles, log, config=config))
    role_of, kinds = number_kinds([kind for group in groups for kind in group.kinds], roles.k or 1)
    for group in groups:
        states = group.found.state[group.sequences.sequence, group.sequences.window]
        role[group.rows] = roles_of_states(states, group.place, role_of)
    rate, dwell = _chain_figures(groups, len(rows.time), role_of)
    return Segments(
        table=segment_table(log, (rows.episode, rows.agent, rows.time), role),
        switching_rate=None if roles.k is None and not groups else rate,
        dwell=dwell,
        tests=tuple(test for group in groups for test in _tests(group, log)),
        kinds=kinds,
        notices=tuple(_notices(rows, groups, log, config=config)),
    )


def unit_roles_of_rows(rows: StepRows, roles: RoleAssignment, log: TrajectoryLog) -> IntArray:
    """Return the role of each step's whole unit, -1 for none, shape (R,)."""
    n_agents = len(log.header.agents)
    units, place = np.unique(rows.episode * n_agents + rows.agent, return_inverse=True)
    return unit_roles(units // n_agents, units % n_agents, log=log, roles=roles)[place]


def _groups(rows: StepRows, roles: RoleAssignment, log: TrajectoryLog, *, config: AnalysisConfig) -> Iterator[_Group]:
    """Follow each group of each run that has several kinds."""
    agents = log.header.agents
    for number, run in enumerate(log.episodes.runs):
        for name in dict.fromkeys(agent.group for agent in agents):
            is_member = np.array([agent.group == name for agent in agents], dtype=np.bool_)
            chosen: BoolArray = is_member[rows.agent] & (log.episodes.run[rows.episode] == number)
            law = law_of(_space(log, int(is_member.argmax())), rows.acts.shape[1])
            if law is None or not chosen.any():
                continue
            rng = generator(config.seed, "roles", "segments", run, name)
            mine, sequences = sequences_of(rows, chosen, law=law, rng=rng)
            kind = kinds_of(sequences, run, log=log, roles=roles)
            if kind is None:
                continue
            kind = unlike_kinds(sequences, kind, law=law, rng=rng)
            if kind.max() == 0:
                continue
            found = find_switching(sequences, kind, law=law, alpha=config.alpha, rng=rng)
            whole = unit_roles(sequences.episode, sequences.agent, log=log, roles=roles)
            names = [_names(sequences.agent[kind == each], log) for each in range(int(kind.max()) + 1)]
            yield _Group(
                place=(run, name),
                checkpoint=log.episodes.checkpoint_label(int(sequences.episode[0])),
                rows=mine,
                sequences=sequences,
                kinds=kinds_in((run, name), found.constant, whole, agents=names),
                found=found,
            )


def _space(log: TrajectoryLog, agent: int) -> ActionSpace:
    return log.header.agents[agent].action_space if log.has(ACTIONS) else ActionSpace(kind=ActionKind.CONTINUOUS)


def _names(agent: IntArray, log: TrajectoryLog) -> tuple[str, ...]:
    return tuple(sorted(log.header.agents[number].name for number in np.unique(agent).tolist()))


def _chain_figures(
    groups: list[_Group], n_steps: int, role_of: dict[tuple[tuple[str, str], int], int]
) -> tuple[float, tuple[Dwell, ...]]:
    """Switches per step of an analysed agent, and dwell times, each chain weighted by the steps of those who switch."""
    switches, total = 0.0, 0.0
    share: dict[int, float] = {}
    leaves: dict[int, float] = {}
    for group in groups:
        if not len(group.found.visited):
            continue
        n = float(np.isin(group.sequences.agent[group.sequences.sequence], _switching(group)).sum())
        per_step = _steps_per_window(group)
        switches += n * switching_rate(group.found.transition) / per_step
        total += n
        in_long_run = stationary(group.found.transition)
        dwell: FloatArray = dwell_times(group.found.transition) * per_step
        for kind, part, steps in zip(group.found.visited.tolist(), in_long_run.tolist(), dwell.tolist(), strict=True):
            role = role_of[group.place, kind]
            share[role] = share.get(role, 0.0) + n * part
            leaves[role] = leaves.get(role, 0.0) + n * part / steps
    found = [
        Dwell(role=role, steps=share[role] / leaves[role] if leaves[role] > 0 else None, share=share[role] / total)
        for role in sorted(share)
    ]
    return switches / max(n_steps, 1), tuple(found)


def _steps_per_window(group: _Group) -> float:
    n_windows = np.unique(group.sequences.sequence * (int(group.sequences.lengths.max()) + 1) + group.sequences.window)
    return len(group.sequences.window) / max(len(n_windows), 1)


def _switching(group: _Group) -> IntArray:
    return np.unique(group.sequences.agent[group.found.is_switched])


def _tests(group: _Group, log: TrajectoryLog) -> Iterator[SwitchTest]:
    found = group.found
    for agent, p_value, partner in zip(
        found.agents.tolist(), found.p_value.tolist(), found.partner.tolist(), strict=True
    ):
        mine = group.sequences.agent == agent
        yield SwitchTest(
            run=group.place[0],
            checkpoint=group.checkpoint,
            agent=log.header.agents[agent].name,
            partner=log.header.agents[partner].name if partner >= 0 else None,
            p_value=p_value,
            significant=bool(found.is_switched[mine].any()),
            n_episodes=int(mine.sum()),
            n_switched=int(found.is_switched[mine].sum()),
        )


def _notices(rows: StepRows, groups: list[_Group], log: TrajectoryLog, *, config: AnalysisConfig) -> Iterator[Notice]:
    n_read = len(np.unique(rows.episode))
    n_wanted = int(log.episodes.is_analysed(config.checkpoint).sum())
    if n_read < n_wanted:
        text = f"roles within episodes are followed in {n_read} of {n_wanted} episodes, sampled by hash"
        yield Notice(code="subset", message=text, where=WHERE)
    if not groups:
        text = (
            "no group of agents with equal actions has two kinds that behave differently: there is nothing to switch "
            "between, and what all agents pass through alike counts as one role"
        )
        yield Notice(code="not-applicable", message=text, where="roles.segments")
    for group in groups:
        if group.found.n_one_way:
            text = (
                f"run {group.place[0]}: {group.found.n_one_way} episodes of agents show a change between kinds of "
                "conduct that goes one way only: it may be a phase of the episode, and is not claimed"
            )
            yield Notice(code="one-way-changes", message=text, where="roles.segments")


def _no_acts() -> Notice:
    message = "the log holds neither actions nor positions: roles cannot be followed within episodes"
    return Notice(code="not-computed", message=message, where=WHERE)
