"""What the HDF5 files of other software really hold: one reference a file, read by hand with h5py alone.

A file is known by its digest, so that it may lie anywhere and be called anything.
"""

from collections.abc import Callable
from dataclasses import dataclass

import h5py
import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """One log, its episodes one after the other."""

    agents: tuple[str, ...]
    lengths: tuple[int, ...]
    ends: str
    """A letter per episode: t(erminated), x (time limit), c(ut); ? where the writer does not say."""
    actions: np.ndarray
    """(steps, agents, components), NaN where an agent does not act."""
    observations: np.ndarray | None = None
    """(steps, agents, values), NaN beyond an agent's own width."""
    rewards: np.ndarray | None = None
    """(steps, agents), or (steps,) for the team's."""
    n_final: int = 0
    """Rows after the last step of each episode, with the final observation."""


def stacked(columns):
    """Columns of agents that may differ in width, side by side."""
    width = max(column.shape[1] for column in columns)
    padded = [np.pad(c.astype(float), ((0, 0), (0, width - c.shape[1])), constant_values=np.nan) for c in columns]
    return np.stack(padded, axis=1)


def slots(n):
    return tuple(f"agent_{slot}" for slot in range(n))


def unfolded(array):
    """(episode, time, ...) as (steps, ...)."""
    return array.reshape(array.shape[0] * array.shape[1], *array.shape[2:])


def tensordict(file, *, ends):
    agents = file["agents"]
    n_episodes, n_steps, n_agents = agents["action"].shape[:3]
    return Truth(
        agents=slots(n_agents),
        lengths=(n_steps,) * n_episodes,
        ends=ends,
        actions=unfolded(agents["action"][...]),
        observations=unfolded(agents["observation"][...]),
        rewards=unfolded(file["next/agents/reward"][..., 0]),
    )


def tensordict_with_a_group_per_kind(file):
    # Two episodes of 6 in one batch of 12; both agents stand alone in their groups.
    names = ("listener", "speaker")
    return Truth(
        agents=names,
        lengths=(6, 6),
        ends="xx",
        actions=np.stack([file[name]["action"][:, 0] for name in names], axis=1)[..., None],
        observations=stacked([file[name]["observation"][:, 0] for name in names]),
        rewards=np.stack([file["next"][name]["reward"][:, 0, 0] for name in names], axis=1),
    )


def checkpointed_buffer(file):
    parts = [file[f"traj_{k}/agents"] for k in range(3)]
    return Truth(
        agents=slots(3),
        lengths=(8, 8, 8),
        ends="ttt",
        actions=np.concatenate([part["action"][...] for part in parts]),
        observations=np.concatenate([part["observation"][:-1] for part in parts]),
        rewards=np.concatenate([part["reward"][..., 0] for part in parts]),
        n_final=1,
    )


def sink(file, *, ends):
    """Our recorder sketches: flat columns and a list of episodes."""
    steps = file["steps"]
    actions = steps["action"][...]
    return Truth(
        agents=slots(actions.shape[1]),
        lengths=tuple(file["episodes/length"][...].tolist()),
        ends=ends,
        actions=actions if actions.ndim == 3 else actions[..., None],
        observations=steps["observation"][...],
        rewards=steps["reward"][...],
    )


def sink_with_dotted_names(file):
    names = ("listener_0", "speaker_0")
    steps = file["steps"]
    return Truth(
        agents=names,
        lengths=(10, 10, 10),
        ends="???",
        actions=np.stack([steps[f"{name}.action"][...] for name in names], axis=1)[..., None],
        observations=stacked([steps[f"{name}.observation"][...] for name in names]),
        rewards=np.stack([steps[f"{name}.reward"][...] for name in names], axis=1),
    )


