"""Reads ``.ticks`` files of our warehouse simulator into convscope."""

from pathlib import Path

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.parsed import Parsed, coded, parse_container
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.tidy.build import TidyReading, build_tidy_log
from convscope_loaders.tidy.mapping import TidyField, TidyMapping

MAGIC = b"#ticks 1\n"
COLUMNS = ("episode", "t", "agent", "x", "y", "action", "reward")
MAPPING = TidyMapping(
    episode=("/episode",),
    time="/t",
    agent="/agent",
    fields=(
        TidyField(name="positions", columns=("/x", "/y")),
        TidyField(name="actions", columns=("/action",)),
        TidyField(name="rewards", columns=("/reward",)),
    ),
    framework="warehouse",
)


class TicksLoader:
    """Reads ``.ticks`` files."""

    name = "ticks"
    description = "tick logs of the warehouse simulator"
    requires: tuple[str, ...] = ()
    takes_mapping = False

    def sniff(self, probe: Probe) -> Match:
        """Look at the first line; never raises, never opens the file."""
        if probe.head.startswith(MAGIC):
            return Match(score=0.9, reason="begins with #ticks 1")
        return Match(score=0.0, reason="does not begin with #ticks 1")

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log."""
        assumptions = (
            "positions are in metres",
            "an agent without a line is waiting, or out of the game if it is its last",
        )
        reading = TidyReading(mapping=MAPPING, assumptions=assumptions)
        return build_tidy_log(probe, parse_container(probe.path, parse), reading, loader=self.name)


LOADER = TicksLoader()


def parse(path: Path) -> Parsed:
    """Turn the lines ``episode t agent x y action reward`` into columns; texts become numbers with names."""
    lines = [line.split() for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    for number, words in enumerate(lines):
        if len(words) != len(COLUMNS):
            raise LogFormatError(f"{path}: entry {number} has {len(words)} words; expected {', '.join(COLUMNS)}")
    columns = dict(zip(COLUMNS, zip(*lines, strict=True), strict=True))
    agents, names = coded(np.array(columns.pop("agent")))
    try:
        arrays = {f"/{name}": np.array(words, np.float64) for name, words in columns.items()}
    except ValueError as error:
        raise LogFormatError(f"{path}: {error}; all but the agent are numbers") from error
    return Parsed(arrays={**arrays, "/agent": agents}, attributes={"/agent": {"values": names}})
