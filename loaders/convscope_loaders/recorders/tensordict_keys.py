"""Which keys of TorchRL's environments hold what."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

from convscope.errors import UsageError
from convscope_loaders.recorders.tensordict_groups import Group, groups_of
from convscope_loaders.recorders.tensordict_types import AnyKey, Environment, Key

DONE, TERMINATED, TRUNCATED = "done", "terminated", "truncated"
_OBSERVATION, _MASK, _ACTION_MASK, _HIDDEN = "observation", "mask", "action_mask", "_hidden"
_UNSEEN = frozenset({"info", _MASK, _ACTION_MASK, "episode_reward", "step_count", "is_init"})
"""What stands among the observations of agents, and is nothing that they observe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupKeys:
    """Keys within a group; of none or one, but for observations and hidden states, which may have parts."""

    group: Group
    action: Key
    rewards: tuple[Key, ...]
    observations: tuple[Key, ...]
    action_masks: tuple[Key, ...]
    masks: tuple[Key, ...]
    """Of who acts."""
    hidden: tuple[Key, ...]
    hidden_width: int
    """Numbers of an agent's hidden state."""
    flags: frozenset[str]
    """Flags of its own."""

    def assumptions(self) -> list[str]:
        """Return what is taken for granted, a sentence each."""
        said: list[str] = []
        for what, parts in (("observations", self.observations), ("hidden states", self.hidden)):
            told = ", ".join("/".join(part) for part in parts)
            if len(parts) > 1:
                said.append(f"the {what} of {self.group.name} are {told}, one after the other")
            elif parts and parts[0][0] != _OBSERVATION:
                said.append(f"the {what} of {self.group.name} are {told}")
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvKeys:
    """Keys of an environment."""

    groups: tuple[GroupKeys, ...]
    rewards: tuple[Key, ...]
    """Of the team, none or one."""
    flags: frozenset[str]
    """Flags of the team."""
    has_state: bool

    @property
    def agents(self) -> tuple[str, ...]:
        """All agents, group by group."""
        return tuple(agent for keys in self.groups for agent in keys.group.agents)

    def assumptions(self) -> list[str]:
        """Return what is taken for granted, a sentence each."""
        said = [sentence for keys in self.groups for sentence in keys.assumptions()]
        if any(keys.hidden for keys in self.groups):
            said.append("a hidden state is the one with which the step begins")
        if any(keys.masks for keys in self.groups):
            said.append("an agent acts where its mask is true")
        if any(DONE in keys.flags for keys in self.groups):
            said.append("an agent is out of the game once its own done is set")
        if not any(TRUNCATED in flags for flags in (self.flags, *(keys.flags for keys in self.groups))):
            said.append("the environment does not tell time limits from ends of the task")
        return said


def has_groups(env: Environment) -> bool:
    """Whether the actions of an environment stand in groups, as those of several agents do."""
    return all(len(_key(key)) > 1 for key in env.action_keys)


def keys_of(env: Environment) -> EnvKeys:
    """Return the keys of an environment.

    Raises
    ------
    UsageError
        If it has no groups of agents, or a group has no action, or several.
    """
    done, rewards, seen, actions = (
        [_key(key) for key in keys] for keys in (env.done_keys, env.reward_keys, env.observation_keys, env.action_keys)
    )
    groups = tuple(
        _group_keys(
            group,
            _inner(actions, group),
            seen=_inner(seen, group),
            rewards=_inner(rewards, group),
            flags=_inner(done, group),
            shape_of=partial(_shape, env, group),
        )
        for group in groups_of(env)
    )
    return EnvKeys(
        groups=groups,
        rewards=tuple(key for key in rewards if len(key) == 1)[:1],
        flags=frozenset(key[0] for key in done if len(key) == 1),
        has_state=("state",) in seen,
    )


def specs_of(env: Environment, keys: EnvKeys) -> dict[str, Any]:
    """Return the specification of each agent's action, with the environment's batch dimensions."""
    return {
        agent: env.full_action_spec[of_group.group.name][..., place][of_group.action]
        for of_group in keys.groups
        for place, agent in enumerate(of_group.group.agents)
    }


def time_limit(env: Any) -> int | None:  # noqa: ANN401  attributes that not all environments have
    """Return the steps after which an environment ends that does not tell time limits from ends of the task."""
    while _is_a(env, "TransformedEnv"):
        env = env.base_env
    # What several workers have in common has to be asked for, which only works while they run.
    limit = None if TRUNCATED in env.done_keys or _is_a(env, "BatchedEnvBase") else getattr(env, "max_steps", None)
    return limit if isinstance(limit, int) else None


def _group_keys(
    group: Group,
    actions: Sequence[Key],
    *,
    seen: Sequence[Key],
    rewards: Sequence[Key],
    flags: Sequence[Key],
    shape_of: Callable[[Key], Sequence[int]],
) -> GroupKeys:
    if len(actions) != 1:
        told = ", ".join("/".join(key) for key in actions) or "none"
        raise UsageError(
            f"the agents of {group.name} have {len(actions)} actions ({told}), not one; record them with "
            "convscope.record.Recorder (docs/recording.md)"
        )
    hidden = tuple(key for key in seen if key[0].startswith(_HIDDEN))
    return GroupKeys(
        group=group,
        action=actions[0],
        rewards=tuple(rewards[:1]),
        observations=_observed(seen),
        action_masks=tuple(key for key in seen if key[-1] == _ACTION_MASK)[:1],
        masks=tuple(key for key in seen if key == (_MASK,)),
        hidden=hidden,
        hidden_width=sum(prod(shape_of(key)) for key in hidden),
        flags=frozenset(key[0] for key in flags),
    )


def _shape(env: Environment, group: Group, key: Key) -> Sequence[int]:
    """Return the shape of what one agent has under a key."""
    return tuple(env.full_observation_spec[group.name][..., 0][key].shape[len(env.batch_size) :])


def _observed(seen: Sequence[Key]) -> tuple[Key, ...]:
    named = tuple(key for key in seen if key[0] == _OBSERVATION and key[-1] != _ACTION_MASK)
    return named or tuple(key for key in seen if key[0] not in _UNSEEN and not key[0].startswith(_HIDDEN))


def _inner(keys: Iterable[Key], group: Group) -> list[Key]:
    return [key[1:] for key in keys if key[0] == group.name and len(key) > 1]


def _key(key: AnyKey) -> Key:
    return (key,) if isinstance(key, str) else tuple(key)


def _is_a(env: object, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(env).__mro__)
