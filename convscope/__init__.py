"""Which roles and which routing did a team of agents really learn, and how far are they from what was declared."""

from convscope.version import __version__

__all__ = ["__version__"]
