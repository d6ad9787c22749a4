"""PettingZoo environments, parallel and with agents in turn (AEC)."""

import sys
from typing import Any

from convscope.record import Extras, Recorder
from convscope_loaders.recorders.pettingzoo_aec import AecRecording
from convscope_loaders.recorders.pettingzoo_parallel import ParallelRecording


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
        package = sys.modules["pettingzoo"]
        wrappers = sys.modules["pettingzoo.utils.wrappers"]
        # Made here, because PettingZoo is not imported before the program does so itself.
        if isinstance(env, package.ParallelEnv):
            kind: Any = type("RecordedParallelEnv", (ParallelRecording, wrappers.BaseParallelWrapper), {})
        else:
            kind = type("RecordedAECEnv", (AecRecording, wrappers.BaseWrapper), {})
        wrapped = kind(env)
        wrapped.begin_recording(recorder, extras)
        return wrapped


ADAPTER = PettingZooAdapter()
"""What the entry point names."""
