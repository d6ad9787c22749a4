"""What a log says about itself before any row is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from convscope.errors import LogFormatError
from convscope.values.fields import FieldSpec
from convscope.values.html import Html, box, table
from convscope.values.layout import ObservationLayout
from convscope.values.policy import AgentPolicy


class ActionKind(StrEnum):
    """What an action of an agent is."""

    DISCRETE = "discrete"
    MULTI_DISCRETE = "multi-discrete"
    CONTINUOUS = "continuous"


MAX_CHOICES = (1 << 31) - 1
"""Numbers beyond are no numbers of actions, and products with them would not fit into 64 bits."""
MAX_COMPONENTS = 1 << 20


class ActionSpaceError(LogFormatError):
    """An action space that cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpace:
    """The actions that an agent can take.

    Raises
    ------
    ActionSpaceError
        If a count is no whole number, or less than one choice, or beyond `MAX_CHOICES` or `MAX_COMPONENTS`, or there
        are not as many counts as components.
    """

    kind: ActionKind
    n: tuple[int, ...] = ()
    """Number of choices of each component; empty when continuous."""
    width: int = 1
    """Number of components."""

    def __post_init__(self) -> None:
        """Check what a file may have said."""
        if type(self.width) is not int or not 0 <= self.width <= MAX_COMPONENTS:
            raise ActionSpaceError(f"an action of {_shown(self.width)} components; there are 0 to {MAX_COMPONENTS}")
        if self.kind is ActionKind.DISCRETE and self.width != 1:
            raise ActionSpaceError(f"a discrete action of {self.width} components")
        if len(self.n) != (0 if self.kind is ActionKind.CONTINUOUS else self.width):
            raise ActionSpaceError(f"a {self.kind.value} action of {self.width} components with {len(self.n)} counts")
        for n in self.n:
            if type(n) is not int or not 1 <= n <= MAX_CHOICES:
                raise ActionSpaceError(f"an action with {_shown(n)} choices; there are 1 to {MAX_CHOICES}")


def _shown(number: object) -> str:
    return repr(number)[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent of the log, in the order of the agent axis."""

    name: str
    action_space: ActionSpace
    group: str
    """Agents of one group have equal observation and action spaces."""
    team: str | None = None
    """None where the log names no teams."""
    declared_role: str | None = None
    """None where nothing was declared, or where roles are redrawn per episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file of a study, as the provenance names it."""

    name: str
    """The shortest tail of the path that tells the inputs apart."""
    sha256: str
    n_bytes: int
    loader: str
    """Name of the loader that read it."""
    assumptions: tuple[str, ...] = ()
    """What the loader took for granted, a sentence each."""
    companions: tuple[str, ...] = ()
    """Files beside it that were read with it, by their names in its folder; digest and size cover them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that changes how a result should be read: dropped, merged, assumed or not computed."""

    code: str
    """Stable name, such as ``not-computed``."""
    message: str
    """A sentence for people."""
    where: str | None = None
    """The part of the results or of the file that it concerns."""


def left_out(places: Sequence[str], what: str, *, code: str = "not-read") -> tuple[Notice, ...]:
    """Return the notice of what is not read, which names the first place of all; none where there is none.

    Parameters
    ----------
    places
        Files, arrays or groups.
    what
        They are, or why they are not read.
    code
        As in `Notice`.
    """
    return (Notice(code=code, message=f"left out ({len(places)}): {what}", where=places[0]),) if places else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHeader:
    """Agents, fields and provenance of a log."""

    agents: tuple[Agent, ...]
    fields: tuple[FieldSpec, ...]
    inputs: tuple[InputFile, ...]
    framework: str | None = None
    """As the file or the loader names it."""
    environment: str | None = None
    roles: tuple[str, ...] = ()
    """Names of the declared roles that ``EpisodeTable.declared_roles`` counts; empty when none are declared."""
    identities_persist: bool = True
    """False where the slots are filled anew in each episode, so that an agent's name is only a place in the array."""
    layout: ObservationLayout | None = None
    """What the columns of the observations are about, where somebody declared it."""
    policies: tuple[AgentPolicy, ...] = ()
    """The policies that the agents act by, where they are at hand."""
    notices: tuple[Notice, ...] = ()
    study_file: InputFile | None = None
    """The file that said which log is which run, checkpoint and condition; None without one."""

    @property
    def files(self) -> tuple[InputFile, ...]:
        """All files that were read: logs, and what names them."""
        return (*self.inputs, *((self.study_file,) if self.study_file else ()))

    def field(self, name: str) -> FieldSpec:
        """Return the field of this name.

        Raises
        ------
        KeyError
            If the log does not hold it; ask `TrajectoryLog.has` first.
        """
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(name)

    def _repr_html_(self) -> Html:
        agents = [(agent.name, agent.group, agent.team or "", agent.declared_role or "") for agent in self.agents]
        fields = [(field.name, field.level.value, field.path) for field in self.fields]
        return box(
            f"Log of {self.framework or 'an unnamed framework'}",
            table("Agents", ("agent", "group", "team", "declared role"), agents),
            table("Fields", ("field", "one value per", "where in the file"), fields),
        )
