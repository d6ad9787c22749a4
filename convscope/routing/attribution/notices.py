"""What a reader of attributed edges should know: which policy, how well it fits the log, and what was left out."""

from collections.abc import Iterator, Sequence

import numpy as np

from convscope.behaviour.groups import Group
from convscope.routing.attribution.donors import N_DRAWS
from convscope.routing.attribution.fit import Verdict
from convscope.routing.attribution.parts import Part
from convscope.routing.attribution.study import SeatStudy
from convscope.routing.refusal import UnreadableSourceError
from convscope.values.figures import count
from convscope.values.header import Notice
from convscope.values.policy import OutputKind

_WHERE = "routing.edges"
_FAR = 0.5


def is_accepted(study: SeatStudy, *, is_only_run: bool) -> bool:
    """Return whether a policy is taken for the one that made an agent's steps.

    Where several runs are analysed, a policy that merely resembles one is another run's.
    """
    doubtful = (Verdict.DOUBTFUL,) if is_only_run else ()
    return study.fit.verdict in (Verdict.EXACT, Verdict.CONSISTENT, *doubtful)


def refuse_foreign(studied: Sequence[tuple[Group, Sequence[SeatStudy | None]]], accepted: int) -> None:
    """Refuse policies that made nothing of the log.

    Raises
    ------
    UnreadableSourceError
        If no agent's steps fit its policy.
    """
    fits = [(group, study) for group, studies in studied for study in studies if study is not None]
    if accepted > 0:
        return
    if not fits:
        raise UnreadableSourceError(
            "no analysed agent has a policy, a layout with slots and readable observations at once: "
            "see --policy and --layout"
        )
    group, study = fits[0]
    raise UnreadableSourceError(
        f"{study.seat.policy.file.name} is not the policy that made this log (run {group.run_name}), or observations "
        f"are changed on their way to it, as by a normaliser: {study.fit.words}"
    )


def attribution_notices(parts: Sequence[Part], *, groups: Sequence[Group], agents: Sequence[str]) -> tuple[Notice, ...]:
    """Return the notices.

    Parameters
    ----------
    parts
        Of the attributed runs.
    groups
        All runs and checkpoints of the log.
    agents
        Names of the analysed agents.
    """
    found = [
        *_fits(parts, agents),
        *_scope(parts, groups),
        *_assumptions(parts),
        *_gradients(parts),
        *_left_out(parts, agents),
        *_without(parts),
        *_far(parts),
        _sampled(parts),
    ]
    return tuple(dict.fromkeys(found))


def _fits(parts: Sequence[Part], agents: Sequence[str]) -> Iterator[Notice]:
    """Yield a notice for each file, run and verdict, with the figures of its first agent."""
    for part in parts:
        named = [(name, study) for name, study in zip(agents, part.studies, strict=True) if study is not None]
        for key in dict.fromkeys((study.seat.policy.file.name, study.fit.verdict) for _, study in named):
            same = [(name, study) for name, study in named if (study.seat.policy.file.name, study.fit.verdict) == key]
            first, study = same[0]
            what = f"{key[0]} against the steps of {count(len(same), 'agent')} in run {part.group.run_name}"
            figures = f"{what}; {first}: {study.fit.words}"
            if key[1] is Verdict.DOUBTFUL:
                message = f"Doubtful: {figures}. Edges describe the file, and perhaps not this team."
                yield Notice(code="policy-doubtful", message=message, where=_WHERE)
            else:
                yield Notice(code="policy-checked", message=f"Checked: {figures}.", where="routing")


def _scope(parts: Sequence[Part], groups: Sequence[Group]) -> Iterator[Notice]:
    kept = {id(part.group) for part in parts}
    others = [group for group in groups if id(group) not in kept]
    if others:
        runs = sum(group.is_analysed for group in others)
        tail = f", {runs} of them because the policy did not make its steps" if runs else ""
        message = (
            f"The policy at hand is of one checkpoint: {len(others)} other runs or checkpoints have no edges{tail}."
        )
        yield Notice(code="not-attributed", message=message, where=_WHERE)


