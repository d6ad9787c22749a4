"""What a log has for the agents of one policy."""

from dataclasses import dataclass

from convscope.values.header import ActionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSide:
    """What a log has for the agents of one policy."""

    n_columns: int
    """Of their observations."""
    shape: tuple[int, ...]
    """Of an observation, as the log holds it; its columns are its cells, the last axis fastest."""
    kind: ActionKind
    n_actions: int
    """Choices, or components of a continuous action."""
    n_served: int
    """Agents that act by the policy."""
    n_agents: int
    """Of the whole log."""
    has_masks: bool

    def __str__(self) -> str:
        """Return it for people."""
        actions = f"{self.n_actions} {'choices' if self.kind is ActionKind.DISCRETE else 'continuous components'}"
        masks = ", action masks" if self.has_masks else ""
        return f"observations of {self.n_columns} columns, actions of {actions}{masks}, {self.n_agents} agents"
