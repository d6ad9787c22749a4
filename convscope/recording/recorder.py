"""The recorder: takes episodes from any program and keeps them in a convscope log that grows."""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import numpy.typing as npt

from convscope.errors import UsageError
from convscope.ingest.hdf5.writing import encode_text
from convscope.recording.batch import BatchTrace
from convscope.recording.disks import is_shared_disk
from convscope.recording.episode import GivenColumn, Labels, recorded_episode
from convscope.recording.journal import CommitRule, Journal
from convscope.recording.layout import About
from convscope.recording.recording_file import LABEL_BYTES
from convscope.recording.spaces import action_space_of
from convscope.recording.trace import EpisodeTrace
from convscope.values.fields import Weights, check_weights
from convscope.values.status import EndKind

SHARED_SECONDS = 60.0
"""Time between commits on a disk that machines share, where each makes a file."""


class Recorder:
    """Keeps episodes in a convscope log.

    Episodes come whole (`add_episode`), step by step (`start_episode`), or in the steps of many environments
    (`start_batch`). They are *committed* together: a committed episode survives the death of the process, bit for bit,
    and others can read it while the file grows.

    Parameters
    ----------
    path
        Where nothing is yet; nothing is ever overwritten. What has no room in the file later on (another agent, another
        column, a wider one) begins a second one beside it, ``log.0002.h5``.
    agents
        Names, in the order of the agent axis of arrays. Agents that are only named in mappings join at the end.
    action_spaces
        Of agents by name: `ActionSpace`, or a space of Gymnasium. What is left out is told by the actions seen.
    roles, teams
        Declared roles, and teams: patterns over agents' names by role or team, such as ``{"scout": ["scout_*"]}``.
    framework, environment
        Names, for the provenance.
    run, checkpoint, condition
        What the episodes belong to; each can be set anew between episodes.
    interventions_randomized
        Whether the interventions that episodes hold are drawn at random, given the time in the episode: only then is
        what follows them taken for their effect.
    weights
        What attention, gates and addressed messages say by their sums and of receivers themselves, by field; see
        `Weights`.
    commit_seconds
        Time after which the end of an episode commits all that are finished; 0 commits each.
    is_live
        Whether others may read a file while it grows. Left out, it is tried unless the disk is shared by machines;
        without it every commit makes a file of its own.

    Raises
    ------
    OutputError
        If something is at the path already, or the folder cannot be written.
    UsageError
        If ``weights`` speak of a field that is none of pairs.
    """

    def __init__(  # noqa: PLR0913  every option is a keyword
        self,
        path: str | Path,
        *,
        agents: Sequence[str] = (),
        action_spaces: Mapping[str, object] | None = None,
        roles: Mapping[str, Sequence[str]] | None = None,
        teams: Mapping[str, Sequence[str]] | None = None,
        framework: str | None = None,
        environment: str | None = None,
        run: str | None = None,
        checkpoint: str | None = None,
        condition: str | None = None,
        interventions_randomized: bool = False,
        weights: Mapping[str, Weights] | None = None,
        commit_seconds: float = 1.0,
        is_live: bool | None = None,
    ) -> None:
        check_weights(weights or {})
        self.agents = tuple(agents)
        labels = Labels(run=_label(run), checkpoint=_label(checkpoint), condition=_label(condition))
        place = Path(path).absolute()  # the program may go on in another folder
        is_shared = is_live is None and is_shared_disk(place.parent)
        rule = CommitRule(seconds=SHARED_SECONDS if is_shared and commit_seconds else commit_seconds)
        self._journal = Journal(place, rule, is_live=not is_shared if is_live is None else is_live)
        if is_shared:
            self.note(f"{place.parent} is on a disk that machines share: a file that grows there cannot be read safely")
        self._journal.labels = labels
        # Also at the end of the program, where nobody called close.
        self._closing = weakref.finalize(self, self._journal.close)
        self._journal.about = About(
            roles=roles or {},
            teams=teams or {},
            interventions_randomized=interventions_randomized,
            weights=weights or {},
        )
        self.describe(action_spaces=action_spaces, framework=framework, environment=environment)

    @property
    def run(self) -> str | None:
        """Name of the run that episodes belong to from now on; None for the one that is called after the file."""
        return self._journal.labels.run

    @run.setter
    def run(self, label: str | None) -> None:
        self._journal.labels = replace(self._journal.labels, run=_label(label))

    @property
    def checkpoint(self) -> str | None:
        """Label of the checkpoint that episodes belong to from now on, such as ``update_40``."""
        return self._journal.labels.checkpoint

    @checkpoint.setter
    def checkpoint(self, label: str | None) -> None:
        self._journal.labels = replace(self._journal.labels, checkpoint=_label(label))

    @property
    def condition(self) -> str | None:
        """Layout, map or scenario of episodes from now on."""
        return self._journal.labels.condition

    @condition.setter
    def condition(self, label: str | None) -> None:
        self._journal.labels = replace(self._journal.labels, condition=_label(label))

    @property
    def labels(self) -> Labels:
        """All three of them."""
        return self._journal.labels

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files so far, in order."""
        return tuple(self._journal.paths)

    @property
    def n_episodes(self) -> int:
        """Finished episodes."""
        return self._journal.n_episodes

    @property
    def n_committed(self) -> int:
        """Finished episodes that survive the death of the process."""
        return self._journal.n_committed

    def describe(
        self,
        *,
        action_spaces: Mapping[str, object] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
        framework: str | None = None,
        environment: str | None = None,
    ) -> None:
        """Add what is known of the agents and the environment; it counts for files that are begun later.

        A framework and an environment that were named already keep their names.

        Parameters
        ----------
        action_spaces, framework, environment
            As for the recorder.
        groups
            Groups that the framework forms, as patterns over agents' names. Agents of one group that differ in their
            spaces are parted all the same.
        """
        self._journal.spaces |= {agent: action_space_of(space) for agent, space in (action_spaces or {}).items()}
        about = self._journal.about
        self._journal.about = replace(
            about,
            groups={**about.groups, **(groups or {})},
            framework=about.framework or framework,
            environment=about.environment or environment,
        )

    def assume(self, sentence: str) -> None:
        """Keep with the log what is taken for granted of the episodes, a sentence for people."""
        self._journal.assume(sentence)

    def note(self, sentence: str) -> None:
        """Warn of something that the episodes lack (`RecordingWarning`), once, and keep it with the log."""
        self._journal.note(sentence)

    def add_episode(
        self,
        columns: Mapping[str, GivenColumn],
        *,
        end: EndKind,
        length: int | None = None,
        status: npt.ArrayLike | None = None,
        agents: Sequence[str] | None = None,
        labels: Labels | None = None,
    ) -> None:
        """Take a whole episode.

        Parameters
        ----------
        columns, length, status
            As `recorded_episode` takes them; the arrays are copied.
        end
            How the episode ended.
        agents
            In the order of the agent axis; those of the recorder when left out.
        labels
            What it belongs to; the labels of the recorder when left out.

        Raises
        ------
        UsageError
            If the columns do not fit each other or the episodes before them, or the recorder is closed or belongs to
            another process.
        OutputError
            If it cannot be written.
        """
        episode = recorded_episode(
            columns,
            agents=self.agents if agents is None else agents,
            end=end,
            length=length,
            status=status,
            labels=labels or self._journal.labels,
        )
        self._journal.add(episode)

    def start_episode(self, *, labels: Labels | None = None) -> EpisodeTrace:
        """Return an episode to be recorded step by step.

        Parameters
        ----------
        labels
            What it belongs to; the labels of the recorder at this moment when left out.
        """
        return EpisodeTrace(self.agents, labels or self._journal.labels, self._journal)

    def start_batch(self, n_envs: int, *, agents: Sequence[str] | None = None, sees_death: bool = True) -> BatchTrace:
        """Return what takes the steps of environments that step together.

        Parameters
        ----------
        n_envs
            Environments.
        agents
            In the order of the agent axis; those of the recorder when left out.
        sees_death
            Whether what there is of an agent after the step that puts it out is its own last observation.
        """
        names = self.agents if agents is None else agents
        return BatchTrace(names, n_envs, self._journal, sees_death=sees_death)

    def commit(self) -> None:
        """Commit all finished episodes now.

        Raises
        ------
        UsageError
            If the recorder is closed, or belongs to another process.
        OutputError
            If they cannot be written.
        """
        self._journal.commit()

    def close(self) -> None:
        """End the episodes that are going on, commit all and close the file.

        It happens by itself at the end of a ``with`` block and of the program.
        """
        self._closing.detach()
        self._journal.close()

    def __reduce__(self) -> NoReturn:
        raise UsageError(
            "a recorder cannot be sent to another process, because a file has one writer: make one in each process, "
            "with a file of its own (part-0.h5, part-1.h5), and give convscope the folder"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _label(label: str | None) -> str | None:
    if label is not None and not 0 < len(encode_text(label)) <= LABEL_BYTES:
        raise UsageError(f"a label has 1 to {LABEL_BYTES} bytes, not {len(encode_text(label))}: {label:.40}")
    return label