def episode_batch(file):
    # The writer's environment ended three of six episodes; the others ran into the limit of 40 steps.
    lengths = (40, 33, 7, 6, 40, 40)
    rows = [(episode, slice(0, n)) for episode, n in enumerate(lengths)]
    return Truth(
        agents=slots(3),
        lengths=lengths,
        ends="xtttxx",
        actions=np.concatenate([file["actions"][at] for at in rows]),
        observations=np.concatenate([file["obs"][at] for at in rows]),
        rewards=np.concatenate([file["reward"][at][..., 0] for at in rows]),
        n_final=1,
    )


def letters(file):
    return Truth(
        agents=slots(3),
        lengths=(40, 33, 7, 6, 40, 40),
        ends="xtttxx",
        actions=file["a"][...].argmax(axis=-1)[..., None],
        observations=file["o"][...],
        rewards=file["r"][...],
    )


def group_per_episode_and_agent(file):
    lengths = tuple(len(file[name]["agent_0/act"]) for name in sorted(file))

    def of(field):
        return np.concatenate([stacked([as_2d(file[e][a][field][...]) for a in slots(3)]) for e in sorted(file)])

    return Truth(
        agents=slots(3),
        lengths=lengths,
        ends="?????",
        actions=of("act"),
        observations=of("obs"),
        rewards=of("rew")[..., 0],
    )


def as_2d(array):
    return array if array.ndim == 2 else array[:, None]


def padded_with_lengths(file):
    lengths = tuple(file["lengths"][...].tolist())
    rows = [(episode, slice(0, n)) for episode, n in enumerate(lengths)]
    return Truth(
        agents=slots(3),
        lengths=lengths,
        ends="?????",
        actions=np.concatenate([file["acts"][at] for at in rows])[..., None],
        observations=np.concatenate([file["obs"][at] for at in rows]),
        rewards=np.concatenate([file["rews"][at] for at in rows]),
    )


def joint_flat(file):
    n_rows = len(file["actions"])
    ends = np.flatnonzero(file["terminals"][...] | file["timeouts"][...]) + 1
    return Truth(
        agents=slots(3),
        lengths=tuple(np.diff([0, *ends]).tolist()),
        ends="".join("t" if file["terminals"][end - 1] else "x" for end in ends),
        actions=file["actions"][...][..., None],
        observations=file["observations"][...].reshape(n_rows, 3, 12),
        rewards=file["rewards"][...],
    )


def joint_demos(file):
    demos = [file[f"data/demo_{k}"] for k in range(5)]
    return Truth(
        agents=slots(3),
        lengths=tuple(len(demo["actions"]) for demo in demos),
        ends="?????",
        actions=np.concatenate([demo["actions"][...] for demo in demos])[..., None],
        observations=np.concatenate([np.stack([d[f"obs/{name}"] for name in slots(3)], axis=1) for d in demos]),
        rewards=np.concatenate([demo["rewards"][...] for demo in demos]),
    )


def minari(file, *, keys, agents):
    episodes = [file[f"episode_{k}"] for k in range(4)]
    return Truth(
        agents=agents,
        lengths=(12,) * 4,
        ends="xxxx",
        actions=np.concatenate([np.stack([e["actions"][key][...] for key in keys], axis=1) for e in episodes])[
            ..., None
        ],
        observations=np.concatenate([stacked([e["observations"][key][:-1] for key in keys]) for e in episodes]),
        n_final=1,
    )


def flat_with_a_group_per_kind(file):
    """The prototype of our own format: one row per decision and one more for each final observation."""
    lengths, starts = file["episodes/length"][...], file["episodes/start"][...]
    rows = np.concatenate([np.arange(start, start + n) for start, n in zip(starts, lengths, strict=True)])
    scouts, tanks = file["groups/scout"], file["groups/tank"]
    status = np.concatenate([scouts["status"][...], tanks["status"][...]], axis=1)[rows]
    actions = np.full((len(rows), 3, 2), np.nan)
    actions[:, :2, 0], actions[:, 2] = scouts["action"][...][rows], tanks["action"][:, 0][rows]
    actions[status != 1] = np.nan
    observed = [scouts["observation"][:, 0], scouts["observation"][:, 1], tanks["observation"][:, 0]]
    return Truth(
        agents=("scout_0", "scout_1", "tank_0"),
        lengths=tuple(lengths.tolist()),
        ends="txt",
        actions=actions,
        observations=stacked(observed)[rows],
        rewards=np.concatenate([scouts["reward"][...], tanks["reward"][...]], axis=1)[rows],
        n_final=1,
    )


