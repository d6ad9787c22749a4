"""The split of the found role's entropy into declared role, agent, starting situation, and what is left."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from convscope.behaviour.groups import Group, agent_places, episode_groups
from convscope.behaviour.model import N_FOLDS
from convscope.ingest.names import in_numbered_order
from convscope.randomness import generator
from convscope.roles.explained.losses import UnitTable, dealt_gains, declared_gain, held_out_losses
from convscope.roles.explained.situation import situation_columns
from convscope.roles.explained.starts import Starts
from convscope.values.arrays import FloatArray
from convscope.values.chance import p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.explained import Explained, Part
from convscope.values.log import TrajectoryLog
from convscope.values.roles import RoleAssignment

_FEWEST_EPISODES = 3 * N_FOLDS
_N_RESAMPLED = 400
_N_DEALT = 199


def explain_roles(
    roles: RoleAssignment, log: TrajectoryLog, starts: Starts | None, *, agents: Sequence[str], config: AnalysisConfig
) -> Explained | None:
    """Return how far declared roles, agents and starting situations explain the found roles; None for a single one.

    Within each run, since conventions may differ between runs; the runs' entropies are added up. A part is what
    predicting from it as well gains in episodes that the predictor has not seen, so that nothing gains nothing.

    Parameters
    ----------
    roles
        Found roles.
    log
        The log; only its header and its table of episodes are looked at.
    starts
        First rows of its episodes.
    agents
        Names of the analysed agents.
    config
        ``checkpoint`` and ``seed`` are used.
    """
    if starts is None or roles.k is None or roles.k < 2:
        return None
    tables = [
        table
        for group in episode_groups(log, config)
        if group.is_analysed and (table := _units(roles, log, starts, group=group, agents=agents)) is not None
    ]
    if not tables:
        return None
    with threadpool_limits(1):
        losses = [held_out_losses(table) for table in tables]
    rng = generator(config.seed, "roles", "explained")
    drawn = sum(_resampled(table, loss, rng) for table, loss in zip(tables, losses, strict=True))
    total = np.concatenate(losses).sum(axis=0)
    if total[0] <= 0:
        return None
    shares, spread = _shares(total[np.newaxis])[0], _shares(np.asarray(drawn))
    parts = [_part(shares[place], spread[:, place]) for place in range(4)]
    has_declared = any((table.declared >= 0).any() for table in tables)
    has_situation = any(table.situation.shape[1] for table in tables)
    n_units = sum(len(table.role) for table in tables)
    by_chance, p_value = _against_dealt(tables, rng, total[0]) if has_declared else (None, None)
    return Explained(
        declared=parts[0] if has_declared else None,
        declared_by_chance=by_chance,
        declared_p_value=p_value,
        agent=parts[1],
        situation=parts[2] if has_situation else None,
        unexplained=parts[3],
        entropy=float(total[0] / n_units),
        n_units=n_units,
    )


def _against_dealt(tables: Sequence[UnitTable], rng: np.random.Generator, whole: float) -> tuple[float, float]:
    """Return the share that labels dealt anew explain, and the p of those that were declared."""
    dealt = np.sum([dealt_gains(table, n_draws=_N_DEALT, rng=rng) for table in tables], axis=0)
    observed = sum(declared_gain(table, table.declared) for table in tables)
    return float(np.maximum(dealt, 0.0).mean() / whole), p_of_draws(observed, dealt)


def _units(
    roles: RoleAssignment, log: TrajectoryLog, starts: Starts, *, group: Group, agents: Sequence[str]
) -> UnitTable | None:
    """Return the units of one run in the order of what episodes hold; None where there are too few episodes."""
    mine = starts.rows(np.isin(starts.episode, group.episodes))
    names = in_numbered_order(agents)
    place_of = {int(log.episodes.number[row]): place for place, row in enumerate(mine.episode.tolist())}
    table = roles.table.filter(
        (pl.col("run") == group.run_name)
        & pl.col("checkpoint").eq_missing(group.checkpoint)
        & pl.col("role").is_not_null()
        & pl.col("episode").is_in(list(place_of))
    )
    if table["episode"].n_unique() < _FEWEST_EPISODES:
        return None
    episode = np.array([place_of[number] for number in table["episode"].to_list()], dtype=np.int64)
    agent = np.array([names.index(name) for name in table["agent"].to_list()], dtype=np.int64)
    declared = [log.header.roles.index(name) if name else -1 for name in table["declared_role"].to_list()]
    situation = situation_columns(mine, log.header, agent_places(log, names).tolist())
    order = np.lexsort((agent, episode))
    return UnitTable(
        unit_episode=episode[order],
        declared=np.array(declared, dtype=np.int64)[order],
        agent=agent[order],
        role=table["role"].to_numpy().astype(np.int64)[order],
        situation=situation[episode, agent][order],
        n_roles=int(roles.k or 1),
    )


def _resampled(table: UnitTable, losses: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the sums of losses over resampled episodes, shape (draws, 4)."""
    present, place = np.unique(table.unit_episode, return_inverse=True)
    sums = np.zeros((len(present), losses.shape[1]))
    np.add.at(sums, place, losses)
    weights = rng.multinomial(len(present), np.full(len(present), 1 / len(present)), size=_N_RESAMPLED)
    return np.asarray(weights @ sums, dtype=np.float64)


def _shares(totals: FloatArray) -> FloatArray:
    """Return the parts of each row of four total losses, shape (n, 4); what gains nothing has no part."""
    reached = np.minimum.accumulate(totals, axis=1)
    gains = reached[:, :-1] - reached[:, 1:]
    whole = np.maximum(totals[:, :1], 1e-300)
    return np.concatenate([gains, reached[:, -1:]], axis=1) / whole


def _part(value: float, drawn: FloatArray) -> Part:
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return Part(share=float(value), interval=(low, high))
