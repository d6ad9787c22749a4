"""Every choice that changes a result."""

from dataclasses import dataclass
from enum import StrEnum


class RoutingSource(StrEnum):
    """Where routing is taken from; the closed list that the command line accepts."""

    INTERVENTION = "intervention"
    POLICY_RESIDUAL = "policy-residual"
    ATTENTION = "attention"
    GATE = "gate"
    MESSAGE = "message"
    ATTRIBUTION = "attribution"
    OCCLUSION = "occlusion"
    TRANSFER_ENTROPY = "transfer-entropy"


class RoleMethod(StrEnum):
    """How units are divided into groups; the closed list that the command line accepts."""

    K_MEANS = "k-means"
    GAUSSIAN_MIXTURE = "gaussian-mixture"
    HDBSCAN = "hdbscan"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisConfig:
    """Options of an analysis. What only changes speed does not belong here."""

    seed: int = 0
    """Seed of every random draw, at least 0."""
    routing_source: RoutingSource | None = None
    """None takes the strongest evidence that the log affords."""
    team: str | None = None
    """Analyse the agents of this team only; the others stay in the log as company."""
    agents: str | None = None
    """Analyse the agents whose names fit this shell pattern only."""
    checkpoint: str | None = None
    """Analyse this checkpoint instead of each run's last."""
    heads: str | None = None
    """Heads of logged weights that count, such as ``0,2``, or ``1.0`` for head 0 of layer 1; None takes all."""
    role_method: RoleMethod = RoleMethod.K_MEANS
    """How units are divided into groups before roles are counted."""
    alpha: float = 0.05
    """Level of single tests."""
    q: float = 0.05
    """False discovery rate of the routing edges."""
    margin: float = 0.5
    """Largest alignment gap that still counts as aligned."""
    n_permutations: int = 999
    """Draws of each permutation null."""
    draws_umap: bool = False
    """Whether units are also drawn by UMAP, which takes some ten seconds; no number depends on it."""
    max_block_bytes: int = 32 << 20
    """Size of a block of episodes; sums are merged along blocks, so it changes the last digits."""
