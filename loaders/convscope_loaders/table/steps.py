"""Which lists of a table have an entry for each step of an episode, where a row is a whole one."""

import polars as pl

from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.columns import name_meaning
from convscope_loaders.table.worded import DEEDS, OF_AGENTS

_OF_STEPS = OF_AGENTS | {Meaning.TEAM_REWARD, Meaning.TIMESTEP}


def lists_of_steps(frame: pl.DataFrame) -> tuple[str, ...]:
    """Return the columns of such lists; none where a row is a timestep.

    Parameters
    ----------
    frame
        Columns of numbers, texts and lists; parts of structures are called ``actions/scout``.

    Returns
    -------
    tuple of str
        Lists are of steps if a row has no timestep, and the lists of actions differ in length between the episodes, or
        rewards, which are one number a step, are lists that are as long.
    """
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    meaning_of = {name: _meanings(name) for name in frame.columns}
    deeds = [name for name in lists if meaning_of[name] & DEEDS]
    single = [name for name in frame.columns if name not in lists]
    if not deeds or not len(frame) or any(Meaning.TIMESTEP in meaning_of[name] for name in single):
        return ()
    lengths = frame.select(pl.col(name).list.len().cast(pl.Int64) for name in lists)
    n_steps = lengths.select(pl.max_horizontal(deeds)).to_series()
    agent = next((name for name in single if Meaning.AGENT in meaning_of[name]), None)
    rewards = [name for name in lists if Meaning.REWARD in meaning_of[name] and _fits(lengths[name], n_steps)]
    has_rewards = any(_depth(frame.schema[name]) > 1 or agent is not None or len(deeds) > 1 for name in rewards)
    if not has_rewards and not _varies(n_steps, None if agent is None else frame[agent]):
        return ()
    return tuple(
        name
        for name in lists
        if (meaning_of[name] & _OF_STEPS and _fits(lengths[name], n_steps)) or lengths[name].equals(n_steps)
    )


def _meanings(name: str) -> frozenset[Meaning | None]:
    return frozenset(name_meaning(part) for part in (name, *name.split("/")))


def _fits(length: pl.Series, n_steps: pl.Series) -> bool:
    """Whether lists have an entry for each step, fewer for agents that leave, or one more after the last step."""
    return bool((length.fill_null(0) <= n_steps + 1).all())


def _varies(n_steps: pl.Series, agents: pl.Series | None) -> bool:
    """Whether lists differ in length, other than between agents."""
    if agents is None:
        return n_steps.n_unique() > 1
    kinds = pl.DataFrame([agents.alias("agent"), n_steps.alias("n")])
    return kinds.unique().height > kinds["agent"].n_unique()


def _depth(dtype: object) -> int:
    return 1 + _depth(dtype.inner) if isinstance(dtype, pl.List) else 0
