"""A layout file says which columns describe whom, and every fault names its line."""

import hashlib

import numpy as np
import pytest

from convscope.errors import LayoutError, UsageError
from convscope.ingest.layout_file import lay_out, observation_width, read_layout
from convscope.ingest.memory import log_from_arrays
from convscope.values.layout import ReceiverLayout, Slot, SlotKind

AGENTS = ["scout_0", "scout_1", "guard_0"]
FULL = """\
convscope-layout = 1

[receivers.scouts]            # a name of your own
agents = ["scout_*"]
self = ["0-2", 3]
world = 4
[receivers.scouts.of_other]
1 = ["5-6"]
2 = ["7-8"]
[receivers.scouts.of_nearest]
1 = 9

[receivers.guard]
agents = "guard_0"
unknown = ["8-9"]
[receivers.guard.of_agent]
scout_0 = ["0-1"]
scout_1 = ["2-3"]

[policy]
anything = "belongs to whoever runs the policy"
"""


def arena(*, positions=True, observations=True):
    columns = {"actions": np.zeros((6, 3, 1))}
    if positions:
        columns["positions"] = np.zeros((6, 3, 2))
    if observations:
        columns["observations"] = np.zeros((6, 3, 10))
    return log_from_arrays(columns, [4, 2], AGENTS)


def written(tmp_path, text):
    path = tmp_path / "layout.toml"
    path.write_text(text, encoding="utf-8")
    return path


def fault(tmp_path, text, log=None):
    with pytest.raises(LayoutError) as caught:
        read_layout(written(tmp_path, text), log or arena())
    return str(caught.value)


def test_every_part_of_a_layout_is_read(tmp_path):
    path = written(tmp_path, FULL)
    layout = read_layout(path, arena())
    assert layout.of("scout_1") == ReceiverLayout(
        name="scouts",
        agents=("scout_0", "scout_1"),
        own=(0, 1, 2, 3),
        world=(4,),
        slots=(
            Slot(kind=SlotKind.OTHER, rank=1, columns=(5, 6)),
            Slot(kind=SlotKind.OTHER, rank=2, columns=(7, 8)),
            Slot(kind=SlotKind.NEAREST, rank=1, columns=(9,)),
        ),
    )
    guard = layout.of("guard_0")
    assert [slot.label for slot in guard.slots] == ["scout_0", "scout_1"]
    assert layout.of("nobody") is None
    assert layout.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert lay_out(arena(), layout).header.layout is layout
    assert "scout_1" in layout._repr_html_()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("convscope-layout = 1", "convscope-layout = 2", "layout.toml:1: must begin with: convscope-layout = 1"),
        ("[policy]", "[polcy]", "unknown key 'polcy'; did you mean 'policy'?"),
        ("world = 4", "wrld = 4", "layout.toml:6: unknown key 'wrld'; did you mean 'world'?"),
        ('agents = ["scout_*"]', "", "layout.toml:3: [receivers.scouts] needs agents, such as"),
        ('agents = ["scout_*"]', 'agents = ["scot_*"]', "no agent of the log fits 'scot_*'; its agents are"),
        ('agents = ["scout_*"]', 'agents = ["*"]', "agent 'guard_0' is in two tables, 'scouts' and 'guard'"),
        ('scout_1 = ["2-3"]', 'scout_9 = ["2-3"]', "layout.toml:18: no agent 'scout_9' in the log"),
        ('2 = ["7-8"]', '3 = ["7-8"]', "layout.toml:9: '3' is no place among 2 other agents; the first one is 1"),
        ('2 = ["7-8"]', '0 = ["7-8"]', "'0' is no place among 2 other agents"),
        (
            '2 = ["7-8"]',
            '2 = ["7-10"]',
            "layout.toml:9: no column 10: an observation of 'scout_0' has the columns 0 to 9",
        ),
        ('2 = ["7-8"]', '2 = ["8-7"]', "'8-7' is no column; columns are numbers from 0"),
        ('2 = ["7-8"]', "2 = [-1]", "-1 is no column"),
        ('2 = ["7-8"]', "2 = [true]", "True is no column"),
        ('2 = ["7-8"]', "2 = [7, 7]", "names a column twice"),
        ('2 = ["7-8"]', '2 = ["6-8"]', "layout.toml:3: column 6 is about both 'other 1' and 'other 2'"),
        ("world = 4", "world = 3", "column 3 is about both 'self' and 'world'"),
        ("[receivers.scouts.of_nearest]", "[receivers.scouts.of_nearst]", "unknown key 'of_nearst'"),
    ],
)
def test_faults_name_their_line_and_what_is_right(tmp_path, old, new, message):
    assert old in FULL
    assert message in fault(tmp_path, FULL.replace(old, new))


def test_nearest_needs_positions_and_a_layout_needs_observations(tmp_path):
    assert "no positions" in fault(tmp_path, FULL, arena(positions=False))
    assert "no observations" in fault(tmp_path, FULL, arena(observations=False))
    assert "no receivers" in fault(tmp_path, "convscope-layout = 1")
    with pytest.raises(UsageError, match="no layout file at"):
        read_layout(tmp_path / "none.toml", arena())


def test_the_width_is_that_of_the_flattened_observation():
    images = log_from_arrays({"observations": np.zeros((6, 3, 4, 5))}, [4, 2], AGENTS)
    assert observation_width(images.header, "guard_0") == 20
    assert observation_width(arena(observations=False).header, "guard_0") == 0
