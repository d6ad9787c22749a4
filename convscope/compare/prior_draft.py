"""A priors file to edit, drafted from a log."""

import re
from collections.abc import Sequence

from convscope.compare.prior_check import affordable_features
from convscope.ingest.toml_text import key_text, list_text, quoted_text
from convscope.values.log import TrajectoryLog

_MOST_ROLES = 12
"""More stems than these are no roles: every agent has a name of its own."""
_MOST_FEATURES = 200


def draft_prior(log: TrajectoryLog) -> str:
    """Return the text of a priors file that fits a log: its roles to rename, everything else a comment to take up.

    Roles are those that the log declares, else groups of agents, else the stems of their names; where none of these
    tells agents apart, all are in one role.
    """
    roles, told = _roles(log)
    names = list(roles) or list(log.header.roles)
    first, second = names[0], names[1 if len(names) > 1 else 0]
    held = (
        ["[roles]", *(f"{key_text(role)} = {list_text(agents)}" for role, agents in roles.items())]
        if roles
        else ["# The log labels its agents in each episode; its roles are: " + ", ".join(map(quoted_text, names))]
    )
    examples = [
        f"[routing.{key_text(first)}]  # how its attention should divide; leave out what is not declared",
        *(f"{key_text(role)} = 1.0" for role in names),
        '# or "any" in place of a number: does not matter',
        *(
            ["[order]  # more before less", f"{key_text(first)} = {list_text([f'{second} > {first}'])}"]
            * (second != first)
        ),
        f"[edges.{key_text(first)}]  # more than an even share, or less",
        f"required = {list_text([second])}",
        f"[behaviour.{key_text(first)}]  # high or low against the other roles",
        *(f'{quoted_text(name)} = "high"' for name in affordable_features(log)[:_MOST_FEATURES]),
        "[test]  # before looking at results",
        "margin = 0.5",
        "alpha = 0.05",
    ]
    lines = [f"# Draft: {told}. Edit it before you look at results.", *held, ""]
    return "\n".join([*lines, *(f"# {line}" for line in examples)]) + "\n"


def _roles(log: TrajectoryLog) -> tuple[dict[str, list[str]], str]:
    agents = [agent.name for agent in log.header.agents]
    labels = [agent.declared_role for agent in log.header.agents]
    if log.header.roles and not any(labels):
        return {}, "the log redraws roles, so that its own labels speak"
    if any(labels):
        return _grouped(agents, labels), "roles as the log declares them"
    groups = [agent.group for agent in log.header.agents]
    if 1 < len(set(groups)) < len(agents):
        return _grouped(agents, groups), "roles are the groups of agents with equal spaces"
    stems = [re.sub(r"[\W_]*\d+$", "", agent) or "agent" for agent in agents]
    if 1 < len(set(stems)) <= _MOST_ROLES:
        return _grouped(agents, stems), "roles are the beginnings of the agents' names"
    return {"everybody": agents}, "nothing in the log tells roles apart"


def _grouped(agents: Sequence[str], roles: Sequence[str | None]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for agent, role in zip(agents, roles, strict=True):
        if role is not None:
            grouped.setdefault(role, []).append(agent)
    return grouped
