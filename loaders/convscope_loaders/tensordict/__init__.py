"""Rollouts and replay buffers of TorchRL and BenchMARL, in every form that TensorDict saves them in."""

from convscope_loaders.tensordict.loader import LOADER

__all__ = ["LOADER"]
