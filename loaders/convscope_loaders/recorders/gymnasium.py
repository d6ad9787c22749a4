"""Gymnasium environments with several agents: vector environments with an agent axis, and single environments."""

import sys
from typing import Any

from convscope.record import Extras, Recorder
from convscope_loaders.recorders.gymnasium_single import SingleRecording
from convscope_loaders.recorders.gymnasium_vector import VectorRecording


class GymnasiumAdapter:
    """Records Gymnasium environments that hold several agents."""

    name = "gymnasium"
    description = "Gymnasium environments, single or vector, with an axis, a tuple or a mapping of agents"

    def fits(self, env: object) -> bool:
        """Whether it is one; false for everything as long as Gymnasium is not imported."""
        package = sys.modules.get("gymnasium")
        return package is not None and isinstance(env, package.Env | package.vector.VectorEnv)

    def wrap(self, env: object, recorder: Recorder, extras: Extras) -> object:
        """Return a wrapper of Gymnasium's own kind."""
        package = sys.modules["gymnasium"]
        # Made here, because Gymnasium is not imported before the program does so itself.
        if isinstance(env, package.vector.VectorEnv):
            kind: Any = type("RecordedVectorEnv", (VectorRecording, package.vector.VectorWrapper), {})
        else:
            kind = type("RecordedEnv", (SingleRecording, package.Wrapper), {})
        wrapped = kind(env)
        wrapped.begin_recording(recorder, extras)
        return wrapped


ADAPTER = GymnasiumAdapter()
"""What the entry point names."""
