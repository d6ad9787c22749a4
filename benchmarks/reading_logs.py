"""Logs to read against the clock: one of each layout, the same kind of team in all of them."""

from pathlib import Path

import h5py
import numpy as np

N_AGENTS = 4
N_OBSERVED = 18
N_ACTIONS = 5
N_STEPS = 60


def write_episodes(path: Path, n_episodes: int, *, compression: str | None, longest: int = N_STEPS) -> None:
    """Write a Minari-like file: a group per episode, a small dataset per agent."""
    rng = np.random.default_rng(0)
    options = {"compression": compression, "chunks": True, "maxshape": None}
    with h5py.File(path, "w") as file:
        for episode in range(n_episodes):
            group = file.create_group(f"episode_{episode}")
            n_steps = int(rng.integers(longest // 2, longest + 1))
            for agent in range(N_AGENTS):
                observed = _observations(rng, n_steps + 1)
                group.create_dataset(f"observations/agent_{agent}", data=observed, **options)
                actions = rng.integers(N_ACTIONS, size=n_steps)
                group.create_dataset(f"actions/agent_{agent}", data=actions, **options)
            group.create_dataset("rewards", data=rng.normal(size=n_steps), **options)
            group.create_dataset("terminations", data=np.zeros(n_steps, bool), **options)
            group.create_dataset("truncations", data=np.arange(n_steps) == n_steps - 1, **options)
            group.attrs.update({"id": episode, "total_steps": n_steps})


def write_structure(path: Path, n_episodes: int) -> None:
    """Write a file of no known framework: ``/episode_<k>/agent_<j>/{obs,act,rew}``."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for episode in range(n_episodes):
            for agent in range(N_AGENTS):
                group = file.create_group(f"episode_{episode}/agent_{agent}")
                group["obs"] = _observations(rng, N_STEPS)
                group["act"] = rng.integers(N_ACTIONS, size=N_STEPS)
                group["rew"] = rng.normal(size=N_STEPS).astype("f4")


def write_padded(
    path: Path,
    n_episodes: int,
    *,
    n_observed: int = N_OBSERVED,
    n_told: int | None = None,
    compression: str | None = "gzip",
) -> None:
    """Write a file of the PyMARL family, some episodes at a time: every episode as long as the longest.

    All but ``n_told`` of the columns observed are zeros.
    """
    rng = np.random.default_rng(0)
    wide, n_rows = (N_AGENTS,), N_STEPS + 1
    columns = {
        "obs": ((*wide, n_observed), "f4"),
        "actions": ((*wide, 1), "i8"),
        "avail_actions": ((*wide, N_ACTIONS), "i4"),
        "reward": ((1,), "f4"),
        "terminated": ((1,), "u1"),
        "filled": ((1,), "i8"),
    }
    with h5py.File(path, "w") as file:
        for name, (shape, dtype) in columns.items():
            row_bytes = n_rows * int(np.prod(shape)) * np.dtype(dtype).itemsize
            chunks = (max(1, min(n_episodes, (1 << 18) // row_bytes)), n_rows, *shape)
            file.create_dataset(name, (n_episodes, n_rows, *shape), dtype=dtype, chunks=chunks, compression=compression)
        for start in range(0, n_episodes, 256):
            _fill_padded(file, rng, start, min(start + 256, n_episodes), n_told=n_told or n_observed)


def _fill_padded(file: h5py.File, rng: np.random.Generator, start: int, stop: int, *, n_told: int) -> None:
    n_steps = rng.integers(N_STEPS // 2, N_STEPS + 1, size=(stop - start, 1))
    step = np.arange(N_STEPS + 1)
    is_filled = step <= n_steps
    shape = (stop - start, N_STEPS + 1, N_AGENTS)
    observed = np.zeros((*shape, file["obs"].shape[3]), np.float32)
    observed[..., :n_told] = rng.standard_normal((*shape, n_told), dtype=np.float32)
    values = {
        "obs": observed * is_filled[..., np.newaxis, np.newaxis],
        "actions": rng.integers(N_ACTIONS, size=(*shape, 1)) * is_filled[..., np.newaxis, np.newaxis],
        "avail_actions": np.ones((*shape, N_ACTIONS)) * is_filled[..., np.newaxis, np.newaxis],
        "reward": rng.normal(size=(*shape[:2], 1)) * is_filled[..., np.newaxis],
        "terminated": (step == n_steps - 1)[..., np.newaxis],
        "filled": is_filled[..., np.newaxis],
    }
    for name, part in values.items():
        file[name][start:stop] = part


def _observations(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    """Return places and speeds as a simulator gives them: half of the columns smooth, half small whole numbers."""
    observed = np.cumsum(rng.normal(scale=0.1, size=(n_rows, N_OBSERVED)), axis=0)
    observed[:, N_OBSERVED // 2 :] = np.round(observed[:, N_OBSERVED // 2 :] * 4)
    return observed.astype(np.float32)
