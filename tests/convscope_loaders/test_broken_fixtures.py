"""A genuine log that is cut or damaged at any place is a log or a sentence: never a traceback, a hang or a kill.

Each case runs in a process of its own, with limits on time and memory.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
LOGS = (
    "convscope_prototype/canonical.h5",
    "jaxmarl/spread.npz",
    "minari/main_data.hdf5",
    "overcooked_ai/random_cramped_room.json",
    "flatland/arrived",
    "omar/seed_0_data",
)
N_CASES = 2
SECONDS = 60
BYTES = 3 << 29
"""Memory of a process beyond what it begins with."""
CONVERT = """
import resource, sys
from convscope import cli
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv.pop())
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
cli.main()
"""


def damaged(content, rng):
    """The same bytes, cut or with some of them changed."""
    if rng.random() < 0.5:
        return content[: rng.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit on memory needs /proc")
@pytest.mark.parametrize("case", range(N_CASES))
@pytest.mark.parametrize("name", LOGS)
def test_a_damaged_log_is_a_log_or_a_sentence(tmp_path, name, case):
    rng = random.Random(f"{name} {case}")  # noqa: S311  where it is damaged, is no secret
    log, out = tmp_path / Path(name).name, tmp_path / "out" / "log.h5"
    out.parent.mkdir()
    (shutil.copytree if (DATA / name).is_dir() else shutil.copy)(DATA / name, log)
    file = rng.choice(sorted(path for path in log.rglob("*") if path.is_file())) if log.is_dir() else log
    file.write_bytes(damaged(file.read_bytes(), rng))
    ran = subprocess.run(
        [sys.executable, "-c", CONVERT, "convert", str(log), str(out), str(BYTES)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode in (0, 2, 5), ran.stderr
    assert "Traceback" not in ran.stderr
    assert [path.name for path in out.parent.iterdir()] == (["log.h5"] if ran.returncode == 0 else [])
