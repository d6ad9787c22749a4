"""What must be said of messages that cannot be measured, or only in part."""

from collections.abc import Iterator, Mapping, Sequence

from convscope.routing.messages.symbols import MOST_SYMBOLS
from convscope.routing.messages.talk import Talk
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS, MESSAGES
from convscope.values.figures import count
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope.values.messages import MessageMeasures

_WHERE = "messages"


def why_not(log: TrajectoryLog, talks: Mapping[str, Talk], places: Sequence[int]) -> str:
    """Return why messages are not measured; empty where they are."""
    if not log.has(MESSAGES) or not log.has(ACTIONS):
        return "The log holds no messages beside actions: nothing is said about signalling and listening."
    if not log.header.identities_persist:
        return "Slots are filled anew in each episode: messages between slots are not measured."
    if not talks:
        return "Messages are measured from six episodes of a run on."
    if not any(each.is_speaker(place) for each in talks.values() for place in places):
        return "No analysed agent sends messages that differ."
    return ""


def unmeasured(code: str, reason: str) -> MessageMeasures:
    """Return measures without a figure, and why."""
    return MessageMeasures(n_symbols=0, tests=(), notices=(Notice(code=code, message=reason, where=_WHERE),))


def message_notices(
    log: TrajectoryLog, talks: Mapping[str, Talk], *, n_measured: int, config: AnalysisConfig
) -> tuple[Notice, ...]:
    """Return what the figures rest on."""
    return tuple(
        Notice(code=code, message=text, where=_WHERE)
        for code, text in _said(log, talks, n_measured=n_measured, config=config)
    )


def _said(
    log: TrajectoryLog, talks: Mapping[str, Talk], *, n_measured: int, config: AnalysisConfig
) -> Iterator[tuple[str, str]]:
    if any(each.messages.is_cut for each in talks.values()):
        yield (
            "messages-cut",
            (
                f"Messages take more than {MOST_SYMBOLS} values: the three components that vary most are cut at their "
                "medians, so that differences within a half are not seen."
            ),
        )
    if any(each.actions.is_cut for each in talks.values()):
        yield (
            "actions-cut",
            f"Actions take more than {MOST_SYMBOLS} values: for messages they are cut at medians as well.",
        )
    fixed = [
        agent.name
        for place, agent in enumerate(log.header.agents)
        if any(each.is_part_of_action[place] for each in talks.values())
    ]
    if fixed:
        yield (
            "message-in-action",
            (
                f"The actions of {', '.join(fixed)} fix the messages: either an action contains its message, and "
                "speaker consistency and lag 0 tell nothing, or the agent always announces what it does. The log does "
                "not say which, so both lags are asked."
            ),
        )
    if not any(each.law is not None and each.is_part_of_action.any() for each in talks.values()):
        yield (
            "not-computed",
            (
                "Causal influence of messages needs the probabilities that messages were drawn from; without them "
                "messages and actions may go together because both agents saw the same."
            ),
        )
    yield from _on_episodes(log, talks, n_measured=n_measured, config=config)


def _on_episodes(
    log: TrajectoryLog, talks: Mapping[str, Talk], *, n_measured: int, config: AnalysisConfig
) -> Iterator[tuple[str, str]]:
    """Say which episodes are measured, and how far."""
    cut = {run: each.actions.codes.shape[1] for run, each in talks.items() if each.n_left_out}
    if cut:
        yield (
            "messages-early-only",
            (
                f"Messages are measured in the first {min(cut.values()):,} timesteps of an episode, which three "
                "quarters of a run's episodes reach: shuffled episodes would not overlap later."
            ),
        )
    n_all = int(log.episodes.is_analysed(config.checkpoint).sum())
    if n_measured < n_all:
        yield "messages-thinned", f"Messages are measured on {count(n_measured, 'episode')} of {n_all}, evenly spread."
