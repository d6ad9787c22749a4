"""The measures of communication: what messages tell, and whether anybody listens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.behaviour.groups import agent_places, episode_groups
from convscope.randomness import generator
from convscope.routing.edges import q_values
from convscope.routing.messages.information import information, redrawn_tables, shuffled_tables
from convscope.routing.messages.notices import message_notices, unmeasured, why_not
from convscope.routing.messages.reading import Heard
from convscope.routing.messages.talk import Talk, one_hot, talk
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.chance import p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog
from convscope.values.messages import MessageMeasure, MessageMeasures, MessageTest

_FEWEST_EPISODES = 6
_FEWEST_ROWS = 50
_MOST_WORK = 5e9
"""Additions in all shuffles, some twenty seconds."""
_TOO_MUCH = "Too many senders, listeners and symbols to measure messages; --agents chooses some."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What one figure is about; agents by place in the log."""

    measure: MessageMeasure
    sender: int
    receiver: int
    lag: int


def message_measures(
    log: TrajectoryLog, heard: Sequence[Heard], *, config: AnalysisConfig, agents: Sequence[str]
) -> MessageMeasures:
    """Measure what messages tell of their senders, and what their listeners make of them.

    Parameters
    ----------
    log
        The log.
    heard
        From `MessageFold`.
    config
        Its ``q``, ``n_permutations`` and ``seed``.
    agents
        Names of the analysed agents.

    Returns
    -------
    MessageMeasures
        Without tests, and with the reason among its notices, where nothing was measured.

    References
    ----------
    Lowe et al., "On the pitfalls of measuring emergent communication", AAMAS 2019: speaker consistency, instantaneous
    coordination, causal influence of communication. Jaques et al., "Social influence as intrinsic motivation for
    multi-agent deep reinforcement learning", ICML 2019: the expected divergence of the listener's policy from its mean
    over messages. The nulls are ours: whole episodes shuffled within runs; for causal influence, messages drawn anew
    from their logged probabilities.
    """
    talks = _talks(log, heard, config)
    places = agent_places(log, agents).tolist()
    reason = why_not(log, talks, places)
    if reason:
        return unmeasured("not-applicable", reason)
    questions = list(dict.fromkeys(_questions(talks, places)))
    if (
        sum(_work(question, each) for question in questions for each in talks.values())
        > _MOST_WORK / config.n_permutations
    ):
        return unmeasured("not-computed", _TOO_MUCH)
    names = [agent.name for agent in log.header.agents]
    found = [_test(question, talks, names=names, config=config) for question in questions]
    tests = tuple(
        test
        for measure in MessageMeasure
        for test in _corrected([each for each in found if each and each.measure is measure], config.q)
    )
    notices = message_notices(log, talks, n_measured=len(heard), config=config)
    return MessageMeasures(n_symbols=max(each.messages.n for each in talks.values()), tests=tests, notices=notices)


def _talks(log: TrajectoryLog, heard: Sequence[Heard], config: AnalysisConfig) -> dict[str, Talk]:
    found: dict[str, Talk] = {}
    for group in episode_groups(log, config):
        members = set(group.episodes.tolist())
        episodes = [each for each in heard if each.episode in members]
        if group.is_analysed and len(episodes) >= _FEWEST_EPISODES:
            found[group.run_name] = talk(episodes, log.episodes.condition[[episode.episode for episode in episodes]])
    return found


def _questions(talks: Mapping[str, Talk], places: Sequence[int]) -> Iterator[_Question]:
    for each in talks.values():
        for sender in filter(each.is_speaker, places):
            is_part = bool(each.is_part_of_action[sender])
            yield _Question(measure=MessageMeasure.SPEAKER_CONSISTENCY, sender=sender, receiver=sender, lag=0)
            measures = [MessageMeasure.INSTANTANEOUS_COORDINATION]
            measures += [MessageMeasure.SOCIAL_INFLUENCE] if each.policies is not None else []
            # A log does not say whether an action contains the message or a speaker announces what it does.
            asked = [(measure, lag) for lag in (0, 1) for measure in measures]
            # A message that is chosen together with an action cannot be heard before the next one.
            asked += [(MessageMeasure.CAUSAL_INFLUENCE, 1)] if each.law is not None and is_part else []
            for receiver in (place for place in places if place != sender):
                for measure, lag in asked:
                    yield _Question(measure=measure, sender=sender, receiver=receiver, lag=lag)


