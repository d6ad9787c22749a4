"""A mapping to edit, for a table that can be read in more than one way: what the names of its columns suggest."""

from collections.abc import Sequence

from convscope.ingest.mapping import LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.table_mapping import TableField, TableMapping
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.table.agents import divided, find_agents, numbered_agents
from convscope_loaders.table.columns import Column, plain_words, single, vector
from convscope_loaders.table.worded import action_like

_FIELDS = {ACTIONS: Meaning.ACTION, OBSERVATIONS: Meaning.OBSERVATION, REWARDS: Meaning.REWARD}


def sketch(columns: Sequence[Column], table: str | None) -> str:
    """Return the text of a mapping file that names a column for whatever has one.

    Parameters
    ----------
    columns
        Of the table.
    table
        As in `TableMapping`.
    """
    names = [column.shown for column in columns]
    agent = _first(columns, Meaning.AGENT)
    found = None if agent is not None else find_agents(names) or numbered_agents(names)
    agents = () if found is None else (*found.agents, *found.doubtful.values())
    template_of = divided(names, agents) if agents else {}
    episode = _first(columns, Meaning.EPISODE_ID)
    mapping = TableMapping(
        table=table,
        agent=agent,
        agents=() if agent is not None else agents or ("agent_0",),
        episode=(episode,) if episode is not None else (),
        time=_first(columns, Meaning.TIMESTEP),
        run=_first(columns, Meaning.RUN),
        fields=tuple(
            TableField(name=name, columns=tuple(dict.fromkeys(template_of.get(own.shown, own.shown) for own in group)))
            for name, meaning in _FIELDS.items()
            for group in _groups(columns, meaning)
        ),
    )
    return mapping_text(LogMapping(table=mapping))


def _groups(columns: Sequence[Column], meaning: Meaning) -> Sequence[Sequence[Column]]:
    """Return the columns of a field, side by side; for actions those that only speak of some, where none is one."""
    found = vector(columns, meaning)[:1]
    if found or meaning is not Meaning.ACTION:
        return found
    speaking = [column for column in columns if action_like([plain_words(column.path)])]
    return [speaking] if speaking else []


def _first(columns: Sequence[Column], meaning: Meaning) -> str | None:
    return next((column.shown for column in single(columns, meaning)), None)
