"""Routing: how much a receiving agent's decision draws on each sending agent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.config import RoutingSource
from convscope.values.figures import count, figure, probability
from convscope.values.header import Notice
from convscope.values.html import Html, box, table
from convscope.values.preference import RolePreference
from convscope.values.structure import GraphStructure

if TYPE_CHECKING:
    import networkx as nx

EDGE_TYPES: Mapping[str, type[pl.DataType]] = {
    "run": pl.String,
    "checkpoint": pl.String,
    "sender": pl.String,
    "receiver": pl.String,
    "weight": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "significant": pl.Boolean,
    "share": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "smallest_detectable": pl.Float64,
}
"""Columns of a table of edges, and their types. The last four are null where a source does not tell them: the weight as
a share of what is left open of the receiver's next action, the ends of its 95 % interval, and the weight that would be
found significant with a chance of 80 %."""
EDGE_COLUMNS = tuple(EDGE_TYPES)


def edge_matrix(edges: pl.DataFrame, agents: Sequence[str], column: str = "weight") -> FloatArray:
    """Return the weights of a table of edges, shape (receiver, sender); NaN where there is none.

    Parameters
    ----------
    edges
        ``sender``, ``receiver`` and the column, each pair once.
    agents
        Names, in the order of the axes.
    column
        Another column of numbers instead.
    """
    place_of = {name: place for place, name in enumerate(agents)}
    matrix = np.full((len(agents), len(agents)), np.nan)
    for sender, receiver, value in edges.select("sender", "receiver", column).iter_rows():
        matrix[place_of[receiver], place_of[sender]] = np.nan if value is None else value
    return matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutingTallies:
    """Sums of routing weights over timesteps: all that role preference needs.

    One row per run, episode (or group of episodes), receiver and set of valid senders.
    """

    run: IntArray
    """Index into ``runs``, shape (K,)."""
    unit: IntArray
    """Episode, or group of episodes, that the row sums over; rows of one unit are resampled together, shape (K,)."""
    receiver: IntArray
    """Index of the receiving agent, shape (K,)."""
    valid: BoolArray
    """Whether each sender could be attended to, shape (K, N)."""
    mass: FloatArray
    """Routed weight to each sender, summed over the row's timesteps, 0 where not valid, shape (K, N)."""
    n_steps: FloatArray
    """Timesteps (sum of row weights) of the row, shape (K,)."""
    roles: IntArray
    """Declared role of each agent in the row's unit, -1 for none, shape (K, N)."""
    runs: tuple[str, ...]
    """Names of the runs."""

    def __post_init__(self) -> None:
        n_rows, n_agents = self.valid.shape
        for name in ("run", "unit", "receiver", "n_steps"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_rows,), name))
        for name in ("valid", "mass", "roles"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_rows, n_agents), name))

    def rows(self, keep: BoolArray | IntArray) -> "RoutingTallies":
        """Return some of the rows, by mask or by number."""
        return RoutingTallies(
            run=self.run[keep],
            unit=self.unit[keep],
            receiver=self.receiver[keep],
            valid=self.valid[keep],
            mass=self.mass[keep],
            n_steps=self.n_steps[keep],
            roles=self.roles[keep],
            runs=self.runs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How unevenly a receiver (role, else agent) divides its routing: 0 = even, 1 = one target."""

    receiver: str
    value: float
    """Mean over runs."""
    floor: float | None = None
    """What luck adds to the value, since no noisy row is even; None where it cannot be told."""
    interval: tuple[float, float] | None = None
    """For what is left without that; None where neither runs nor episodes allow one."""
    interval_kind: str | None = None
    """What it is an interval over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAgreement:
    """How well two sources of routing agree, between agents, else roles: quadratic assignment within runs."""

    first: RoutingSource
    second: RoutingSource
    correlation: float | None
    """Within receivers, mean over runs; None when undefined."""
    p_value: float | None
    """One-sided; None when undefined or the team is too small to permute."""
    partial_correlation: float | None = None
    """Of ranks within receivers, beyond the confounds; None when undefined, or where there are none."""
    partial_p_value: float | None = None
    """By Freedman and Lane."""

    def concerns(self, source: RoutingSource) -> bool:
        """Whether it compares a source."""
        return source in (self.first, self.second)

    def other(self, source: RoutingSource) -> RoutingSource:
        """Return the source that one is compared with."""
        return self.second if source == self.first else self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Confound:
    """Something else that may order the same pairs of agents."""

    name: str
    """``closeness``, ``visibility``, ``presence`` or ``slot``."""
    correlation: float | None
    """With the routing in use, within receivers; None when undefined."""
    p_value: float | None
    """One-sided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Whether logged weights go together with influence. A gate, not a score."""

    source: RoutingSource
    """The strongest evidence of influence that the log affords."""
    correlation: float | None
    p_value: float | None
    is_valid: bool
    """Whether they agree more than chance would, also beyond closeness, visibility, presence and slot where these are
    known; else the weights describe weights, not influence."""
    is_controlled: bool = False
    """Whether these are known."""
    partial_correlation: float | None = None
    """Beyond them; None where they leave nothing to compare."""
    partial_p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparedSource:
    """Routing from a source that is not in use."""

    source: RoutingSource
    claim: str
    unit: str
    edges: pl.DataFrame
    """As `RoutingGraph.edges`."""
    role_edges: pl.DataFrame | None = None
    """As `RoutingGraph.role_edges`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceComparison:
    """The routing in use beside everything that it can be held against."""

    others: tuple[ComparedSource, ...] = ()
    """The other sources that the log affords."""
    agreements: tuple[SourceAgreement, ...] = ()
    """Of every two sources."""
    are_between_roles: bool = False
    """Whether the agreements are: where slots are filled anew, agents cannot be compared."""
    confounds: tuple[Confound, ...] = ()
    """What else may stand behind the routing in use; the partial agreements are beyond these."""
    validity: Validity | None = None
    """Of logged weights; None for other sources, and where the log affords nothing to hold them against."""
    weights: FloatArray | None = None
    """Of the source in use in each analysed run, shape (run, receiver, sender); None where slots are filled anew."""
    controls: Mapping[str, FloatArray] = field(default_factory=dict)
    """What the partial figures are beyond, by name, each of the shape of ``weights``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutingGraph:
    """The routing of the analysed agents from one source."""

    source: RoutingSource
    claim: str
    """The verb that the evidence allows, such as ``attends to`` or ``precedes and predicts``."""
    unit: str
    """Unit of the edge weights."""
    agents: tuple[str, ...]
    edges: pl.DataFrame
    """`EDGE_COLUMNS`; one row per ordered pair that was tested, combined over the runs' analysed checkpoints
    (``run`` and ``checkpoint`` null)."""
    edges_by_run: pl.DataFrame
    """`EDGE_COLUMNS`, for every run and checkpoint."""
    tallies: RoutingTallies
    """Of the analysed checkpoint of each run."""
    halves: tuple[tuple[RoutingTallies, RoutingTallies], ...]
    """The same from two random halves of the episodes, several times over; the noise floor comes from these."""
    preference: RolePreference | None
    """None without declared roles."""
    role_edges: pl.DataFrame | None
    """`EDGE_COLUMNS` but for ``run`` and ``checkpoint``; sender and receiver are roles. None without roles."""
    heads: pl.DataFrame | None = None
    """``run``, ``checkpoint``, ``head``, ``sender``, ``receiver``, ``weight``, for logged weights of several heads."""
    concentration: tuple[Concentration, ...]
    """Empty where no receiver's routing divides for certain."""
    comparison: SourceComparison = SourceComparison()
    """What the other sources say, and how far they agree."""
    structure: GraphStructure | None = None
    """Of the significant edges between agents; None where there is none."""
    attribution: pl.DataFrame | None = None
    """`ATTRIBUTION_TYPES`: what policies at hand use; None without such a source."""
    notices: tuple[Notice, ...] = ()

    def to_networkx(self) -> "nx.DiGraph[str]":
        """Return the graph of the combined edges: sender to receiver, with weight, p, q and significance."""
        import networkx as nx  # noqa: PLC0415  only who wants the graph pays for the import

        graph: nx.DiGraph[str] = nx.DiGraph(source=self.source.value, claim=self.claim)
        graph.add_nodes_from(self.agents)
        for edge in self.edges.iter_rows(named=True):
            attributes = {name: edge[name] for name in ("weight", "p_value", "q_value", "significant")}
            graph.add_edge(edge["sender"], edge["receiver"], **attributes)
        return graph

    def _repr_html_(self) -> Html:
        strongest = self.edges.sort(["weight", "sender", "receiver"], descending=[True, False, False], nulls_last=True)
        rows = [
            (edge["sender"], edge["receiver"], figure(edge["weight"]), probability(edge["q_value"]))
            for edge in strongest.iter_rows(named=True)
        ]
        header = ("sender", "receiver", f"weight ({self.unit})", "q")
        return box(f"Routing from {self.source.value}", table(f"{count(len(rows), 'edge')} tested", header, rows))
