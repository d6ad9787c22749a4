"""Policies as a user names them on the command line, held against a log."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from math import prod
from pathlib import Path

import numpy as np

from convscope.errors import LayoutError, PolicyError, UsageError
from convscope.ingest.policy.asking import Questions, ask, first_states, output_is_probabilities
from convscope.ingest.policy.log_side import LogSide
from convscope.ingest.policy.opening import open_policy, policy_file
from convscope.ingest.policy.table import PolicyTable, read_policy_table
from convscope.ingest.policy.wiring import Wirer
from convscope.ingest.toml_document import TomlKind, listed, read_toml
from convscope.values.fields import ACTION_MASKS, OBSERVATIONS
from convscope.values.header import ActionKind, Agent
from convscope.values.log import TrajectoryLog
from convscope.values.policy import AgentPolicy, OutputKind, Signature

_LAYOUT = TomlKind(name="layout file", error=LayoutError)
_N_ROWS = 3
"""Made-up ones, on which a policy is tried."""


def attach_policies(log: TrajectoryLog, policies: Sequence[str], layout: Path | None = None) -> TrajectoryLog:
    """Return the log with the policies that its agents act by.

    Parameters
    ----------
    log
        The log.
    policies
        ``FILE`` for a policy of all agents, ``PATTERN=FILE`` for that of some; one policy for an agent.
    layout
        Layout file whose table ``[policy]`` says which input takes what; None where there is one way only.

    Raises
    ------
    UsageError
        If there is no such file, or a pattern fits no agent or an agent has two policies.
    PolicyError
        If a policy cannot be run, or does not fit the log; both signatures are in the message.
    """
    table = read_policy_table(read_toml(layout, _LAYOUT)) if layout else None
    if not log.has(OBSERVATIONS):
        raise UsageError("the log holds no observations that a policy could be asked about")
    attached = tuple(_attached(log, spec, table) for spec in policies)
    owner: dict[str, str] = {}
    for policy in attached:
        for agent in policy.agents:
            if agent in owner:
                raise UsageError(f"agent {agent!r:.80} has two policies; write --policy 'PATTERN=FILE' for each")
            owner[agent] = policy.file.name
    return replace(log, header=replace(log.header, policies=attached))


def _attached(log: TrajectoryLog, spec: str, table: PolicyTable | None) -> AgentPolicy:
    pattern, separator, path = spec.partition("=")
    file = policy_file(Path(path if separator else spec))
    agents = _agents(log, pattern if separator else "*")
    model = open_policy(file)
    side = _widened(_side(log, agents), model.signature, table)
    wirer = Wirer(name=file.name, signature=model.signature, side=side)
    wiring = wirer.wiring(table)
    names = [agent.name for agent in agents]
    everyone = [agent.name for agent in log.header.agents]
    counted = names if wiring.is_joint or wiring.n_agents == len(names) else everyone
    policy = AgentPolicy(
        file=file,
        signature=model.signature,
        wiring=wiring,
        agents=tuple(names),
        numbers=tuple(counted.index(name) for name in names),
        n_actions=side.n_actions,
    )
    try:
        return _tried(policy, side, is_declared=table is not None)
    except PolicyError as error:
        raise wirer.fault(str(error).removeprefix(f"{file.name} ")) from error


def _agents(log: TrajectoryLog, pattern: str) -> list[Agent]:
    agents = log.header.agents
    found = [agent for agent in agents if agent.name == pattern or fnmatchcase(agent.name, pattern)]
    if not found:
        raise UsageError(f"no agent of the log fits {pattern!r:.80}; its agents are {listed(a.name for a in agents)}")
    return found


def _side(log: TrajectoryLog, agents: Sequence[Agent]) -> LogSide:
    spec, places = log.header.field(OBSERVATIONS), [log.header.agents.index(agent) for agent in agents]
    widths = {prod(spec.shape) if spec.widths is None else spec.widths[place] for place in places}
    spaces = {agent.action_space for agent in agents}
    if len(widths) > 1 or len(spaces) > 1:
        raise UsageError(
            "the agents of one policy differ in their observations or actions; name a policy for each kind, "
            "as in --policy 'adversary_*=a.onnx' --policy 'agent_*=b.onnx'"
        )
    (space,) = spaces
    if space.kind is ActionKind.MULTI_DISCRETE:
        raise UsageError("actions are several choices at once, which policies are not asked about")
    return LogSide(
        n_columns=widths.pop(),
        shape=spec.shape,
        kind=space.kind,
        n_actions=space.n[0] if space.kind is ActionKind.DISCRETE else space.width,
        n_served=len(agents),
        n_agents=len(log.header.agents),
        has_masks=log.has(ACTION_MASKS),
    )


def _widened(side: LogSide, signature: Signature, table: PolicyTable | None) -> LogSide:
    """Return the log's side with the choices that the policy has beyond those that the log shows."""
    shapes = [spec.shape for spec in signature.outputs if table is None or spec.name == table.output]
    width = shapes[0][-1] if len(shapes) == 1 and shapes[0] else None
    is_wider = side.kind is ActionKind.DISCRETE and isinstance(width, int) and width > side.n_actions
    return replace(side, n_actions=width) if is_wider and isinstance(width, int) and not side.has_masks else side


def _tried(policy: AgentPolicy, side: LogSide, *, is_declared: bool) -> AgentPolicy:
    """Return the policy after it answered a few made-up rows; what it says without a table may be probabilities.

    Raises
    ------
    PolicyError
        If its answer to a row depends on the rows beside it.
    """
    questions = _made_up(policy, side)
    answers = ask(policy, questions)
    alone = np.concatenate([ask(policy, questions.taken(np.array([row]))).output for row in range(_N_ROWS)])
    if not np.allclose(answers.output, alone, rtol=1e-3, atol=1e-4):
        raise PolicyError(
            f"{policy.file.name} answers a row by what stands in the others: where these are its agents, say "
            'axes = ["agent", "column"]'
        )
    if is_declared or not output_is_probabilities(answers, policy.wiring.kind):
        return policy
    return replace(policy, wiring=replace(policy.wiring, kind=OutputKind.PROBABILITIES))


def _made_up(policy: AgentPolicy, side: LogSide) -> Questions:
    n_company = len(policy.agents) if policy.wiring.is_joint else 0
    return Questions(
        observations=np.sin(np.arange(_N_ROWS * side.n_columns)).reshape(_N_ROWS, side.n_columns),
        last_actions=np.zeros((_N_ROWS, side.n_actions)),
        masks=np.ones((_N_ROWS, side.n_actions)),
        numbers=np.full(_N_ROWS, policy.numbers[0]),
        states=first_states(policy.wiring, _N_ROWS),
        company=np.zeros((_N_ROWS, n_company, side.n_columns)),
    )
