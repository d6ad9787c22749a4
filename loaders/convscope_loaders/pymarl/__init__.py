"""Padded episodes of the PyMARL family: OffPyMARL, ODIS, CFCQL, ICQ, and what people save of an ``EpisodeBatch``.

``obs``, ``actions``, ``avail_actions``, ``reward``, ``terminated`` and ``filled`` lie at the root or in one group, each
of shape (episode, timestep, ...), agents third where there are any.
"""

from convscope_loaders.pymarl.loader import LOADER

__all__ = ["LOADER"]