def _assumptions(parts: Sequence[Part]) -> Iterator[Notice]:
    studies = [study for part in parts for study in part.studies if study is not None]
    # Agents of one file differ in the last digits alone: the first one speaks for them.
    for study in {study.seat.policy.file.name: study for study in reversed(studies)}.values():
        wiring = study.seat.policy.wiring
        if wiring.kind is OutputKind.VALUES:
            message = (
                f"{study.seat.policy.file.name} gives action values: {study.fit.words}; bits depend on that share."
            )
            yield Notice(code="policy-exploration", message=message, where=_WHERE)
        if wiring.kind is OutputKind.MEAN and wiring.log_spread is None:
            message = (
                f"{study.seat.policy.file.name} gives no spread of its actions: that of the logged actions about its "
                "means is taken, at least a hundredth of their own; bits depend on it."
            )
            yield Notice(code="policy-spread", message=message, where=_WHERE)


def _gradients(parts: Sequence[Part]) -> Iterator[Notice]:
    studies = [study for part in parts for study in part.studies if study is not None]
    without = sorted({study.seat.policy.file.name for study in studies if study.slopes is None})
    if without:
        message = (
            f"No gradients of {', '.join(without)}: ONNX has none, nor have hard steps. Edges do not rest on them."
        )
        yield Notice(code="not-computed", message=message, where="routing.attribution.gradient")


def _left_out(parts: Sequence[Part], agents: Sequence[str]) -> Iterator[Notice]:
    without = [name for place, name in enumerate(agents) if all(part.studies[place] is None for part in parts)]
    if without:
        message = f"{', '.join(without)} receive nothing here: no policy that fits, or no layout with slots."
        yield Notice(code="receivers-left-out", message=message, where=_WHERE)
    n_unreadable = sum(study.n_unreadable for part in parts for study in part.studies if study is not None)
    if n_unreadable:
        message = f"{n_unreadable:,} steps of receivers were left out because an observation is NaN or infinite."
        yield Notice(code="rows-unreadable", message=message, where=_WHERE)


def _without(parts: Sequence[Part]) -> Iterator[Notice]:
    uses = [study.use for part in parts for study in part.studies if study is not None]
    n_wanted, n_without = sum(use.n_wanted for use in uses), sum(use.n_without for use in uses)
    if 0 < n_without < n_wanted:
        message = (
            f"{n_without:,} of {n_wanted:,} replacements (step and sender) were left out, because fewer than {N_DRAWS} "
            "steps of other episodes had the same agents acting."
        )
        yield Notice(code="replacements-left-out", message=message, where=_WHERE)


def _far(parts: Sequence[Part]) -> Iterator[Notice]:
    closeness = [study.use.closeness for part in parts for study in part.studies if study is not None]
    known = np.concatenate([values[np.isfinite(values)] for values in closeness])
    if len(known) == 0:
        message = "No step had enough steps of other episodes to borrow from: nothing was replaced."
        yield Notice(code="no-replacements", message=message, where=_WHERE)
    elif known.mean() > _FAR:
        message = (
            f"The steps that lend their values are, in all else, at {np.sqrt(known.mean()):.0%} of the distance of any "
            "step: replacements come close to marginal ones, and the policy was asked about observations that the team "
            "may never meet."
        )
        yield Notice(code="replacement-far", message=message, where=_WHERE)


def _sampled(parts: Sequence[Part]) -> Notice:
    n_episodes = sum(len(part.group.episodes) for part in parts)
    n_chosen = sum(len(part.episode) for part in parts)
    message = (
        f"Policies were asked about {sum(part.n_rows for part in parts):,} steps of {n_chosen:,} of {n_episodes:,} "
        "episodes, chosen by their content."
    )
    return Notice(code="sampled", message=message, where=_WHERE)
