"""Compares the reading of a hand-made log with the world that it was written from."""

import numpy as np

from convscope.errors import AmbiguousLogError, ConvscopeError
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.detection.judging import Outcome, Verdict, rows_of
from tests.convscope_loaders.variants.worlds import joined


def judge_variant(path, worlds, layout, written):
    world = joined(worlds)
    match = LOADER.sniff(probe(path, path.name))
    if match.score != 0.5:
        return Verdict(outcome=Outcome.REFUSED, why=match.reason)
    try:
        log = open_logs([path], loader="hdf5")
        difference = difference_of(log, world, layout, written)
    except AmbiguousLogError as error:
        return Verdict(outcome=Outcome.AMBIGUOUS, why=str(error))
    except ConvscopeError as error:
        return Verdict(outcome=Outcome.REFUSED, why=str(error))
    return Verdict(outcome=Outcome.WRONG if difference else Outcome.RIGHT, why=difference)


def difference_of(log, world, layout, written):
    """Return the first difference between a reading and what was written; empty where there is none."""
    expected = list(written.agents or [f"agent_{slot}" for slot in range(world.n_agents)])
    names = [plain(agent.name) for agent in log.header.agents]
    if sorted(names) != sorted(map(plain, expected)):
        return f"agents {names}, not {expected}"
    if tuple(log.episodes.length.tolist()) != world.lengths:
        return f"lengths {log.episodes.length.tolist()}, not {list(world.lengths)}"
    order = [names.index(plain(name)) for name in expected]
    return (
        _difference_of_ends(log, world)
        or _difference_of_labels(log, written)
        or _difference_of_columns(log, world, layout, fields=written.fields, order=order)
    )


def _difference_of_ends(log, world):
    right = {EndKind.TERMINATED: True, EndKind.TRUNCATED: False}
    for number, (kind, ended) in enumerate(zip(log.episodes.end.tolist(), world.is_terminated, strict=True)):
        if kind == EndKind.CUT or right.get(kind, ended) != ended:
            return f"the end of episode {number} is {kind}"
    return ""


def _difference_of_labels(log, written):
    table = log.episodes
    for number, (run, checkpoint, condition) in enumerate(written.labels):
        told = (table.run_name(number), table.checkpoint_label(number), table.condition_name(number))
        if told != (run or table.runs[0], checkpoint, condition):
            return f"episode {number} is of {told}, not {(run, checkpoint, condition)}"
    return ""


def _difference_of_columns(log, world, layout, *, fields, order):
    status, columns = rows_of(log, *fields)
    if (status != Status.ACTING).any():
        return "not every agent acts in every step"
    said = " ".join(notice.message for notice in log.header.notices)
    for name in fields:
        expected = np.concatenate(_told(name, world))
        called = layout.called["rewards" if name == "team_rewards" else name]
        if name not in columns:
            if f"/{called}" in said or f".{called}" in said:
                continue
            return f"no {name}; there are {[spec.name for spec in log.header.fields]}"
        mine = columns[name] if name == "team_rewards" else columns[name][:, order]
        if mine.shape != expected.shape or not np.allclose(mine, expected, rtol=1e-4, atol=1e-5):
            return f"{name} {mine.shape} are not those that were written {expected.shape}"
    return ""


def _told(name, world):
    return {
        "observations": [array[:-1] for array in world.observations],
        "actions": [a if a.ndim == 3 else a[..., None] for a in world.actions],
        "rewards": world.rewards,
        "positions": [array[:-1] for array in world.positions],
        "team_rewards": [rewards.sum(axis=1) for rewards in world.rewards],
    }[name]


def plain(name):
    return (
        name.replace("agent", "agent_").replace("__", "_")
        if "agent" in name
        else (f"agent_{name}" if name.isdecimal() else name)
    )
