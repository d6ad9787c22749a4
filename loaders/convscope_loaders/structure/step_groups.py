"""Groups that hold one timestep each, ``step_0/actions``: they are called as checkpoints are, and are none."""

from collections.abc import Sequence

from convscope.errors import LogFormatError
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.lexicon import Meaning, stem_of

_STEMS = frozenset({"step", "timestep", "time_step", "t"})
_ENOUGH = 3


def refuse_step_groups(families: Sequence[Family], place: str) -> None:
    """Refuse actions without rows in groups that count on from one to the next.

    Raises
    ------
    LogFormatError
        If the groups are timesteps; the message says how to write them.
    """
    for family in families:
        if family.meaning is Meaning.ACTION and Axis.CHECKPOINT in family.axes and len(family.first.shape) < 2:
            names = sorted({values[Axis.CHECKPOINT] for _, values in family.members})
            stems = {stem_of(name)[0] for name in names}
            numbers = sorted(int(number) for name in names if (number := stem_of(name)[1]).isdecimal())
            counts_on = numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False
            if stems <= _STEMS and counts_on and len(numbers) >= _ENOUGH:
                called = f"{stem_of(names[0])[0]}_{numbers[0]} to {numbers[-1]}"
                raise LogFormatError(
                    f"{place}:{family.first.path} {family.first.shape}: the groups {called} seem to hold one timestep "
                    "each, which is not read: write one array of all timesteps, such as actions (time, agent); if they "
                    f"are checkpoints, call them checkpoint_{numbers[0]} and so on"
                )
