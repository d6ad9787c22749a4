"""The loader of Overcooked-AI: what its evaluator saves, and the trials of human pairs."""

import re

from convscope.errors import LogFormatError, RefusedFileError
from convscope.ingest.container import Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.parsed import Parse, parse_container
from convscope.ingest.probe import FileKind, Probe
from convscope.values.fields import ACTIONS, INFO, POSITIONS, TEAM_REWARDS, Level
from convscope.values.log import TrajectoryLog
from convscope_loaders.overcooked.humans import COLUMNS, parse_lines, parse_pickled, parse_table
from convscope_loaders.overcooked.recorded import EPISODE_KEYS, STEP_KEYS, parse_recorded
from convscope_loaders.overcooked.steps import ACTION_NAMES
from convscope_loaders.structure.names import text_list
from convscope_loaders.table.text import first_line
from convscope_loaders.tidy.build import TidyReading, build_tidy_log
from convscope_loaders.tidy.mapping import TidyField, TidyMapping

_RECORDED = re.compile(rb'\s*\{\s*"(?:' + "|".join((*STEP_KEYS, *EPISODE_KEYS)).encode() + rb')"\s*:')
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_ASSUMPTIONS = (
    "a state is that before the joint action beside it",
    "layouts are conditions",
    "a position is (column, row) from the upper left corner",
    "a pot is its number of ingredients and the ticks that it has cooked, 0 where it does not; pots count row by row",
    "the reward is that of the pair",
)
_OF_RECORDED = ("an episode as long as its horizon was ended by it, a shorter one by the task",)
_OF_HUMANS = (
    "each pair of people is a run: pairs are what repeats, not the trials of one pair",
    "a trial ends when its clock has run out",
    "where the file shows no map, a pot is where an unfinished soup is seen",
)


class OvercookedLoader:
    """Reads files of ``save_traj_as_json``, and tables of human trials."""

    name = "overcooked"
    description = "Overcooked-AI: save_traj_as_json, and human trials as JSON lines, CSV or (trusted) pickle"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for the first key of a trajectory, or the columns of a trial."""
        parse = _parser(probe)
        if parse is None:
            return Match(score=0.0, reason="no trajectory or trial of Overcooked-AI")
        return Match(score=0.9, reason=_REASONS[parse])

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        RefusedFileError
            If it is a pickle that the user does not trust.
        LogFormatError
            If it is something else, broken, or a pickle that names more than tables and arrays.
        """
        parse = _parser(probe)
        if parse is None:
            raise LogFormatError(f"{probe.path} is no trajectory or trial of Overcooked-AI")
        if parse is parse_pickled and not probe.trusts_pickle:
            raise RefusedFileError(
                "pickle",
                f"{probe.path} is a pickle, and a pickle can run anything; save the table as JSON lines "
                '(to_json(orient="records", lines=True)), or give --trust-pickle if you trust its source',
            )
        container = parse_container(probe.path, parse)
        own = _OF_RECORDED if parse is parse_recorded else _OF_HUMANS
        reading = TidyReading(mapping=_mapping(container.inventory), assumptions=(*_ASSUMPTIONS, *own))
        return build_tidy_log(probe, container, reading, loader=self.name)


LOADER = OvercookedLoader()
"""What the entry point names."""

_REASONS: dict[Parse, str] = {
    parse_recorded: "begins with a key of a trajectory of Overcooked-AI",
    parse_lines: "lines with state, joint_action and layout_name",
    parse_table: "columns state, joint_action and layout_name",
    parse_pickled: "a pickled table with joint actions",
}


def _parser(probe: Probe) -> Parse | None:
    if probe.kind is FileKind.FOLDER or probe.container is not None:
        return None
    if _PICKLE.match(probe.head):
        return parse_pickled if b"pandas.core.frame" in probe.head and b"joint_action" in probe.head else None
    if _RECORDED.match(probe.head):
        return parse_recorded
    line = first_line(probe.head)
    if not all(column.encode() in line for column in COLUMNS):
        return None
    return parse_lines if line.startswith(b"{") else parse_table


def _mapping(inventory: Inventory) -> TidyMapping:
    clocks = [name for name in ("score", "time_left") if f"/{name}" in inventory.datasets]
    pairs, held = (text_list(inventory.attributes[column]["values"]) for column in ("/pair", "/held"))
    return TidyMapping(
        run="/pair" if pairs != ("",) else None,
        condition="/layout",
        episode=("/trial",),
        time="/time",
        agent="/player",
        terminated="/terminated",
        truncated="/truncated",
        fields=(
            TidyField(name=ACTIONS, columns=("/action",), values=ACTION_NAMES),
            TidyField(name=POSITIONS, columns=("/position",)),
            TidyField(name=TEAM_REWARDS, columns=("/reward",), level=Level.TEAM),
            TidyField(name=f"{INFO}orientation", columns=("/orientation",)),
            TidyField(name=f"{INFO}held", columns=("/held",), values=held),
            TidyField(name=f"{INFO}pots", columns=("/pots",), level=Level.TEAM),
            *(TidyField(name=f"{INFO}{name}", columns=(f"/{name}",), level=Level.TEAM) for name in clocks),
        ),
        environment="overcooked",
        framework="overcooked_ai",
    )
