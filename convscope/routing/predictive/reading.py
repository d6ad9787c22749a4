"""From a block of rows to the columns of the predictive test."""

from collections.abc import Callable, Sequence

import numpy as np

from convscope.behaviour.acting import is_live
from convscope.routing.predictive.columns import Column, Kind
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTION_MASKS, ACTIONS, ENTITY_POSITIONS, MESSAGES, OBSERVATIONS, POSITIONS
from convscope.values.log import Block


def read_columns(block: Block, columns: Sequence[Column]) -> FloatArray:
    """Return the columns' values, shape (T, C); NaN where an agent does not act or a value is missing or infinite."""
    result = np.full((block.n_rows, len(columns)), np.nan)
    for kind, (needed, read) in _READERS.items():
        places = [place for place, column in enumerate(columns) if column.kind == kind]
        # A study may join files of which some lack a field: their cells stay missing.
        if places and needed <= block.columns.keys():
            is_run = places[-1] - places[0] == len(places) - 1
            at = slice(places[0], places[-1] + 1) if is_run else places
            result[:, at] = read(block, [columns[place] for place in places])
    result[np.isinf(result)] = np.nan
    return result


def _symbols(block: Block, columns: Sequence[Column]) -> FloatArray:
    chosen = _while_acting(block, ACTIONS, columns)
    values = np.array([column.value for column in columns], dtype=np.float64)
    shown: FloatArray = np.equal(chosen, values).astype(np.float64)
    shown[~np.isfinite(chosen)] = np.nan
    return shown


def _actions(block: Block, columns: Sequence[Column]) -> FloatArray:
    return _while_acting(block, ACTIONS, columns)


def _messages(block: Block, columns: Sequence[Column]) -> FloatArray:
    return _while_acting(block, MESSAGES, columns)


def _positions(block: Block, columns: Sequence[Column]) -> FloatArray:
    return _positions_of(block, _agents(columns), _components(columns))


def _places(block: Block, columns: Sequence[Column]) -> FloatArray:
    return _while_acting(block, OBSERVATIONS, columns)


def _acting(block: Block, columns: Sequence[Column]) -> FloatArray:
    return block.is_acting[:, _agents(columns)].astype(np.float64)


def _legal(block: Block, columns: Sequence[Column]) -> FloatArray:
    values = np.array([column.value for column in columns])
    return np.where(
        block.is_acting[:, _agents(columns)], block.columns[ACTION_MASKS][:, _agents(columns), values], np.nan
    )


def _entities(block: Block, columns: Sequence[Column]) -> FloatArray:
    return block.columns[ENTITY_POSITIONS][:, _partners(columns), _components(columns)]


def _thing_bearings(block: Block, columns: Sequence[Column]) -> FloatArray:
    n_axes = 1 + max(column.component for column in columns)
    agents, firsts = _agents(columns), _partners(columns)
    seen = block.columns[OBSERVATIONS]
    return _unit_parts(np.stack([seen[:, agents, firsts + axis] for axis in range(n_axes)]), columns)


def _entity_bearings(block: Block, columns: Sequence[Column]) -> FloatArray:
    things = block.columns[ENTITY_POSITIONS]
    return _unit_vectors(block, columns, lambda axes: things[:, _partners(columns), axes])


_Reader = Callable[[Block, Sequence[Column]], FloatArray]
_READERS: dict[Kind, tuple[frozenset[str], _Reader]] = {
    Kind.SYMBOL: (frozenset({ACTIONS}), _symbols),
    Kind.ACTION: (frozenset({ACTIONS}), _actions),
    Kind.MESSAGE: (frozenset({MESSAGES}), _messages),
    Kind.POSITION: (frozenset({POSITIONS}), _positions),
    Kind.PLACE: (frozenset({OBSERVATIONS}), _places),
    Kind.ACTING: (frozenset(), _acting),
    Kind.LEGAL: (frozenset({ACTION_MASKS}), _legal),
    Kind.ENTITY: (frozenset({ENTITY_POSITIONS}), _entities),
    Kind.THING_BEARING: (frozenset({OBSERVATIONS}), _thing_bearings),
    Kind.ENTITY_BEARING: (frozenset({POSITIONS, ENTITY_POSITIONS}), _entity_bearings),
}


def _unit_vectors(block: Block, columns: Sequence[Column], end: Callable[[IntArray], FloatArray]) -> FloatArray:
    n_axes = 1 + max(column.component for column in columns)
    axes = [np.full(len(columns), axis) for axis in range(n_axes)]
    away = np.stack([end(axis) - _positions_of(block, _agents(columns), axis) for axis in axes])
    return _unit_parts(away, columns)


def _unit_parts(away: FloatArray, columns: Sequence[Column]) -> FloatArray:
    """Return the wanted component of each vector at length 1; vectors have shape (axes, T, columns)."""
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.sqrt(np.square(away).sum(axis=0))
    part = away[_components(columns), :, np.arange(len(columns))].T
    # Two agents in one place have no direction between them: 0 says so.
    nowhere = np.where(np.isfinite(length), 0.0, np.nan)
    unit: FloatArray = np.divide(part, length, out=nowhere, where=length > 0)
    return unit


def _positions_of(block: Block, agents: IntArray, axes: IntArray) -> FloatArray:
    return np.where(is_live(block)[:, agents], block.columns[POSITIONS][:, agents, axes], np.nan)


def _while_acting(block: Block, field: str, columns: Sequence[Column]) -> FloatArray:
    held = np.where(block.is_acting[:, :, None], block.columns[field], np.nan)
    return held[:, _agents(columns), _components(columns)]


def _agents(columns: Sequence[Column]) -> IntArray:
    return np.array([column.agent for column in columns])


def _partners(columns: Sequence[Column]) -> IntArray:
    return np.array([column.partner for column in columns])


def _components(columns: Sequence[Column]) -> IntArray:
    return np.array([column.component for column in columns])
