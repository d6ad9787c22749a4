"""A mapping file to fill in, for a file whose arrays nothing tells: what there is, and how it is said what it means."""

from collections.abc import Sequence

from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping import MAPPING_VERSION, Axis
from convscope.ingest.toml_text import list_text, quoted_text
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS

_MAX_LISTED = 200
_AXES = ", ".join((Axis.EPISODE, Axis.TIME, Axis.ROW, Axis.AGENT, Axis.VALUE, Axis.RUN, Axis.CHECKPOINT))
_GRID = {
    ACTIONS: (Axis.EPISODE, Axis.TIME, Axis.AGENT),
    OBSERVATIONS: (Axis.EPISODE, Axis.TIME, Axis.AGENT, Axis.VALUE),
    REWARDS: (Axis.EPISODE, Axis.TIME, Axis.AGENT),
}
_HEAD = f"""convscope-mapping = {MAPPING_VERSION}

# A draft: nothing told what the arrays of the file mean. Fill in the paths and the axes of those that hold actions,
# observations and so on, take the "# " before these lines away, and leave out the rest; what is left out is inferred.
"""
_TAIL = """#
# For columns of one length, with a row per agent and timestep, give this instead:
# [table]
# agent = "COLUMN"
# episode = ["COLUMN"]
# time = "COLUMN"
# [table.fields.actions]
# columns = ["COLUMN"]
"""


def mapping_draft(arrays: Sequence[ArrayInfo]) -> str:
    """Return the text of a mapping file in which everything is a comment, but that it is one.

    Parameters
    ----------
    arrays
        Of the file; the first 200 are listed.
    """
    listed = [f"#   {quoted_text(array.path)}  {array.shape}  {_kind(array)}" for array in arrays[:_MAX_LISTED]]
    more = [f"#   and {len(arrays) - _MAX_LISTED} more"] if len(arrays) > _MAX_LISTED else []
    fields = [line for name, axes in _GRID.items() for line in _field(name, axes)]
    asked = [
        "#",
        f"# Axes, in the order of each array: {_AXES}",
        '# (of the path as well: "/{run}/{episode}/actions"); "row" instead of "episode" and "time" where episodes',
        "# follow each other.",
        *fields,
    ]
    return _HEAD + "\n".join(["#", "# Arrays, with shape and type:", *listed, *more, *asked]) + "\n" + _TAIL


def _field(name: str, axes: Sequence[Axis]) -> list[str]:
    quoted = ", ".join(f'"{axis}"' for axis in axes)
    return ["#", f"# [fields.{name}]", '# path = "/PATH"', f"# axes = [{quoted}]"]


def _kind(array: ArrayInfo) -> str:
    return f"records of {list_text(array.columns)}" if array.columns else array.dtype
