"""PettingZoo environments, parallel and with agents in turn (AEC)."""

import sys

from convscope.record import Extras, Recorder
from convscope_loaders.recorders.pettingzoo_aec import AecRecording
from convscope_loaders.recorders.pettingzoo_parallel import ParallelRecording
from convscope_loaders.recorders.wrapping import wrapped


class PettingZooAdapter:
    """Records PettingZoo environments."""

    name = "pettingzoo"
    description = "PettingZoo environments, parallel or AEC"

    def fits(self, env: object) -> bool:
        """Whether it is one; false for everything as long as PettingZoo is not imported."""
        package = sys.modules.get("pettingzoo")
        return package is not None and isinstance(env, package.ParallelEnv | package.AECEnv)

    def wrap(self, env: object, recorder: Recorder, extras: Extras) -> object:
        """Return a wrapper of PettingZoo's own kind."""
        wrappers = sys.modules["pettingzoo.utils.wrappers"]
        if isinstance(env, sys.modules["pettingzoo"].ParallelEnv):
            return wrapped(env, recorder, extras, kinds=(ParallelRecording, wrappers.BaseParallelWrapper))
        return wrapped(env, recorder, extras, kinds=(AecRecording, wrappers.BaseWrapper))


ADAPTER = PettingZooAdapter()
"""What the entry point names."""
