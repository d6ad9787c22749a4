"""Exchanging agents exchanges their rows and changes nothing else, to the last bit, whatever the log holds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.values.config import AnalysisConfig
from convscope.values.features import UNIT_KEYS
from convscope.values.header import ActionKind, ActionSpace
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind
from convscope.values.status import Status

NAMES = ("ann", "bob", "cid", "dee", "eve")
LENGTHS = (3, 30, 1, 30)
OF_TEAM = {"entity_positions", "team_rewards", "state"}
SPACES = {
    "discrete": ActionSpace(kind=ActionKind.DISCRETE, n=(4,)),
    "multi-discrete": ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=(4, 4), width=2),
    "continuous": ActionSpace(kind=ActionKind.CONTINUOUS, width=2),
}


def arrays(seed, kind, is_grid):
    rng = np.random.default_rng(seed)
    n, rows = len(NAMES), sum(LENGTHS)
    drawn = rng.normal(size=(rows, n, 2)) if kind == "continuous" else rng.integers(4, size=(rows, n, 2)).astype(float)
    moves = rng.integers(-1, 2, size=(rows, n, 2)).astype(float)
    moves[1:, 1] = moves[:-1, 0]
    positions = moves.cumsum(axis=0) if is_grid else (moves + rng.normal(size=moves.shape) / 9).cumsum(axis=0)
    columns = {
        "actions": drawn[:, :, :1] if kind == "discrete" else drawn,
        "positions": positions,
        "entity_positions": rng.normal(size=(rows, 3, 2)),
        "rewards": rng.normal(size=(rows, n)),
        "team_rewards": rng.normal(size=rows),
        "observations": rng.normal(size=(rows, n, 6)),
        "messages": rng.integers(3, size=(rows, n, 2)).astype(float),
        "hidden_states": rng.normal(size=(rows, n, 5)),
        "info/held": rng.integers(3, size=(rows, n)).astype(float),
        "info/health": rng.integers(9, size=(rows, n)).astype(float),
    }
    if kind == "discrete":
        columns["action_logits"] = rng.normal(size=(rows, n, 4))
    for name in set(columns) - {"actions"}:
        columns[name][rng.uniform(size=columns[name].shape) < 0.02] = np.nan
    columns["observations"][:, 4, 4:] = np.nan
    return columns, rng.choice([1, 1, 1, 1, 2, 3, 0], size=(rows, n)).astype(np.uint8)


def dead_stays_dead(status):
    start = 0
    for length in LENGTHS:
        part = status[start : start + length]
        part[np.maximum.accumulate(part == Status.DEAD, axis=0)] = Status.DEAD
        start += length
    return status


def frame_of(columns, status, *, order, kind, teams):
    order = list(order)
    names = [NAMES[agent] for agent in order]
    moved = {name: column if name in OF_TEAM else column[:, order] for name, column in columns.items()}
    log = log_from_arrays(moved, LENGTHS, names, status=status[:, order])
    spaces = [SPACES[kind]] * 4 + [SPACES["continuous"]]
    agents = tuple(
        replace(a, team=teams[agent], action_space=spaces[agent], group="narrow" if agent == 4 else "wide")
        for a, agent in zip(log.header.agents, order, strict=True)
    )
    widths = {"observations": tuple(4 if agent == 4 else 6 for agent in order)}
    named = {"info/held": ("none", "dish", "soup")}
    fields = tuple(
        replace(spec, widths=widths.get(spec.name), values=named.get(spec.name, ())) for spec in log.header.fields
    )
    slots = (
        Slot(kind=SlotKind.NEAREST, rank=1, columns=(1, 2)),
        Slot(kind=SlotKind.AGENT, agent="bob", columns=(3,)),
    )
    layout = ObservationLayout(receivers=(ReceiverLayout(name="all", agents=NAMES, own=(0,), slots=slots),))
    header = replace(log.header, agents=agents, fields=fields, layout=layout)
    log = replace(log, header=header)
    with open_executor(1) as executor:
        (table,) = run_folds(log, [FeatureFold(log, AnalysisConfig())], executor=executor, max_bytes=9000)
    return table.frame


@pytest.mark.parametrize("kind", list(SPACES))
@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 9999), order=st.permutations(range(5)), is_grid=st.booleans(), are_two=st.booleans())
def test_exchanging_agents_exchanges_their_rows_to_the_last_bit(kind, seed, order, is_grid, are_two):
    columns, status = arrays(seed, kind, is_grid)
    status = dead_stays_dead(status)
    teams = ("red", "red", "red", "blue", "blue") if are_two else (None,) * 5
    before = frame_of(columns, status, order=range(5), kind=kind, teams=teams)
    after = frame_of(columns, status, order=order, kind=kind, teams=teams)
    assert before.columns == after.columns
    expected = before.sort("episode", "agent").drop(UNIT_KEYS)
    found = after.sort("episode", "agent").drop(UNIT_KEYS)
    for name in expected.columns:
        np.testing.assert_array_equal(expected[name].to_numpy(), found[name].to_numpy(), err_msg=name)
