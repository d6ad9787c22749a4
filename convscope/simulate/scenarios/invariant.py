"""Studies with a twin that says the same in another way (ground truths 6, 17 and 19)."""

from io import BytesIO

import numpy as np

from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LabelMapping, LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.memory import log_from_arrays
from convscope.simulate.scenarios.declaring import figures_of, priors_text
from convscope.simulate.scenarios.following import runs_following
from convscope.simulate.scenarios.scenario import ROLES, Planted, Scale, Scenario, Truth
from convscope.simulate.teams import CIRCULANT, GENERIC, relabelled
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import ACTIONS, ATTENTION
from convscope.values.log import Block, TrajectoryLog
from convscope.values.status import Status

_N_EMPTY = 3
_RENAMED = ("zulu", "mike", "alpha")
"""What the twin calls the roles: in another order of names."""


def _padded(scale: Scale, rng: np.random.Generator) -> Planted:
    plain, runs = runs_following(CIRCULANT, scale, rng)
    rubbish = (np.nan, 1e300)
    twins = {f"padded/{name}": _with_empty(log, rubbish[n % 2]) for n, (name, log) in enumerate(plain.items())}
    truth = figures_of(CIRCULANT, CIRCULANT, scale.members, runs=scale.noisy(runs))
    return Planted(logs={**plain, **twins}, priors=priors_text(CIRCULANT), truth={**truth, "twin": "padded"})


def _with_empty(log: TrajectoryLog, rubbish: float) -> TrajectoryLog:
    """Return a run with slots behind its agents that nobody fills."""
    block = _whole(log)
    wide = [(0, 0), (0, _N_EMPTY)]
    attention, actions = block.columns[ATTENTION], block.columns[ACTIONS]
    return log_from_arrays(
        {
            ATTENTION: np.pad(attention, [(0, 0), (0, 0), *[(0, _N_EMPTY)] * 2], constant_values=rubbish),
            # An action of 1e300 is none of the space's: the format has no cell for it.
            ACTIONS: np.pad(actions, [*wide, (0, 0)], constant_values=np.nan),
        },
        log.episodes.length,
        [*_agents(log), *(f"empty_{number}" for number in range(_N_EMPTY))],
        status=np.pad(block.status, wide, constant_values=Status.ABSENT),
        runs=log.episodes.runs * log.episodes.n_episodes,
    )


def _transposed(scale: Scale, rng: np.random.Generator) -> Planted:
    logs, runs = runs_following(GENERIC, scale, rng)
    files = {f"transposed/{name}.npz": _turned(log) for name, log in logs.items()}
    mapping = LogMapping(
        agents=scale.agents,
        fields=(
            FieldMapping(name=ACTIONS, array=_array("actions", Axis.EPISODE, Axis.TIME, Axis.AGENT)),
            FieldMapping(
                name=ATTENTION, array=_array("attention", Axis.EPISODE, Axis.TIME, Axis.SENDER, Axis.RECEIVER)
            ),
        ),
        run=LabelMapping(array=_array("run", Axis.EPISODE)),
    )
    files["transposed/mapping.toml"] = mapping_text(mapping).encode()
    truth = figures_of(GENERIC, GENERIC, scale.members, runs=scale.noisy(runs))
    return Planted(logs=logs, priors=priors_text(GENERIC), truth={**truth, "twin": "transposed"}, others=files)


def _array(path: str, *axes: Axis) -> ArrayMapping:
    return ArrayMapping(path=f"/{path}", axes=axes)


def _turned(log: TrajectoryLog) -> bytes:
    block = _whole(log)
    shape = (log.episodes.n_episodes, -1, len(log.header.agents))
    held = BytesIO()
    np.savez(
        held,
        actions=block.columns[ACTIONS].reshape(shape).astype(np.int64),
        attention=block.columns[ATTENTION].reshape(*shape, shape[2]).swapaxes(2, 3),
        run=np.array(log.episodes.runs * log.episodes.n_episodes),
    )
    return held.getvalue()


def _reordered(scale: Scale, rng: np.random.Generator) -> Planted:
    plain, runs = runs_following(GENERIC, scale, rng)
    logs = {name: _with_heads(log) for name, log in plain.items()}
    order = rng.permutation(sum(scale.members))
    new_name: dict[str, Truth] = dict(zip(ROLES, _RENAMED, strict=True))
    twins = {
        f"reordered/part_{scale.n_runs - number}": _turned_about(log, order) for number, log in enumerate(logs.values())
    }
    by_name = sorted(range(3), key=lambda role: _RENAMED[role])
    priors = priors_text(relabelled(GENERIC, by_name), roles=[_RENAMED[role] for role in by_name])
    truth = figures_of(GENERIC, GENERIC, scale.members, runs=scale.noisy(runs))
    return Planted(
        logs={**logs, **twins},
        priors=priors_text(GENERIC),
        truth={**truth, "twin": "reordered", "renamed": new_name},
        others={"reordered/priors.toml": priors.encode()},
    )


def _with_heads(log: TrajectoryLog) -> TrajectoryLog:
    """Return a run with two heads, one sharper and one blunter; their mean is what they were made of."""
    block = _whole(log)
    weights = block.columns[ATTENTION]
    n_agents = weights.shape[-1]
    below = (1 - np.eye(n_agents)) / (n_agents - 1) - weights
    # A weight far below the even one would fall under 0: its row is sharpened less.
    room = np.divide(weights, below, out=np.full_like(weights, np.inf), where=below > 0)
    apart = -np.minimum(0.3, room.min(axis=-1, keepdims=True)) * below
    heads = np.concatenate([weights + apart, weights - apart], axis=1)
    return _rebuilt(log, np.maximum(heads, 0.0), block.columns[ACTIONS], agents=_agents(log))


def _turned_about(log: TrajectoryLog, order: IntArray) -> TrajectoryLog:
    block = _whole(log)
    weights = block.columns[ATTENTION][:, ::-1][..., order, :][..., order]
    names = [_renamed(_agents(log)[slot]) for slot in order.tolist()]
    return _rebuilt(log, weights, block.columns[ACTIONS][:, order], agents=names)


def _renamed(agent: str) -> str:
    role, number = agent.rsplit("_", 1)
    return f"{_RENAMED[ROLES.index(role)]}_{number}"


def _rebuilt(log: TrajectoryLog, weights: FloatArray, actions: FloatArray, *, agents: list[str]) -> TrajectoryLog:
    runs = log.episodes.runs * log.episodes.n_episodes
    return log_from_arrays({ATTENTION: weights, ACTIONS: actions}, log.episodes.length, agents, runs=runs)


def _whole(log: TrajectoryLog) -> Block:
    (block,) = log.blocks(frozenset({ATTENTION, ACTIONS}), max_bytes=1 << 62)
    return block


def _agents(log: TrajectoryLog) -> list[str]:
    return [agent.name for agent in log.header.agents]


PADDING = Scenario(
    name="padding",
    number=6,
    description="The twin has empty slots full of NaN or 1e300: not one bit of any result differs.",
    plant=_padded,
    n_copies=3,
)
TRANSPOSED = Scenario(
    name="transposed",
    number=17,
    description="The twin keeps senders before receivers, and its mapping says so: equal results.",
    plant=_transposed,
    n_copies=2,
)
REORDERED = Scenario(
    name="reordered",
    number=19,
    description="The twin has runs, agents, heads and names in another order: equal results.",
    plant=_reordered,
    n_copies=3,
)
