"""What a layout says of observations, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.ingest.memory import log_from_arrays
from convscope.values.layout import ObservationLayout, ReceiverLayout, Slot, SlotKind

ALL_FOR_ONE = (
    ReceiverLayout(
        name="a",
        agents=("a",),
        own=(0,),
        world=(4,),
        slots=(
            Slot(kind=SlotKind.OTHER, rank=1, columns=(1, 2)),
            Slot(kind=SlotKind.OTHER, rank=2, columns=(3,)),
        ),
    ),
    ReceiverLayout(
        name="b",
        agents=("b",),
        slots=(
            Slot(kind=SlotKind.AGENT, agent="b", columns=(0,)),
            Slot(kind=SlotKind.AGENT, agent="c", columns=(1,)),
        ),
    ),
)


@pytest.fixture
def frame(table_of):
    seen = np.zeros((4, 3, 5))
    seen[:, 0] = [[0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 3, 3, 0, 0], [1, 1, 0, 2, 0]]
    seen[:, 1, :2] = [[0, 5], [0, 5], [1, 5], [1, 0]]
    log = log_from_arrays({"observations": seen}, [4], ["a", "b", "c"])
    layout = ObservationLayout(receivers=ALL_FOR_ONE)
    return table_of(replace(log, header=replace(log.header, layout=layout))).frame


def test_who_is_out_of_sight_has_zeros_in_all_columns(frame):
    # Of a: slot 1 in three of four steps, slot 2 in one. Of b: c in three of four; its own column is no slot.
    assert frame["others in sight"].to_list() == [(3 + 1) / 8, 3 / 4, None]


def test_the_change_of_a_part_against_its_spread(frame):
    # 0, 1, 0, 1: squared step 1 over twice the variance 1/4. 0, 0, 1, 1: 1/3 over twice 1/4.
    assert frame["change of what it sees of itself"].to_list() == pytest.approx([2, 2 / 3, None])
    assert frame["change of what it sees of the world"].to_list() == [None, None, None]


def test_without_a_layout_there_is_no_such_family(table_of):
    table = table_of(log_from_arrays({"observations": np.zeros((4, 2, 3))}, [4], ["a", "b"]))
    assert "sight" not in {feature.family for feature in table.features}
    assert any("no layout" in notice.message for notice in table.notices)