def ring(file):
    # Rows 10 to 19 are the oldest; the episode of the first four has lost its beginning, so that it is none, and the
    # last one is still running.
    order = np.r_[14:20, 0:10]
    return Truth(
        agents=("agent_0",),
        lengths=(11, 5),
        ends="tc",
        actions=file["_meta/act"][...][order][:, None, None],
        observations=file["_meta/obs"][...][order][:, None],
        rewards=file["_meta/rew"][...][order][:, None],
    )


def turns(file):
    """Two buffers of a game in which players take turns, the first one in every even row of an episode."""
    rows = np.r_[0:21, 32:55]
    lengths = (8, 8, 5, 7, 8, 8)
    turn = np.concatenate([np.arange(n) % 2 for n in lengths])
    actions = np.full((len(rows), 2, 1), np.nan)
    actions[np.arange(len(rows)), turn, 0] = file["_meta/act"][...][rows]
    return Truth(
        agents=("player_1", "player_2"),
        lengths=lengths,
        ends="tttttt",
        actions=actions,
        rewards=file["_meta/rew"][...][rows],
    )


TRUTH_OF: dict[str, tuple[str, Callable[[h5py.File], Truth]]] = {
    "941981e6b576": ("benchmarl: collected batch", lambda file: tensordict(file, ends="ttt")),
    "e83564476a93": ("benchmarl: evaluation", lambda file: tensordict(file, ends="tt")),
    "9e4dbf0313ff": ("convscope: prototype 0.1.0", flat_with_a_group_per_kind),
    "2bdab6229fa2": ("ad hoc: episode/agent groups", group_per_episode_and_agent),
    "2f969c8ad2f2": ("ad hoc: stacked, lengths", padded_with_lengths),
    "d931f9b3f5d8": ("d4rl: joint columns", joint_flat),
    "f9d7da15055c": ("robomimic: joint actions", joint_demos),
    "8f0ce66968d4": ("minari: Tuple space", lambda f: minari(f, keys=("_index_0", "_index_1"), agents=slots(2))),
    "dec2feab4d75": ("minari: Dict space", lambda f: minari(f, keys=slots(3), agents=slots(3))),
    "5936b642c397": ("cfcql: EpisodeBatch", episode_batch),
    "c2ea8825d90d": ("offpymarl: EpisodeBatch", episode_batch),
    "8a054a4fb191": ("omiga: one-letter names", letters),
    "9003fe61e5fa": ("recorder sketch: JaxMARL", lambda file: sink(file, ends="????")),
    "e3517a2424a8": ("recorder sketch: PettingZoo", lambda file: sink(file, ends="xxx")),
    "1ea0b4d7fc5c": ("recorder sketch: RLlib", sink_with_dotted_names),
    "7f8911cf75d5": ("recorder sketch: TorchRL", lambda file: sink(file, ends="ttt")),
    "05af2aa9ecd4": ("tianshou: ring buffer", ring),
    "c070cdf7349e": ("tianshou: vector buffer", turns),
    "cd47d1509d2b": ("torchrl: checkpointed buffer", checkpointed_buffer),
    "4125694f0623": ("torchrl: rollout", lambda file: tensordict(file, ends="ttt")),
    "88955f823ce3": ("torchrl: a group per kind", tensordict_with_a_group_per_kind),
}
"""By the first digits of the file's SHA-256: what it is, and its reference."""
