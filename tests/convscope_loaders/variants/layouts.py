"""Writes a world the way that people write logs by hand, in very many ways."""

from dataclasses import dataclass, field

import h5py
import numpy as np

NAMES = {
    "observations": ("obs", "observations", "observation", "o", "local_obs"),
    "actions": ("actions", "action", "act", "acts", "a", "u"),
    "rewards": ("rewards", "reward", "rew", "rews", "r"),
    "positions": ("pos", "positions", "position", "xy", "agent_pos"),
    "done": ("done", "dones", "is_done", "d"),
    "terminated": ("terminated", "terminals", "terminations", "term", "terminal"),
    "truncated": ("truncated", "timeouts", "truncations", "trunc"),
    "filled": ("filled", "valid", "valid_mask", "mask"),
    "lengths": ("lengths", "ep_len", "episode_lengths", "ep_lengths", "length"),
    "starts": ("episode_starts", "starts", "ep_starts", "start"),
    "ends": ("episode_ends", "ends", "ep_ends"),
    "ids": ("eps_id", "episode_id", "ep_id", "episode", "traj_id"),
    "times": ("t", "timestep", "step", "time_step"),
}
AGENT_LISTS = ("agents", "agent_names", "possible_agents", "agent_ids")
TEAMS = (
    ("agent_{}", "numbered"),
    ("agent{}", "numbered"),
    ("player_{}", "numbered"),
    ("robot_{}", "numbered"),
    ("{}", "bare"),
    ("named", "named"),
)
CALLED = ("scout", "guard", "carrier", "medic", "archer", "tank", "healer", "lead")
EPISODES = (
    "ep_{:04d}",
    "episode_{}",
    "episode{}",
    "episode_{:03d}",
    "traj_{}",
    "rollouts/{}",
    "episodes/{}",
    "demo_{}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way to write a log."""

    shape: str
    """A key of `WRITERS`."""
    order: str = "ETN"
    """Of the axes that the arrays have."""
    mark: str = "whole"
    """How episodes are told apart, or padding is told; ``none`` where nothing tells it."""
    padding: str = "zero"
    flags: str = "none"
    """``none``, ``done`` or ``both`` kinds; ``-agents``: a flag for each agent, ``-column``: a last axis of 1."""
    rewards: str = "agents"
    """``agents``, ``team``, ``column`` or ``none``."""
    agents: str = "attribute"
    """Where their names stand: ``attribute``, ``dataset`` or ``none``."""
    team: int = 0
    episode: int = 0
    has_final: bool = False
    has_observations: bool = True
    has_positions: bool = False
    prefix: str = ""
    levels: str = ""
    """``runs``, ``checkpoints``, ``both``, ``conditions`` or ``splits``; empty for a single group of arrays."""
    called: dict[str, str] = field(default_factory=dict)
    """The name of each array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a right reading holds."""

    agents: tuple[str, ...] | None
    """None where the file names none."""
    fields: tuple[str, ...]
    labels: tuple[tuple[str | None, str | None, str | None], ...] = ()
    """Run, checkpoint and condition of each episode; the run is None where the file names none."""


def agent_names(layout, n_agents):
    pattern, kind = TEAMS[layout.team]
    return CALLED[:n_agents] if kind == "named" else tuple(pattern.format(slot) for slot in range(n_agents))


def name_of(layout, meaning):
    return layout.called.get(meaning, NAMES[meaning][0])


def columns_of(world, layout):
    """(T, N, ...) arrays of each episode, by meaning."""
    cut = None if layout.has_final else -1
    columns = {"actions": world.actions}
    if layout.has_observations:
        columns["observations"] = [array[:cut] for array in world.observations]
    if layout.has_positions:
        columns["positions"] = [array[:-1] for array in world.positions]
    if layout.rewards == "agents":
        columns["rewards"] = world.rewards
    return columns


def team_columns_of(world, layout):
    """(T, ...) arrays of each episode, by meaning, those of flags perhaps with a column for each agent."""
    columns = {}
    if layout.rewards in {"team", "column"}:
        team = [rewards.sum(axis=1) for rewards in world.rewards]
        columns["rewards"] = [rewards[:, None] for rewards in team] if layout.rewards == "column" else team
    kind, _, form = layout.flags.partition("-")
    lengths, ended = world.lengths, world.is_terminated
    flags = {
        "none": {},
        "done": {"done": [last(n) for n in lengths]},
        "both": {
            "terminated": [last(n) & end for n, end in zip(lengths, ended, strict=True)],
            "truncated": [last(n) & (not end) for n, end in zip(lengths, ended, strict=True)],
        },
    }[kind]
    n_columns = {"agents": world.n_agents, "column": 1}.get(form)
    for name, arrays in flags.items():
        columns[name] = arrays if n_columns is None else [np.tile(a[:, None], (1, n_columns)) for a in arrays]
    return columns


def last(length):
    return np.arange(length) == length - 1


def padded(arrays, n_rows, how):
    """(E, T, ...) of ragged (T, ...)."""
    out = []
    for array in arrays:
        blank = np.zeros((n_rows - len(array), *array.shape[1:]), array.dtype)
        if how == "missing" and array.dtype.kind == "f":
            blank[...] = np.nan
        if how == "missing" and array.dtype.kind == "i":
            blank[...] = -1
        if how == "last" and len(blank):
            blank[...] = array[-1]
        out.append(np.concatenate([array, blank]))
    return np.stack(out)


def turned(array, order, *, has_agents=False):
    """Move the leading axes E, T, N of an array into the order of the layout."""
    mine = "ETN" if has_agents else "ET"
    wanted = [axis for axis in order if axis in mine]
    return np.moveaxis(array, [mine.index(axis) for axis in wanted], range(len(wanted)))


def is_of_agents(layout, meaning):
    is_flag = meaning in {"done", "terminated", "truncated"}
    return layout.flags.endswith("-agents") if is_flag else (meaning != "rewards" or layout.rewards == "agents")


LEVELS = {
    "": [("", (None, None, None))],
    "runs": [(f"seed_{run}", (f"seed_{run}", None, None)) for run in (0, 1, 10)],
    "checkpoints": [(f"ckpt_{step}", (None, f"ckpt_{step}", None)) for step in (0, 50, 1000)],
    "both": [(f"run{r}/update_{u}", (f"run{r}", f"update_{u}", None)) for r in (1, 2) for u in (20, 100)],
    "conditions": [(f"{name}", (None, None, name)) for name in ("cramped", "ring")],
    "splits": [(f"{name}", (None, None, name)) for name in ("eval", "train")],
}


def write(path, worlds, layout):
    """Write one world for each group of arrays of the layout, and say what the file holds."""
    names = agent_names(layout, worlds[0].n_agents)
    with h5py.File(path, "w") as file:
        root = file.create_group(layout.prefix) if layout.prefix else file
        roots = [root.create_group(group) if group else root for group, _ in LEVELS[layout.levels]]
        for here, world in zip(roots, worlds, strict=True):
            WRITERS[layout.shape](here, world, layout)
        is_in_paths = layout.shape not in {"blocks", "flat", "episodes", "numbered"}
        if layout.shape.startswith("joint"):
            is_in_paths = any(isinstance(item, h5py.Group) for item in roots[0].values())
        listed = "agent_names" if "agents" in file else layout.called.get("agents", "agents")
        if layout.agents == "attribute":
            file.attrs[listed] = list(names)
        if layout.agents == "dataset":
            file[listed] = np.array(names, dtype="S")
    fields = [*columns_of(worlds[0], layout)]
    if layout.rewards in {"team", "column"} and layout.shape != "agents-episodes":
        fields.append("team_rewards")
    labels = [told for world, (_, told) in zip(worlds, LEVELS[layout.levels], strict=True) for _ in world.lengths]
    return Written(
        agents=names if is_in_paths or layout.agents != "none" else None, fields=tuple(fields), labels=tuple(labels)
    )


def all_columns(world, layout):
    return {**columns_of(world, layout), **team_columns_of(world, layout)}


def write_marks(root, world, layout, n_rows):
    """Lists, masks and columns that tell episodes apart, where they are no end flags."""
    lengths = np.array(world.lengths)
    more = 1 if layout.has_final else 0
    if layout.mark == "lengths":
        root[name_of(layout, "lengths")] = lengths
    if layout.mark == "filled":
        root[name_of(layout, "filled")] = turned(np.arange(n_rows) < (lengths + more)[:, None], layout.order)
    stops = np.cumsum(lengths)
    if layout.mark == "starts":
        root[name_of(layout, "starts")] = stops - lengths
    if layout.mark == "ends":
        root[name_of(layout, "ends")] = stops
    if layout.mark == "last-rows":
        root[name_of(layout, "ends")] = stops - 1
    if layout.mark == "ids":
        root[name_of(layout, "ids")] = np.repeat(np.arange(len(lengths)), lengths)
    if layout.mark == "times":
        root[name_of(layout, "times")] = np.concatenate([np.arange(n) for n in lengths])


def write_blocks(root, world, layout):
    n_rows = max(world.lengths)
    for meaning, arrays in all_columns(world, layout).items():
        rows = n_rows + (meaning == "observations" and layout.has_final)
        block = padded(arrays, rows, layout.padding)
        root[name_of(layout, meaning)] = turned(block, layout.order, has_agents=is_of_agents(layout, meaning))
    write_marks(root, world, layout, n_rows + layout.has_final)


def write_flat(root, world, layout):
    for meaning, arrays in all_columns(world, layout).items():
        stream = np.concatenate(arrays)
        is_turned = layout.order == "NS" and is_of_agents(layout, meaning)
        root[name_of(layout, meaning)] = np.swapaxes(stream, 0, 1) if is_turned else stream
    write_marks(root, world, layout, 0)


def episode_group(root, layout, number):
    return root.create_group(EPISODES[layout.episode].format(number))


def write_episodes(root, world, layout):
    for number in range(len(world.lengths)):
        group = episode_group(root, layout, number)
        for meaning, arrays in all_columns(world, layout).items():
            is_turned = layout.order == "NT" and is_of_agents(layout, meaning)
            group[name_of(layout, meaning)] = np.swapaxes(arrays[number], 0, 1) if is_turned else arrays[number]


def split_columns(world, layout):
    """Columns of one agent and those that all share."""
    columns = all_columns(world, layout)
    own = {m: arrays for m, arrays in columns.items() if is_of_agents(layout, m)}
    return own, {m: arrays for m, arrays in columns.items() if m not in own}


def write_agents_flat(root, world, layout):
    own, shared = split_columns(world, layout)
    for slot, name in enumerate(agent_names(layout, world.n_agents)):
        group = root.create_group(name if layout.team != 4 else f"agents/{name}")
        for meaning, arrays in own.items():
            group[name_of(layout, meaning)] = np.concatenate(arrays)[:, slot]
        for meaning, arrays in shared.items():
            if meaning != "rewards":
                group[name_of(layout, meaning)] = np.concatenate(arrays)
        if layout.mark in {"ids", "times"}:
            write_marks(group, world, layout, 0)
    if "rewards" in shared:
        root[name_of(layout, "rewards")] = np.concatenate(shared["rewards"])
    if layout.mark not in {"ids", "times"}:
        write_marks(root, world, layout, 0)


def write_agents_blocks(root, world, layout):
    own, shared = split_columns(world, layout)
    n_rows = max(world.lengths)
    for slot, name in enumerate(agent_names(layout, world.n_agents)):
        group = root.create_group(name if layout.team != 4 else f"agents/{name}")
        for meaning, arrays in own.items():
            rows = n_rows + (meaning == "observations" and layout.has_final)
            group[name_of(layout, meaning)] = turned(padded(arrays, rows, layout.padding)[:, :, slot], layout.order)
    for meaning, arrays in shared.items():
        root[name_of(layout, meaning)] = turned(padded(arrays, n_rows, layout.padding), layout.order)
    write_marks(root, world, layout, n_rows + layout.has_final)


def write_agents_episodes(root, world, layout):
    own, shared = split_columns(world, layout)
    is_inner = layout.shape == "agents-episodes"
    for number in range(len(world.lengths)):
        episode = EPISODES[layout.episode].format(number)
        for slot, name in enumerate(agent_names(layout, world.n_agents)):
            agent = name if layout.team != 4 else f"agents/{name}"
            group = root.create_group(f"{agent}/{episode}" if is_inner else f"{episode}/{agent}")
            for meaning, arrays in {**own, **({} if not is_inner else shared)}.items():
                mine = arrays[number]
                group[name_of(layout, meaning)] = mine[:, slot] if meaning in own else mine
        for meaning, arrays in shared.items():
            if not is_inner:
                root[f"{episode}/{name_of(layout, meaning)}"] = arrays[number]


def write_fields(root, world, layout):
    """A group per field, an array per agent in it: obs/agent_0."""
    own, shared = split_columns(world, layout)
    is_flat = layout.shape == "fields-flat"
    n_rows = max(world.lengths)
    for meaning, arrays in own.items():
        rows = n_rows + (meaning == "observations" and layout.has_final)
        for slot, name in enumerate(agent_names(layout, world.n_agents)):
            if is_flat:
                value = np.concatenate(arrays)[:, slot]
            else:
                value = turned(padded(arrays, rows, layout.padding)[:, :, slot], layout.order)
            root[f"{name_of(layout, meaning)}/{name}"] = value
    for meaning, arrays in shared.items():
        value = np.concatenate(arrays) if is_flat else turned(padded(arrays, n_rows, layout.padding), layout.order)
        root[name_of(layout, meaning)] = value
    write_marks(root, world, layout, n_rows + layout.has_final)


def write_episodes_fields(root, world, layout):
    own, shared = split_columns(world, layout)
    for number in range(len(world.lengths)):
        group = episode_group(root, layout, number)
        for meaning, arrays in own.items():
            for slot, name in enumerate(agent_names(layout, world.n_agents)):
                group[f"{name_of(layout, meaning)}/{name}"] = arrays[number][:, slot]
        for meaning, arrays in shared.items():
            group[name_of(layout, meaning)] = arrays[number]


def write_joined(root, world, layout):
    """Flat arrays whose names hold the agent: agent_0.obs, agent_0_obs, obs_agent_0, obs_0."""
    pattern = {
        "dotted": "{agent}.{field}",
        "agent-first": "{agent}_{field}",
        "agent-last": "{field}_{agent}",
        "numbered": "{field}_{slot}",
    }[layout.shape]
    own, shared = split_columns(world, layout)
    for meaning, arrays in own.items():
        for slot, name in enumerate(agent_names(layout, world.n_agents)):
            called = pattern.format(agent=name, field=name_of(layout, meaning), slot=slot)
            root[called] = np.concatenate(arrays)[:, slot]
    for meaning, arrays in shared.items():
        root[name_of(layout, meaning)] = np.concatenate(arrays)
    write_marks(root, world, layout, 0)


def write_joint(root, world, layout):
    """Observations or actions in one array, the other in an array per agent; flat."""
    own, shared = split_columns(world, layout)
    joint = {"joint-actions": {"actions", "rewards"}, "joint-observations": {"observations", "rewards"}}[layout.shape]
    for meaning, arrays in own.items():
        stream = np.concatenate(arrays)
        if meaning in joint:
            root[name_of(layout, meaning)] = stream
            continue
        for slot, name in enumerate(agent_names(layout, world.n_agents)):
            root[f"{name_of(layout, meaning)}/{name}"] = stream[:, slot]
    for meaning, arrays in shared.items():
        root[name_of(layout, meaning)] = np.concatenate(arrays)
    write_marks(root, world, layout, 0)


WRITERS = {
    "blocks": write_blocks,
    "flat": write_flat,
    "episodes": write_episodes,
    "agents-flat": write_agents_flat,
    "agents-blocks": write_agents_blocks,
    "agents-episodes": write_agents_episodes,
    "episodes-agents": write_agents_episodes,
    "fields-flat": write_fields,
    "fields-blocks": write_fields,
    "episodes-fields": write_episodes_fields,
    "dotted": write_joined,
    "agent-first": write_joined,
    "agent-last": write_joined,
    "numbered": write_joined,
    "joint-actions": write_joint,
    "joint-observations": write_joint,
}
