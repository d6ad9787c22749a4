"""The split of the found role's entropy into declared role, agent, starting situation, and what is left."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

from convscope.behaviour.groups import Group, agent_places, episode_groups
from convscope.behaviour.model import N_FOLDS
from convscope.ingest.names import in_numbered_order
from convscope.randomness import generator
from convscope.roles.explained.alike import dealt_alike, episodes_alike
from convscope.roles.explained.losses import UnitTable, dealt_gains, declared_gain, held_out_losses
from convscope.roles.explained.situation import situation_columns
from convscope.roles.explained.starts import Starts
from convscope.values.arrays import FloatArray
from convscope.values.chance import p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.explained import Alike, Explained, Part
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope.values.roles import RoleAssignment

_FEWEST_EPISODES = 3 * N_FOLDS
_N_RESAMPLED = 400
_N_DEALT = 199
MOST_UNITS = 20_000
"""Units that are explained, of all runs; of more, whole episodes are chosen by what they hold."""
_FEWEST_RUNS = 3


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
    groups = [group for group in episode_groups(log, config) if group.is_analysed]
    most = max(MOST_UNITS // max(len(groups) * len(agents), 1), _FEWEST_EPISODES)
    tables = [
        table
        for group in groups
        if (table := _units(roles, log, _first(starts, group, most), group=group, agents=agents)) is not None
    ]
    if not tables:
        return None
    with threadpool_limits(1):
        losses = [held_out_losses(table) for table in tables]
    rng = generator(config.seed, "roles", "explained")
    total = np.concatenate(losses).sum(axis=0)
    if total[0] <= 0:
        return None
    shares, is_over_runs = _shares(total[np.newaxis])[0], len(tables) >= _FEWEST_RUNS
    intervals = over_runs(losses, shares) if is_over_runs else _over_episodes(tables, losses, rng)
    parts = [Part(share=float(shares[place]), interval=intervals[place]) for place in range(4)]
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
        alike=_alike(tables, generator(config.seed, "roles", "explained", "alike")),
        is_over_runs=is_over_runs,
        notices=_sampled(groups, starts, most),
    )


def over_runs(losses: Sequence[FloatArray], shares: FloatArray) -> list[tuple[float, float]]:
    """Return Student's t intervals over runs, of shares that are ratios of sums.

    Parameters
    ----------
    losses
        Of the units of each run, as `held_out_losses` returns them, shape (n, 4) each.
    shares
        Of all runs together, shape (4,).
    """
    totals = np.array([loss.sum(axis=0) for loss in losses])
    whole, n_runs = totals[:, :1], len(totals)
    left = _shares(totals) * whole - shares * whole
    error = np.sqrt((left**2).sum(axis=0) * n_runs / (n_runs - 1)) / whole.sum()
    half = stdtrit(n_runs - 1, 0.975) * error
    low, high = np.clip(shares - half, 0.0, 1.0), np.clip(shares + half, 0.0, 1.0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _first(starts: Starts, group: Group, most: int) -> Starts:
    """Return a run's starts, of at most so many episodes: those whose digests are smallest."""
    return starts.rows(np.flatnonzero(np.isin(starts.episode, group.episodes))[:most])


def _sampled(groups: Sequence[Group], starts: Starts, most: int) -> tuple[Notice, ...]:
    """Say which episodes of a large log are explained."""
    n_whole = max(len(group.episodes) for group in groups)
    n_held = max(int(np.isin(starts.episode, group.episodes).sum()) for group in groups)
    if n_whole == n_held <= most:
        return ()
    message = (
        f"who decides who does what is asked in at most {min(most, n_held)} episodes of each run (the longest has "
        f"{n_whole}), chosen by a digest of what happened in them"
    )
    return (Notice(code="sampled", message=message, where="roles.explained"),)


def _alike(tables: Sequence[UnitTable], rng: np.random.Generator) -> Alike | None:
    counts = np.sum([episodes_alike(table) for table in tables], axis=0)
    n_alike, n_episodes = (int(count) for count in counts)
    if not n_episodes:
        return None
    dealt = np.sum([dealt_alike(table, n_draws=_N_DEALT, rng=rng) for table in tables], axis=0)
    return Alike(
        share=n_alike / n_episodes,
        by_chance=float(dealt.mean()) / n_episodes,
        p_value=(1 + int((dealt >= n_alike).sum())) / (1 + _N_DEALT),
        n_episodes=n_episodes,
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
    names = in_numbered_order(agents)
    place_of = {int(log.episodes.number[row]): place for place, row in enumerate(starts.episode.tolist())}
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
    situation = situation_columns(starts, log.header, agent_places(log, names).tolist())
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


def _over_episodes(
    tables: Sequence[UnitTable], losses: Sequence[FloatArray], rng: np.random.Generator
) -> list[tuple[float, float]]:
    drawn = sum(_resampled(table, loss, rng) for table, loss in zip(tables, losses, strict=True))
    low, high = np.quantile(_shares(np.asarray(drawn)), [0.025, 0.975], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))
