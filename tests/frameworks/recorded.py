"""What a recording holds, episode by episode, for tests that compare it with what the framework handed out."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.ingest.open import find_logs, open_logs
from convscope.ingest.validate import validate_log
from convscope.values.status import EndKind


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """An episode as a log gives it back."""

    columns: dict[str, np.ndarray]
    status: np.ndarray
    length: int
    end: EndKind
    checkpoint: str | None
    condition: str | None


def recorded(*paths):
    """Return the header and the episodes of logs that have no critical fault."""
    for path in paths:
        assert [problem for problem in validate_log(path) if problem.severity == "critical"] == []
    log = open_logs(find_logs(paths))
    fields = frozenset(spec.name for spec in log.header.fields)
    blocks = [task.load() for task in log.tasks(fields, max_bytes=1)]
    table = log.episodes
    return log.header, [
        Recorded(
            columns=block.columns,
            status=block.status,
            length=int(table.length[number]),
            end=EndKind(table.end[number]),
            checkpoint=table.checkpoint_label(number),
            condition=table.condition_name(number),
        )
        for number, block in enumerate(blocks)
    ]


def analyzed(path: Path, out: Path):
    """Return what ``convscope analyze`` says of a log."""
    program = Path(sys.executable).with_name("convscope")
    command = [program, "analyze", path, "--out", out, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads((out / "analysis.json").read_text(encoding="utf-8"))


def same(found: np.ndarray, expected) -> None:
    """Compare what was recorded with what the framework handed out, number for number."""
    np.testing.assert_array_equal(found, np.asarray(expected, dtype=np.float64))
