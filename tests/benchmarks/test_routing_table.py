"""The table of false positives and power is what its script makes of its rows."""

import pytest
import routing_table
from routing_cells import CELLS, Cell, Found, Pair, estimated, gated, listened, rivalled
from routing_table import COLUMNS, MARKS, PAGE, ROWS, cells_of, interval, main, read_rows, row_of, with_table

from convscope.randomness import generator
from convscope.simulate import affording
from convscope.simulate.draws import Size
from convscope.simulate.laws import chain, independent
from convscope.simulate.rollouts import rolled_out
from convscope.values.config import RoutingSource

KEY = ("a situation", "a method", "a log")


def found(*p_values, is_edge=False, refusals=()):
    pairs = tuple(Pair(is_edge=is_edge, p=p, is_significant=p is not None and p < 0.01) for p in p_values)
    return Found(pairs=pairs, refusals=refusals)


def test_the_page_holds_the_table_of_the_rows():
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(MARKS[0])[1].split("\n")[1] == f"| {' | '.join(COLUMNS)} |"
    assert with_table(page, read_rows(ROWS)) == page


def test_every_row_belongs_to_a_cell_and_to_one_alone():
    keys = [row.key for row in read_rows(ROWS)]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= {key for cell in CELLS for key in cell.keys}


def test_a_row_counts_pairs_by_log():
    row = row_of(KEY, [found(0.05, 0.2, None), found(0.001, 0.9, refusals=("lockstep",))])
    assert (row.false, row.true, row.n_untested, row.n_false_edges) == ([(1, 2), (1, 2)], [(0, 0), (0, 0)], 1, 1)
    assert cells_of(row) == (*KEY, "2", "1: lockstep; 1 untested", "4", "0.500", "0.150 to 0.850", "0", "", "", "1")


def test_an_interval_is_that_of_wilson_and_wider_where_logs_differ():
    # 10 of 100: (.1 + 1.96^2 / 200 -+ 1.96 sqrt(.09 / 100 + 1.96^2 / 40000)) / (1 + 1.96^2 / 100).
    assert interval([(1, 10)] * 10) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    # All in one log: the sum of squares 90 (100 of ten logs) is eleven times the 9 of single pairs: nine count.
    assert interval([(10, 10), *[(0, 10)] * 9]) == pytest.approx((0.0166, 0.4227), abs=1e-4)
    assert interval([(0, 10)] * 10)[0] == pytest.approx(0)


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    asked = []

    def study(seed):
        asked.append(seed)
        return [found(0.01), found(0.5, is_edge=True)]

    cells = tuple(
        Cell(situation=name, methods=("one", "two"), log="a log", n_logs=2, study=study) for name in ("first", "second")
    )
    monkeypatch.setattr(routing_table, "CELLS", cells)
    rows, page = tmp_path / "rows.jsonl", tmp_path / "page.md"
    page.write_text(f"Above\n{MARKS[0]}\n{MARKS[1]}\nbelow\n", encoding="utf-8")
    main("first", rows, page)
    main("", rows, page)
    assert asked == [0, 1, 0, 1]
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[:2] for line in lines[4:-2]] == [
        ["| first", "one"],
        ["| first", "two"],
        ["| second", "one"],
        ["| second", "two"],
    ]
    assert (lines[0], lines[-1]) == ("Above", "below")


def test_all_methods_judge_a_small_chain():
    size, rng = Size(n_agents=3, n_episodes=60, n_steps=30), generator(0, "small chain")
    rollout = rolled_out(chain(size, rng), rng)
    logs = {
        RoutingSource.TRANSFER_ENTROPY: affording.log_of_actions(rollout),
        RoutingSource.POLICY_RESIDUAL: affording.log_of_probabilities(rollout),
        RoutingSource.INTERVENTION: affording.frozen_by_lot(chain, size, rng),
        RoutingSource.ATTENTION: affording.log_of_attention(rollout, rng, favour=affording.Favour.SENDERS),
    }
    judged = [estimated(situation, 0, source=source) for source, situation in logs.items()]
    judged += [*listened(affording.log_of_messages(rollout), 0), rivalled(logs[RoutingSource.TRANSFER_ENTROPY], 0)]
    for each in judged:
        assert [len(each.p_of(is_edge=is_edge)) for is_edge in (True, False)] == [2, 4]
        assert max(each.p_of(is_edge=True)) <= 0.05
    assert gated(logs[RoutingSource.ATTENTION], 0).p_of(is_edge=True) == [1.0]  # three agents have too few orders


def test_no_method_speaks_of_independent_agents():
    size, rng = Size(n_agents=5, n_episodes=60, n_steps=20), generator(0, "small null")
    rollout = rolled_out(independent(size, rng), rng)
    for source, situation in (
        (RoutingSource.TRANSFER_ENTROPY, affording.log_of_actions(rollout)),
        (RoutingSource.POLICY_RESIDUAL, affording.log_of_probabilities(rollout)),
        (RoutingSource.INTERVENTION, affording.frozen_by_lot(independent, size, rng)),
    ):
        judged = estimated(situation, 0, source=source)
        # 20 pairs: more than five at or below .05 happen once in three thousand times.
        assert sum(p <= 0.05 for p in judged.p_of(is_edge=False)) <= 5
        assert not any(pair.is_significant for pair in judged.pairs)