def _work(question: _Question, each: Talk) -> int:
    n_strata = each.actions.n if question.measure is MessageMeasure.SOCIAL_INFLUENCE else 1
    return len(each.messages.codes) * each.messages.n * n_strata * each.actions.n


def _test(
    question: _Question, talks: Mapping[str, Talk], *, names: Sequence[str], config: AnalysisConfig
) -> MessageTest | None:
    """Return the figure of all runs together, each by its number of samples; None where there are too few."""
    sums, n_samples = np.zeros(1 + config.n_permutations), 0.0
    for run, each in talks.items():
        place = (question.measure, names[question.sender], names[question.receiver], str(question.lag))
        rng = generator(config.seed, "messages", run, *place)
        messages, outcomes = _messages(each, question), _outcomes(each, question)
        n_rows = float((messages.sum(axis=-1) * (outcomes.sum(axis=(-2, -1)) > 0)).sum())
        if n_rows < _FEWEST_ROWS:
            continue
        sums += n_rows * information(
            _tables(question, each, messages=messages, outcomes=outcomes, n_draws=config.n_permutations, rng=rng)
        )
        n_samples += n_rows
    if not n_samples:
        return None
    observed, *drawn = (sums / n_samples).tolist()
    null = np.array(drawn)
    p_value = p_of_draws(observed, null)
    return MessageTest(
        measure=question.measure,
        sender=names[question.sender],
        receiver=names[question.receiver],
        lag=question.lag,
        bits=observed,
        floor=float(null.mean()),
        p_value=p_value,
        q_value=p_value,
        significant=False,
    )


def _tables(
    question: _Question,
    each: Talk,
    *,
    messages: FloatArray,
    outcomes: FloatArray,
    n_draws: int,
    rng: np.random.Generator,
) -> FloatArray:
    if question.measure is MessageMeasure.CAUSAL_INFLUENCE and each.law is not None:
        law = each.law[:, : messages.shape[1], question.sender]
        return redrawn_tables(messages, outcomes, np.nan_to_num(law), n_draws=n_draws, rng=rng)
    own = np.arange(len(messages))
    orders = np.array([own, *(_shuffled(each.conditions, rng) for _ in range(n_draws))])
    return shuffled_tables(messages, outcomes, orders)


def _shuffled(conditions: IntArray, rng: np.random.Generator) -> IntArray:
    """Return an order of the episodes that lets each take the place of one of its condition."""
    drawn = rng.permutation(len(conditions))
    order = np.empty_like(drawn)
    order[np.argsort(conditions, kind="stable")] = drawn[np.argsort(conditions[drawn], kind="stable")]
    return order


def _messages(each: Talk, question: _Question) -> FloatArray:
    codes = each.messages.codes[:, : each.messages.codes.shape[1] - question.lag, question.sender]
    sent = one_hot(codes, each.messages.n)
    if question.measure is MessageMeasure.CAUSAL_INFLUENCE and each.law is not None:
        law = each.law[:, : codes.shape[1], question.sender]
        sent *= np.isfinite(law).all(axis=-1, keepdims=True)
    return sent


def _outcomes(each: Talk, question: _Question) -> FloatArray:
    """Return the listener's actions or policy, in strata of its last action where the measure asks for it."""
    acted = each.actions.codes[..., question.receiver]
    taken = one_hot(acted, each.actions.n)
    is_policy = question.measure in (MessageMeasure.SOCIAL_INFLUENCE, MessageMeasure.CAUSAL_INFLUENCE)
    if is_policy and each.policies is not None:
        own = each.policies[..., question.receiver, :]
        taken = np.where(np.isfinite(own).all(axis=-1, keepdims=True), own, 0.0)
    if question.measure is not MessageMeasure.SOCIAL_INFLUENCE:
        return taken[:, question.lag :, None, :]
    last = np.concatenate([np.full((len(acted), 1), -1), acted[:, :-1]], axis=1)
    return (one_hot(last, each.actions.n)[..., None] * taken[..., None, :])[:, question.lag :]


def _corrected(tests: Sequence[MessageTest], q: float) -> list[MessageTest]:
    rates = q_values(np.array([test.p_value for test in tests])).tolist()
    return [replace(test, q_value=rate, significant=rate <= q) for test, rate in zip(tests, rates, strict=True)]
