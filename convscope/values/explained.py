"""How far declared roles, agents and starting situations explain the roles that were found."""

from dataclasses import dataclass

from convscope.values.figures import interval, share
from convscope.values.header import Notice
from convscope.values.html import Html, box, table


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A share of the entropy of the found roles."""

    share: float
    """From 0 to 1."""
    interval: tuple[float, float]
    """95 %; see ``is_over_runs``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Episodes in which all agents play the same role."""

    share: float
    """Of the episodes in which two or more agents have a role."""
    by_chance: float
    """The same where each agent's roles are dealt anew over its episodes."""
    p_value: float
    n_episodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The parts add up to 1."""

    declared: Part | None
    """By the declared role; None without declared roles."""
    declared_by_chance: float | None
    """Share that declared roles explain when they are dealt anew among the agents of each run, on average; None without
    declared roles. Labels split agents, and agents differ: some share remains without any tie to what was declared."""
    declared_p_value: float | None
    """Of the declared share against labels dealt anew; None without declared roles."""
    agent: Part
    """By which agent it is, beyond its declared role."""
    situation: Part | None
    """By where the episode starts, beyond both; None where nothing of it is logged that agents could be compared by."""
    unexplained: Part
    entropy: float
    """Of the found role, in nats, as it is predicted by frequencies alone."""
    n_units: int
    alike: Alike | None = None
    """None where no episode has two agents with a role."""
    is_over_runs: bool = False
    """Whether intervals hold for other runs (Student's t, from three on) or for other episodes of these alone."""
    notices: tuple[Notice, ...] = ()

    @property
    def parts(self) -> tuple[tuple[str, Part | None], ...]:
        """Names and parts, what was declared first."""
        return (
            ("declared", self.declared),
            ("agent", self.agent),
            ("situation", self.situation),
            ("unexplained", self.unexplained),
        )

    def _repr_html_(self) -> Html:
        rows = [(name, share(part.share), interval(part.interval)) for name, part in self.parts if part is not None]
        return box("Who decides who does what", table("Shares of the entropy", ("by", "share", "95 %"), rows))
