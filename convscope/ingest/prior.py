"""Declared roles and routing: from a priors file (``docs/priors.md``), or from a log's own labels."""

import math
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from convscope.errors import PriorsError
from convscope.ingest.faults import Faults
from convscope.ingest.prior_statements import (
    read_behaviours,
    read_composite,
    read_edges,
    read_orders,
    read_preference,
    read_test_number,
)
from convscope.ingest.toml_document import TomlDocument, TomlKind, listed, read_toml
from convscope.values.arrays import IntArray
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope.values.prior import RolePrior

_PRIORS = TomlKind(name="priors file", error=PriorsError)
_TABLES = ("roles", "routing", "order", "edges", "behaviour", "composite", "test")


def read_prior(path: Path, log: TrajectoryLog) -> RolePrior:
    """Read a priors file and hold it against a log.

    Parameters
    ----------
    path
        A TOML file; without ``[roles]`` the log's own labels are the declared roles.
    log
        The log whose agents the patterns name. Agents that no pattern fits stay undeclared.

    Raises
    ------
    UsageError
        If there is no such file.
    PriorsError
        If the file does not say what it should or does not fit the log; the message names the line.
    """
    document = read_toml(path, _PRIORS)
    faults = Faults()
    document.known_keys((), _TABLES, "key", faults=faults)
    roles, role_of = _roles(document, log, faults)
    return _stated(document, roles, faults, role_of=role_of)


def read_declared_routing(path: Path) -> RolePrior:
    """Read the roles and the routing of a priors file without a log, as for a study that is only planned.

    Raises
    ------
    UsageError
        If there is no such file.
    PriorsError
        If the file does not say what it should, or names no roles.
    """
    document = read_toml(path, _PRIORS)
    faults = Faults()
    document.known_keys((), _TABLES, "key", faults=faults)
    roles = tuple(document.table("roles"))
    if not roles:
        raise document.fault("no [roles]; a plan needs their names", ("roles",))
    return _stated(document, roles, faults, role_of={})


def prior_from_labels(log: TrajectoryLog) -> RolePrior | None:
    """Return the roles that the log itself declares; None when it declares none."""
    if not log.header.roles:
        return None
    return RolePrior(roles=log.header.roles, role_of=_labels(log))


def declare(log: TrajectoryLog, prior: RolePrior) -> TrajectoryLog:
    """Return the log with the prior's roles as the declared ones.

    Parameters
    ----------
    log
        Any log; agents that the prior does not name become undeclared.
    prior
        When it names no agents, the log's own labels stay and are only renumbered.

    Raises
    ------
    PriorsError
        If the prior leaves the roles to the log's labels but lacks one of them.
    """
    codes = _codes_by_agent(log, prior) if prior.role_of else _codes_by_label(log, prior)
    own, is_labelled = _renumbered(log, prior), log.episodes.declared_roles >= 0
    if prior.role_of == _labels(log):
        # The log's own labels stay as they are; an agent without one in some files has that of the others.
        codes = np.where(own >= 0, own, codes)
    agents = tuple(replace(agent, declared_role=prior.role_of.get(agent.name)) for agent in log.header.agents)
    is_replaced = bool((is_labelled & ((codes != own) | (own < 0))).any())
    return replace(
        log,
        header=replace(
            log.header,
            roles=prior.roles,
            agents=agents,
            notices=(*log.header.notices, _REPLACED) if is_replaced else log.header.notices,
        ),
        episodes=replace(log.episodes, declared_roles=codes),
    )


_REPLACED = Notice(
    code="labels-replaced",
    message="the log labels its agents with roles of its own; those of the prior are used instead",
)


def _stated(document: TomlDocument, roles: tuple[str, ...], faults: Faults, *, role_of: Mapping[str, str]) -> RolePrior:
    """Read what stands beside the roles; raise whatever was found wrong, all of it."""
    margin, alpha = (
        read_test_number(document, name, upper=upper, faults=faults)
        for name, upper in (("margin", math.inf), ("alpha", 1.0))
    )
    document.known_keys(("test",), ("margin", "alpha"), "key", faults=faults)
    prior = RolePrior(
        roles=roles,
        role_of=role_of,
        preference=read_preference(document, roles, faults),
        orders=read_orders(document, roles, faults),
        edges=read_edges(document, roles, faults),
        behaviours=read_behaviours(document, roles, faults),
        composite=read_composite(document, faults),
        margin=margin,
        alpha=alpha,
        sha256=document.sha256,
        file=document.file,
    )
    faults.raise_all()
    return prior


def _roles(document: TomlDocument, log: TrajectoryLog, faults: Faults) -> tuple[tuple[str, ...], Mapping[str, str]]:
    if "roles" not in document.content:
        if not log.header.roles:
            agents = listed(agent.name for agent in log.header.agents)
            raise document.fault(f"no [roles], and the log declares none itself; its agents are {agents}")
        return log.header.roles, _labels(log)
    names = tuple(document.table("roles"))
    if not names:
        raise document.fault("[roles] names no role", ("roles",))
    role_of: dict[str, str] = {}
    held = tuple(agent.name for agent in log.header.agents)
    for role in names:
        with faults.kept():
            for pattern in document.texts("roles", role):
                with faults.kept():
                    _enrol(document, (role, pattern), held, role_of=role_of)
    return names, role_of


def _enrol(document: TomlDocument, line: tuple[str, str], agents: tuple[str, ...], *, role_of: dict[str, str]) -> None:
    """Give the agents that fit a pattern their role."""
    role, pattern = line
    # A name comes first: it may hold brackets, which a pattern reads as a choice of letters.
    found = [agent for agent in agents if agent == pattern] or [a for a in agents if fnmatchcase(a, pattern)]
    if not found:
        what = "pattern" if set(pattern) & set("*?[") else "agent"
        message = f"no agent of the log fits the {what} {pattern!r:.80}; its agents are {listed(agents)}"
        raise document.fault(message, ("roles", role), pattern)
    for agent in found:
        other = role_of.setdefault(agent, role)
        if other != role:
            message = f"agent {agent!r:.80} is in two roles, {other!r} and {role!r}; narrow one of the patterns"
            raise document.fault(message, ("roles", role), pattern)


def _labels(log: TrajectoryLog) -> dict[str, str]:
    return {agent.name: agent.declared_role for agent in log.header.agents if agent.declared_role is not None}


def _codes_by_agent(log: TrajectoryLog, prior: RolePrior) -> IntArray:
    codes = [_code(prior, prior.role_of.get(agent.name)) for agent in log.header.agents]
    return np.tile(np.array(codes, dtype=np.int64), (log.episodes.n_episodes, 1))


def _codes_by_label(log: TrajectoryLog, prior: RolePrior) -> IntArray:
    missing = [role for role in log.header.roles if role not in prior.roles]
    if missing:
        raise PriorsError(f"the log declares the role {missing[0]!r:.80}; the prior has only {listed(prior.roles)}")
    return _renumbered(log, prior)


def _renumbered(log: TrajectoryLog, prior: RolePrior) -> IntArray:
    codes = np.array([*(_code(prior, role) for role in log.header.roles), -1], dtype=np.int64)
    return np.asarray(codes[log.episodes.declared_roles], dtype=np.int64)  # -1 takes the last entry, which is -1


def _code(prior: RolePrior, role: str | None) -> int:
    return prior.roles.index(role) if role in prior.roles else -1
