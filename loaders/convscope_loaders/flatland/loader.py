"""The loader of Flatland trajectories: actions, positions, rewards and states of all trains."""

from convscope.errors import LogFormatError
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.parsed import parse_container
from convscope.ingest.probe import FileKind, Probe
from convscope.values.fields import ACTIONS, INFO, POSITIONS, REWARDS
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.flatland.events import EVENT_FILES, event_folder
from convscope_loaders.flatland.steps import parse
from convscope_loaders.tidy.build import TidyReading, build_tidy_log
from convscope_loaders.tidy.mapping import TidyField, TidyMapping

_ACTION_NAMES = ("do nothing", "move left", "move forward", "move right", "stop moving")
"""``RailEnvActions`` of flatland-rl, in order."""
_STATE_NAMES = ("waiting", "ready to depart", "malfunction off map", "moving", "stopped", "malfunction", "done")
"""``TrainState`` of flatland-rl, in order."""
_ASSUMPTIONS = (
    "an action is written under the time before its step, all that came of it under the time after",
    "positions are (row, column); the first one is not written, and a train off the map has none",
    "a train is out of the game after its first step that is done",
    "an episode in which all trains are done is ended by the task if all have arrived, else by the time limit",
)
_MAPPING = TidyMapping(
    episode=("/episode_id",),
    time="/env_time",
    agent="/agent_id",
    alive="/is_running",
    terminated="/terminated",
    truncated="/truncated",
    fields=(
        TidyField(name=ACTIONS, columns=("/action",), values=_ACTION_NAMES),
        TidyField(name=REWARDS, columns=("/reward",)),
        TidyField(name=POSITIONS, columns=("/row", "/column")),
        TidyField(name=f"{INFO}heading", columns=("/heading",)),
        TidyField(name=f"{INFO}speed", columns=("/speed",)),
        TidyField(name=f"{INFO}malfunction", columns=("/malfunction",)),
        TidyField(name=f"{INFO}train_state", columns=("/train_state",), values=_STATE_NAMES),
    ),
    environment="flatland",
    framework="flatland",
)
_INFO = Notice(
    code="left-out-infos", message="of the infos, malfunction, speed and state are read; the texts are never evaluated"
)
_STATES = Notice(code="left-out-states", message="serialised states are pickles and are not read")


class FlatlandLoader:
    """Reads folders with ``event_logs/ActionEvents.discrete_action.tsv``."""

    name = "flatland"
    description = "trajectory folders of flatland-rl 4: event_logs/*.tsv"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for the table of actions, or for one of its siblings given alone."""
        if probe.kind is FileKind.FOLDER and event_folder(probe.files) is not None:
            return Match(score=0.9, reason="ActionEvents.discrete_action.tsv among the event logs")
        if probe.kind is FileKind.TEXT and probe.path.name in EVENT_FILES:
            return Match(score=0.9, reason="called as an event log of Flatland")
        return Match(score=0.0, reason="no ActionEvents.discrete_action.tsv")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        LogFormatError
            If it is a single table of the folder, or the tables do not hold what they should.
        """
        if probe.kind is not FileKind.FOLDER:
            raise LogFormatError(f"{probe.path} is one table of a trajectory; give the folder around its event logs")
        container = parse_container(probe.path, parse)
        has_pickles = any(name.startswith("serialised_state/") for name in probe.files)
        reading = TidyReading(
            mapping=_MAPPING,
            assumptions=_ASSUMPTIONS,
            notices=(_INFO, _STATES) if has_pickles else (_INFO,),
        )
        return build_tidy_log(probe, container, reading, loader=self.name)


LOADER = FlatlandLoader()
"""What the entry point names."""
