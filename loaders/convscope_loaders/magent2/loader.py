"""The loader of MAgent2's render folders: positions, health, deaths and attacks of every agent in every frame."""

import re

from convscope.errors import LogFormatError
from convscope.ingest.json_text import parsed_json
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.parsed import parse_container
from convscope.ingest.probe import FileKind, Probe
from convscope.values.fields import ACTIONS, INFO, POSITIONS
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.magent2.episodes import parse, video_files
from convscope_loaders.tidy.build import TidyReading, build_tidy_log
from convscope_loaders.tidy.mapping import TidyField, TidyMapping

_FIRST_LINE = re.compile(rb"W \d+\n")
_ASSUMPTIONS = (
    "each file is an episode; one that follows a full file (10,002 frames) goes on with its episode",
    "every step was rendered, and a frame shows what the step before it left",
    "the files hold no actions: what an agent did is read from the next frame: it attacked, moved, stayed or is gone",
    "a move that was blocked reads as stay",
    "groups are teams, and an agent of the same group and number is the same one in every episode",
    "the files do not say how an episode ended",
)
_WALLS = Notice(code="left-out-walls", message="walls are left out")


class MAgent2Loader:
    """Reads folders with ``config.json`` and ``video_<k>.txt``."""

    name = "magent2"
    description = "render folders of MAgent2: config.json and video_<k>.txt"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look for videos beside a configuration with groups, or for a video itself."""
        if probe.kind is FileKind.FOLDER and video_files(probe.files) and _has_groups(probe):
            return Match(score=0.9, reason="config.json with groups, beside video_<k>.txt")
        if probe.kind is FileKind.TEXT and _is_video(probe):
            return Match(score=0.9, reason="frames of a render folder")
        return Match(score=0.0, reason="no config.json with groups beside video_<k>.txt")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log.

        Raises
        ------
        LogFormatError
            If it is a single file of the folder, or a file is damaged.
        """
        if probe.kind is not FileKind.FOLDER:
            raise LogFormatError(f"{probe.path} is one file of a render folder; give the folder {probe.path.parent}")
        container = parse_container(probe.path, parse)
        names = container.inventory.attributes["/deed"]["values"]
        reading = TidyReading(
            mapping=_mapping(tuple(str(name) for name in names) if isinstance(names, tuple) else ()),
            assumptions=_ASSUMPTIONS,
            notices=(_WALLS,),
        )
        return build_tidy_log(probe, container, reading, loader=self.name)


LOADER = MAgent2Loader()
"""What the entry point names."""


def _mapping(deeds: tuple[str, ...]) -> TidyMapping:
    return TidyMapping(
        episode=("/episode",),
        time="/frame",
        agent="/agent",
        team="/group",
        fields=(
            TidyField(name=POSITIONS, columns=("/x", "/y")),
            TidyField(name=ACTIONS, columns=("/deed",), values=deeds),
            TidyField(name=f"{INFO}health", columns=("/health",)),
            TidyField(name=f"{INFO}direction", columns=("/direction",)),
        ),
        framework="magent2",
    )


def _has_groups(probe: Probe) -> bool:
    config = parsed_json(probe.small_file("config.json"))
    return isinstance(config, dict) and isinstance(config.get("group"), list) and "dynamic-file-directory" in config


def _is_video(probe: Probe) -> bool:
    return bool(video_files([probe.path.name])) and _FIRST_LINE.match(probe.head) is not None
