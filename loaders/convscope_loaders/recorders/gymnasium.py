"""Gymnasium environments with several agents: vector environments with an agent axis, and single environments."""

import sys

from convscope.record import Extras, Recorder
from convscope_loaders.recorders.gymnasium_single import SingleRecording
from convscope_loaders.recorders.gymnasium_vector import VectorRecording
from convscope_loaders.recorders.wrapping import wrapped


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
        if isinstance(env, package.vector.VectorEnv):
            return wrapped(env, recorder, extras, kinds=(VectorRecording, package.vector.VectorWrapper))
        return wrapped(env, recorder, extras, kinds=(SingleRecording, package.Wrapper))


ADAPTER = GymnasiumAdapter()
"""What the entry point names."""
