"""Which parts of a rollout become which fields, as a mapping a user could write too."""

from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.values import fields as names
from convscope_loaders.jaxmarl.environments import Folding, arrays_by_agent
from convscope_loaders.jaxmarl.rollout import Rollout

_FIELDS = {
    "obs": names.OBSERVATIONS,
    "action": names.ACTIONS,
    "reward": names.REWARDS,
    "avail_actions": names.ACTION_MASKS,
}
_FLAGS = frozenset({"global_done", "done"})


def rollout_mapping(rollout: Rollout, folding: Folding, *, part: str, cut: Cut, agents: tuple[str, ...]) -> LogMapping:
    """Return what the arrays of a rollout mean; what is not of the transition is left to be inferred.

    Parameters
    ----------
    rollout
        The transition.
    folding
        How agents and environments share an axis.
    part
        The flags of episodes.
    cut
        How these mark the ends.
    agents
        Names.
    """
    fields = [
        _field(rollout, name, folding.axis)
        for name in sorted(rollout.parts, key=lambda name: name not in _FIELDS)
        if name not in _FLAGS and rollout.has_row_per_actor(name)
    ]
    for group in arrays_by_agent(rollout):
        array = ArrayMapping(path=f"{rollout.path(group)}/{{agent}}", axes=(Axis.TIME, Axis.EPISODE))
        fields.append(FieldMapping(name=_own_name(group), array=array))
    return LogMapping(
        fields=tuple(fields),
        episodes=EpisodeMapping(cut=cut, array=actor_array(rollout, part, folding.axis)),
        agents=agents,
        framework="JaxMARL",
    )


def actor_array(rollout: Rollout, part: str, axis: Axis) -> ArrayMapping:
    """Return a part that has a row for each step and actor."""
    # LogWrapper's arrays are (environment, agent) before they are flattened, and all others (agent, environment).
    lead = (Axis.TIME, Axis.ENV_AGENT if part.startswith(names.INFO) else axis)
    values = (Axis.VALUE,) if len(rollout.parts[part].shape) > 2 else ()
    return ArrayMapping(path=rollout.path(part), axes=(*lead, *values))


def _field(rollout: Rollout, part: str, axis: Axis) -> FieldMapping:
    return FieldMapping(name=_FIELDS.get(part, _own_name(part)), array=actor_array(rollout, part, axis))


def _own_name(part: str) -> str:
    return names.INFO + part.removeprefix(names.INFO).replace("/", "_")
