"""TorchRL environments of several agents, by a transform that sees every step."""

import sys
from typing import Any

from convscope.errors import UsageError
from convscope.record import Extras, Recorder
from convscope_loaders.recorders.tensordict_keys import has_groups
from convscope_loaders.recorders.tensordict_types import TensorDict
from convscope_loaders.recorders.torchrl_steps import EnvRecording


class RecordingTransform:
    """What a transform does to record; goes before TorchRL's own transform class. It changes nothing."""

    _recording: EnvRecording

    def begin_recording(self, recording: EnvRecording) -> None:
        """Record all episodes from now on."""
        self._recording = recording

    def _reset(self, tensordict: TensorDict, tensordict_reset: TensorDict) -> TensorDict:
        """Begin episodes."""
        self._recording.reset(tensordict)
        return tensordict_reset

    def _step(self, tensordict: TensorDict, next_tensordict: TensorDict) -> TensorDict:
        """Keep a step."""
        self._recording.step(tensordict, next_tensordict)
        return next_tensordict

    def close(self) -> None:
        """Close the recorder if it was made for this environment."""
        self._recording.close()


class TorchRLAdapter:
    """Records TorchRL environments."""

    name = "torchrl"
    description = "TorchRL environments of several agents (with a group_map)"

    def fits(self, env: object) -> bool:
        """Whether it is one; false for everything as long as TorchRL is not imported."""
        package = sys.modules.get("torchrl.envs")
        return package is not None and isinstance(env, package.EnvBase)

    def wrap(self, env: Any, recorder: Recorder, extras: Extras) -> object:  # noqa: ANN401  known by `fits`
        """Return a transformed environment, which resets, steps and closes as the given one does."""
        if not has_groups(env):
            raise UsageError(
                f"the actions of {type(env).__name__} are in no group of agents; convscope looks at teams of two or "
                "more"
            )
        package: Any = sys.modules["torchrl.envs"]
        # Made here, because TorchRL is not imported before the program does so itself.
        kind: Any = type("Recording", (RecordingTransform, package.Transform), {})
        transform = kind()
        transform.begin_recording(EnvRecording(env, recorder, extras))
        # Around the given environment, so that its own transforms are not copied: they may have a state.
        wrapped = package.TransformedEnv(env, transform, auto_unwrap=False)
        wrapped.recorder = recorder
        return wrapped


ADAPTER = TorchRLAdapter()
"""What the entry point names."""
