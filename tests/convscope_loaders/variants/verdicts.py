"""Compares the reading of a hand-made log with the world that it was written from."""

import numpy as np

from convscope.errors import AmbiguousLogError, ConvscopeError
from convscope.ingest.open import open_logs
from convscope.values.status import EndKind
from tests.convscope_loaders.detection.judging import Outcome, Verdict, rows_of
from tests.convscope_loaders.variants.worlds import joined


def judge_variant(path, worlds, layout, written):
    world = joined(worlds)
    try:
        log = open_logs([path], loader="hdf5")
        difference = difference_of(log, world, layout, written)
    except AmbiguousLogError as error:
        return Verdict(outcome=Outcome.AMBIGUOUS, why=str(error))
    except ConvscopeError as error:
        return Verdict(outcome=Outcome.REFUSED, why=str(error))
    return Verdict(outcome=Outcome.WRONG if difference else Outcome.RIGHT, why=difference)


def difference_of(log, world, layout, written):
    names = [agent.name for agent in log.header.agents]
    expected = list(written.agents or [f"agent_{slot}" for slot in range(world.n_agents)])
    if sorted(map(plain, names)) != sorted(map(plain, expected)):
        return f"agents {names}, not {expected}"
    order = [list(map(plain, names)).index(plain(name)) for name in expected]
    if tuple(log.episodes.length.tolist()) != world.lengths:
        return f"lengths {log.episodes.length.tolist()}, not {list(world.lengths)}"
    for number, (kind, ended) in enumerate(zip(log.episodes.end.tolist(), world.is_terminated, strict=True)):
        if kind in {EndKind.TERMINATED, EndKind.TRUNCATED} and (kind == EndKind.TERMINATED) != ended:
            return f"the end of episode {number} is {kind}"
        if kind == EndKind.CUT:
            return f"episode {number} is cut"
    for number, (run, checkpoint, condition) in enumerate(written.labels):
        told = (
            log.episodes.run_name(number),
            log.episodes.checkpoint_label(number),
            log.episodes.condition_name(number),
        )
        if told != (run or log.episodes.runs[0], checkpoint, condition):
            return f"episode {number} is of {told}, not {(run, checkpoint, condition)}"
    said = " ".join(notice.message for notice in log.header.notices)
    status, columns = rows_of(log, *written.fields)
    if (status != 1).any():
        return "not every agent acts in every step"
    for name in written.fields:
        told = {
            "observations": lambda: [array[:-1] for array in world.observations],
            "actions": lambda: [a if a.ndim == 3 else a[..., None] for a in world.actions],
            "rewards": lambda: world.rewards,
            "positions": lambda: [array[:-1] for array in world.positions],
            "team_rewards": lambda: [rewards.sum(axis=1) for rewards in world.rewards],
        }[name]()
        called = layout.called.get("rewards" if name == "team_rewards" else name, name)
        if name not in columns:
            if f"/{called}" in said or f".{called}" in said:
                continue
            return f"no {name}; there are {[spec.name for spec in log.header.fields]}"
        mine = columns[name] if name == "team_rewards" else columns[name][:, order]
        if mine.shape != np.concatenate(told).shape:
            return f"{name} have the shape {mine.shape}, not {np.concatenate(told).shape}"
        if not np.allclose(mine, np.concatenate(told), rtol=1e-4, atol=1e-5):
            return f"{name} differ"
    return ""


def plain(name):
    return (
        name.replace("agent", "agent_").replace("__", "_")
        if "agent" in name
        else (f"agent_{name}" if name.isdecimal() else name)
    )
