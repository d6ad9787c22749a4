"""Policy files: opened behind walls, wired to a log, never trusted."""

from convscope.ingest.policy.attach import attach_policies
from convscope.ingest.policy.opening import open_policy

__all__ = ["attach_policies", "open_policy"]
