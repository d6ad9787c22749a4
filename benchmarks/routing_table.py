"""How often each source of routing speaks of what is not there, and of what is, situation by situation.

python benchmarks/routing_table.py [--only WORD] [--rows FILE] [--docs FILE]

Adds the rows that FILE (benchmarks/routing_table.jsonl) lacks, one after the other as they are done, so that it can be
stopped and started again; delete lines to have them anew. ``--only`` takes rows whose situation or method holds the
word. At the end the table in docs/routing-rates.md is written from the rows.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from routing_cells import CELLS, Cell, Found
from scipy.stats import norm

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "benchmarks" / "routing_table.jsonl"
PAGE = ROOT / "docs" / "routing-rates.md"
MARKS = ("<!-- routing_table.py: start -->", "<!-- routing_table.py: end -->")
COLUMNS = (
    "situation",
    "method",
    "log",
    "logs",
    "refused",
    "pairs without edge",
    "false positives",
    "95 %",
    "with edge",
    "power",
    "95 %",
    "false edges",
)
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of some logs; pairs whose p is at most the level, and of how many, log by log."""

    situation: str
    method: str
    log: str
    false: list[tuple[int, int]]
    """Pairs without an edge."""
    true: list[tuple[int, int]]
    """Pairs with one."""
    n_untested: int
    """Pairs without a p."""
    n_false_edges: int
    """Pairs without an edge that are significant at a false discovery rate of .05."""
    refused: list[str]
    """Codes of the notes that refuse or warn, log by log; empty where there is none."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from other rows."""
        return self.situation, self.method, self.log


def row_of(key: tuple[str, str, str], found: Sequence[Found]) -> Row:
    """Return the row of some logs."""
    counted = {is_edge: [_counted(each.p_of(is_edge=is_edge)) for each in found] for is_edge in (False, True)}
    return Row(
        situation=key[0],
        method=key[1],
        log=key[2],
        false=counted[False],
        true=counted[True],
        n_untested=sum(pair.p is None for each in found for pair in each.pairs),
        n_false_edges=sum(pair.is_significant and not pair.is_edge for each in found for pair in each.pairs),
        refused=[" ".join(each.refusals) for each in found],
    )


def _counted(p_values: Sequence[float | None]) -> tuple[int, int]:
    known = [p for p in p_values if p is not None]
    return sum(p <= LEVEL for p in known), len(known)


def interval(counts: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927), as wide as the spread between logs asks for.

    Pairs of one log share agents: the number of pairs is divided by how much more the shares of logs differ than those
    of independent pairs would, where they do.
    """
    hits, totals = np.array([count for count in counts if count[1]]).T
    share, n_pairs = hits.sum() / totals.sum(), totals.sum()
    spread = ((hits - totals * share) ** 2).sum() / max(len(hits) - 1, 1) * len(hits)
    expected = n_pairs * share * (1 - share)
    n = n_pairs / max(spread / expected, 1.0) if expected > 0 else n_pairs
    z = norm.ppf(0.975)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def cells_of(row: Row) -> tuple[str, ...]:
    """Return the cells of a row of the table, by `COLUMNS`."""
    n_refused = sum(bool(each) for each in row.refused)
    why = sorted({code for each in row.refused for code in each.split()})
    refused = f"{n_refused}: {', '.join(why)}" if n_refused else "0"
    untested = f"; {row.n_untested} untested" if row.n_untested else ""
    return (
        row.situation,
        row.method,
        row.log,
        str(len(row.refused)),
        refused + untested,
        *_rate(row.false),
        *_rate(row.true),
        str(row.n_false_edges),
    )


def _rate(counts: Sequence[tuple[int, int]]) -> tuple[str, str, str]:
    n_hits, n_pairs = np.sum(counts, axis=0).tolist()
    if not n_pairs:
        return "0", "", ""
    low, high = interval(counts)
    return f"{n_pairs:,}", f"{n_hits / n_pairs:.3f}", f"{low:.3f} to {high:.3f}"


def table(rows: Sequence[Row]) -> str:
    """Return the table, by situation, and then by method, each in the order of the cells; without empty rows."""
    keys = [key for cell in CELLS for key in cell.keys]
    place = {situation: number for number, situation in enumerate(dict.fromkeys(key[0] for key in keys))}
    row_of_key = {row.key: row for row in rows if any(n for _, n in row.false + row.true) or any(row.refused)}
    held = [row_of_key[key] for key in sorted(keys, key=lambda key: place[key[0]]) if key in row_of_key]
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *map(cells_of, held)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a file; none where there is no file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Row(**json.loads(line)) for line in lines]


def with_table(page: str, rows: Sequence[Row]) -> str:
    """Return a page with the table between its marks."""
    before, rest = page.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    return f"{before}{MARKS[0]}\n{table(rows)}\n{MARKS[1]}{after}"


def lacking(rows: Sequence[Row], only: str) -> Iterator[Cell]:
    """Yield the cells that no row holds and that the word asks for."""
    done = {row.key for row in rows}
    return (
        cell
        for cell in CELLS
        if not done.issuperset(cell.keys) and any(only in part for key in cell.keys for part in key)
    )


def main(only: str, rows_path: Path, page_path: Path) -> None:
    """Add what is lacking, and write the table."""
    for cell in lacking(read_rows(rows_path), only):
        by_method = zip(*(cell.study(seed) for seed in range(cell.n_logs)), strict=True)
        rows = [row_of(key, found) for key, found in zip(cell.keys, by_method, strict=True)]
        with rows_path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(row)) + "\n" for row in rows)
        print("\n".join(" | ".join(cells_of(row)) for row in rows), flush=True)
    page_path.write_text(with_table(page_path.read_text(encoding="utf-8"), read_rows(rows_path)), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--rows", type=Path, default=ROWS)
    parser.add_argument("--docs", type=Path, default=PAGE)
    options = parser.parse_args()
    main(options.only, options.rows, options.docs)
