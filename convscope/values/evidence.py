"""All that a report or an audit may draw on."""

from dataclasses import dataclass, field

from convscope.values.config import AnalysisConfig
from convscope.values.dependence import Dependence
from convscope.values.diversity import Diversity
from convscope.values.episodes import EpisodeTable
from convscope.values.explained import Explained
from convscope.values.features import FeatureTable
from convscope.values.figures import count
from convscope.values.gap import Gap
from convscope.values.header import LogHeader, Notice
from convscope.values.html import Html, box, html_of
from convscope.values.messages import MessageMeasures
from convscope.values.policy_reading import PolicyReading
from convscope.values.prior import RolePrior
from convscope.values.returns import GapAndReturn
from convscope.values.roles import RoleAssignment
from convscope.values.routing import RoutingGraph
from convscope.values.segments import Segments


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanReturn:
    """Mean over episodes of the team's summed reward."""

    run: str
    checkpoint: str | None
    mean: float | None
    """None when the log holds no rewards. Individual rewards are averaged over agents first."""
    n_episodes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """The results of an analysis. Rendering it is a pure function; nothing here depends on the machine or the time."""

    version: str
    """Of convscope."""
    config: AnalysisConfig
    header: LogHeader
    episodes: EpisodeTable
    analysed: tuple[str, ...]
    """Names of the agents that were analysed."""
    returns: tuple[MeanReturn, ...]
    features: FeatureTable
    roles: RoleAssignment
    routing: RoutingGraph | None
    """None when the log affords no source of routing."""
    prior: RolePrior | None
    gap: Gap | None
    """None without a prior."""
    gap_and_return: GapAndReturn | None = None
    """None without a gap of runs, or without returns."""
    policy: PolicyReading = field(default_factory=PolicyReading)
    """Agents told apart by what they do given what they see."""
    explained: Explained | None = None
    """What decides who plays which role; None where a single role was found, or too few episodes."""
    segments: Segments | None = None
    """Roles within episodes; None when they were not looked for."""
    messages: MessageMeasures | None = None
    """Without tests where the log holds no messages that could be measured."""
    dependence: Dependence = field(default_factory=Dependence)
    """What routing depends on."""
    diversity: Diversity = field(default_factory=Diversity)
    """How differently the agents behave."""
    priors_sha256: str | None = None
    mapping_sha256: str | None = None
    labels_sha256: str | None = None
    crossplay_sha256: str | None = None
    notices: tuple[Notice, ...] = ()
    """Everything that was dropped, merged, assumed or not computed, of all stages, without repeats."""

    def _repr_html_(self) -> Html:
        parts = (self.roles, self.routing, self.gap)
        shown = [html_of(part) for part in parts if part is not None]
        size = f"{count(self.episodes.n_episodes, 'episode')}, {count(self.episodes.n_timesteps, 'timestep')}"
        return box(f"Evidence from {size}", *shown)
