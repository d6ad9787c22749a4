"""How decided a policy is, where its probabilities were logged."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.features.family import features_of, holds
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.fields import ACTION_LOGITS, ACTION_PROBABILITIES, ACTIONS
from convscope.values.header import ActionKind, LogHeader


class Certainty:
    """Entropy of the logged action distribution, and how often the likeliest action is taken.

    The entropy is a mean over decisions, each over that of an even choice among the actions with a probability, so that
    agents with different numbers of actions compare; decisions with a single possible action count for neither.
    Probabilities as logged, else the softmax of the logits; what is not finite has no probability. An action counts as
    the likeliest when no other has a larger probability.

    References
    ----------
    Williams and Peng, "Function optimization using connectionist reinforcement learning algorithms" (1991), of a
    policy's entropy.
    """

    name = "certainty"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the actions, and the probabilities, else the logits."""
        return frozenset({ACTIONS, _source(header)})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no probabilities of discrete actions."""
        is_discrete = any(agent.action_space.kind is ActionKind.DISCRETE for agent in header.agents)
        if not holds(header, ACTIONS) or not is_discrete:
            return "the log holds no discrete actions"
        return None if holds(header, _source(header)) else "the log holds no action probabilities and no logits"

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("undecidedness", "0 to 1", "undecided policy", "decided policy"),
            ("takes its likeliest action", "share of steps", "takes its likeliest action", "explores"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Average over each unit's decisions."""
        probabilities = action_probabilities(decisions.vectors(_source(header)), is_logit=not _is_logged(header))
        is_mine = np.array([agent.action_space.kind is ActionKind.DISCRETE for agent in header.agents])
        probabilities[~is_mine[decisions.agent]] = np.nan
        n_choices = (probabilities > 0).sum(axis=1)
        positive = np.where(probabilities > 0, probabilities, 1.0)
        entropy = ratio(-(positive * np.log(positive)).sum(axis=1), np.log(np.maximum(n_choices, 1)))
        taken = decisions.vectors(ACTIONS)[:, 0]
        is_legal = (taken >= 0) & (taken < probabilities.shape[1]) & (n_choices > 1)
        column = np.where(is_legal, taken, 0.0).astype(np.int64)
        own = np.take_along_axis(probabilities, column[:, np.newaxis], axis=1)[:, 0]
        is_top = own >= np.nan_to_num(probabilities, nan=0.0).max(axis=1)
        return np.column_stack([decisions.mean(entropy), decisions.share(is_top, is_legal)])


CERTAINTY = Certainty()


def action_probabilities(values: FloatArray, *, is_logit: bool) -> FloatArray:
    """Return the probabilities of actions, rows of NaN where none is known.

    Parameters
    ----------
    values
        Probabilities or logits, NaN where there is none, shape (D, actions).
    is_logit
        Whether the softmax is still to be taken.
    """
    is_known = np.isfinite(values)
    top = np.max(np.where(is_known, values, -np.inf), axis=1, keepdims=True, initial=-np.inf)
    masses = np.where(is_known, np.exp(np.where(is_known, values - top, 0.0)) if is_logit else values, 0.0)
    masses = np.maximum(masses, 0.0)
    total = np.broadcast_to(masses.sum(axis=1, keepdims=True), masses.shape)
    return ratio(masses, total)


def _is_logged(header: LogHeader) -> bool:
    return holds(header, ACTION_PROBABILITIES)


def _source(header: LogHeader) -> str:
    return ACTION_PROBABILITIES if _is_logged(header) else ACTION_LOGITS
