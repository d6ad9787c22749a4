"""The confusion matrix of detection: known files, by the loader that their signature chooses and by structure alone.

Run ``python -m benchmarks.detection FOLDER`` from the root of the project; FOLDER holds HDF5 files of which
`tests.convscope_loaders.detection.truths` has a reference, at any depth.
"""

import sys
from collections import Counter
from pathlib import Path

from tests.convscope_loaders.detection.judging import Outcome, Verdict, judge, known_files, truth_of

WAYS: dict[str, str | None] = {"signatures on": None, "signatures off": "hdf5"}
"""The loader that each column of the table forces."""


def cell(verdict: Verdict) -> str:
    """Return what stands in the table."""
    return f"right ({verdict.why})" if verdict.outcome is Outcome.RIGHT else verdict.outcome.value


def main() -> None:
    """Print the table, the sums and the reason of every reading that is not right."""
    folder = Path(sys.argv[1])
    files = known_files(folder)
    verdicts = {
        (name, way): judge(path, truth_of(path), loader=loader) for name, path in files for way, loader in WAYS.items()
    }
    print("".join(f"{title:32}" for title in ("file", *WAYS)))
    for name, _ in files:
        print("".join(f"{text:32}" for text in (name, *(cell(verdicts[name, way]) for way in WAYS))))
    for way in WAYS:
        sums = Counter(verdicts[name, way].outcome for name, _ in files)
        print(f"{way}: " + ", ".join(f"{sums[outcome]} {outcome}" for outcome in Outcome))
    for (name, way), verdict in verdicts.items():
        if verdict.outcome is not Outcome.RIGHT:
            print(f"\n{name}, {way}: {verdict.outcome}\n{verdict.why}")


if __name__ == "__main__":
    main()
