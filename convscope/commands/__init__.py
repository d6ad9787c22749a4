"""Commands of the command line, a group a file; `COMMANDS` lists them in the order of the help.

Each command imports what it needs when it runs, so that ``--help`` and typing mistakes are answered at once.
"""

from collections.abc import Callable, Mapping

from convscope.commands.analysis import analyze, attribute
from convscope.commands.comparing import diff
from convscope.commands.logs import convert, inspect, loaders, validate
from convscope.commands.priors import check, draft
from convscope.commands.simulation import plan, simulate

COMMANDS: tuple[Callable[..., None], ...] = (
    analyze,
    attribute,
    inspect,
    convert,
    validate,
    simulate,
    plan,
    diff,
    loaders,
)
GROUPS: Mapping[str, tuple[Callable[..., None], ...]] = {"priors": (check, draft)}
"""Commands under a common name, such as ``convscope priors check``."""

__all__ = ["COMMANDS", "GROUPS"]
