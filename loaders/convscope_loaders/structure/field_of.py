"""Which field of a log an array of each meaning is."""

from collections.abc import Mapping
from types import MappingProxyType

from convscope.values import fields as names
from convscope_loaders.structure.lexicon import Meaning

FIELD_OF: Mapping[Meaning, str] = MappingProxyType(
    {
        Meaning.OBSERVATION: names.OBSERVATIONS,
        Meaning.ACTION: names.ACTIONS,
        Meaning.ACTION_ONE_HOT: names.ACTIONS,
        Meaning.ACTION_MASK: names.ACTION_MASKS,
        Meaning.LOGITS: names.ACTION_LOGITS,
        Meaning.PROBABILITIES: names.ACTION_PROBABILITIES,
        Meaning.REWARD: names.REWARDS,
        Meaning.HIDDEN: names.HIDDEN_STATES,
        Meaning.MESSAGE: names.MESSAGES,
        Meaning.POSITION: names.POSITIONS,
        Meaning.STATE: names.STATE,
        Meaning.ATTENTION: names.ATTENTION,
        Meaning.GATE: names.GATES,
    }
)
"""Of arrays with the axes of that field; those without an axis of agents may be the team's."""
