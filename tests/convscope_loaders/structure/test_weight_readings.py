"""Which way weights go and which agents slots are, the file says, its sums or a mapping; it is never guessed."""

import h5py
import numpy as np
import pytest

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.inspect import inspect_logs
from convscope.values.fields import ATTENTION, GATES, OwnColumn, RowSum
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import joined, mapped, opened_by, write_hdf5

N, ROWS = 4, 40
OTHERS = np.array([[j for j in range(N) if j != i] for i in range(N)])
RNG = np.random.default_rng(0)
SCORES = RNG.random((ROWS, N, N)) * ~np.eye(N, dtype=bool)
SOFT = SCORES / SCORES.sum(axis=2, keepdims=True)
EVEN = np.full((ROWS, N, N), 1 / N)
ENDS = np.arange(ROWS) % 10 == 9


def over_others(weights):
    return np.take_along_axis(weights, OTHERS[None], -1)


def log_file(folder, arrays, name="attn", **attributes):
    actions = np.arange(ROWS * N).reshape(ROWS, N) % 3
    path = write_hdf5(folder / "log.h5", {"actions": actions, "terminals": ENDS, **arrays})
    with h5py.File(path, "r+") as file:
        file[name].attrs.update(attributes)
    return path


def field_of(folder, arrays, name="attn", *, field=ATTENTION, **attributes):
    log = opened_by(LOADER, log_file(folder, arrays, name, **attributes))
    return log, joined(log)[1][field]


def open_question(folder, arrays, **attributes):
    path = log_file(folder, arrays, **attributes)
    with pytest.raises(AmbiguousLogError) as caught:
        opened_by(LOADER, path)
    return path, caught.value


def test_sums_over_one_axis_tell_which_it_is(tmp_path):
    for stored in (SOFT, SOFT.swapaxes(1, 2)):
        log, read = field_of(tmp_path, {"attn": stored})
        assert np.array_equal(read[:, 0], SOFT)
        assert any("add up to 1" in said for said in log.header.inputs[0].assumptions)


def test_the_dead_and_missing_slots_do_not_hide_what_adds_up_to_1(tmp_path):
    stored = SOFT.copy()
    stored[:, 2] = np.nan
    stored[:, :, 2] = np.where(np.eye(N, dtype=bool)[2], np.nan, -np.inf)
    stored /= np.where(np.isfinite(stored), stored, 0).sum(axis=2, keepdims=True)
    log, read = field_of(tmp_path, {"attn": stored})
    assert np.array_equal(read[:, 0], stored, equal_nan=True)
    assert any("add up to 1" in said for said in log.header.inputs[0].assumptions)


def test_an_attribute_goes_before_sums(tmp_path):
    _, read = field_of(tmp_path, {"attn": SOFT}, orientation="sender-rows")
    assert np.array_equal(read[:, 0], SOFT.swapaxes(1, 2))
    log, read = field_of(tmp_path, {"attn": SCORES}, orientation="receiver-rows", row_sum="keep", own_column="nothing")
    assert np.array_equal(read[:, 0], SCORES)
    spec = log.header.field(ATTENTION)
    assert (spec.row_sum, spec.own_column) == (RowSum.KEEP, OwnColumn.NOTHING)
    assert any("attribute orientation" in said for said in log.header.inputs[0].assumptions)


@pytest.mark.parametrize(("stored", "sums"), [(SCORES, "neither"), (EVEN, "both")])
def test_weights_that_sum_to_one_over_both_axes_or_neither_are_asked_about(tmp_path, stored, sums):
    path, error = open_question(tmp_path, {"attn": stored})
    assert f"over {sums} of them" in str(error)
    assert "can be read in 2 ways" in str(error)
    first = opened_by(LOADER, path, mapped(tmp_path, error.mapping))
    assert np.array_equal(joined(first)[1][ATTENTION][:, 0], stored)
    (change,) = [line for line in error.mapping.splitlines() if "reading 2" in line]
    second = error.mapping.replace('axes = ["row", "receiver", "sender"]', change.partition(": ")[2])
    turned = joined(opened_by(LOADER, path, mapped(tmp_path, second)))[1][ATTENTION]
    assert np.array_equal(turned[:, 0], stored.swapaxes(1, 2))
    unread = 'convscope-mapping = 1\n[log]\nignore = ["/attn"]\n[fields.actions]\npath = "/actions"\n'
    unread += 'axes = ["row", "agent"]\n'
    assert not opened_by(LOADER, path, mapped(tmp_path, unread)).has(ATTENTION)


def test_a_column_less_than_agents_is_asked_about_unless_the_file_says_which_they_are(tmp_path):
    path, error = open_question(tmp_path, {"attn": over_others(SOFT)})
    assert "nearest first" in str(error)
    wanted = np.where(np.eye(N, dtype=bool), np.nan, SOFT)
    read = joined(opened_by(LOADER, path, mapped(tmp_path, error.mapping)))[1][ATTENTION]
    assert np.array_equal(read[:, 0], wanted, equal_nan=True)
    log, read = field_of(tmp_path, {"attn": over_others(SOFT)}, slots="others")
    assert np.array_equal(read[:, 0], wanted, equal_nan=True)
    assert any("all agents but its own" in said for said in log.header.inputs[0].assumptions)


def test_a_file_may_name_the_list_of_its_slots(tmp_path):
    near = np.broadcast_to([[2, 1], [0, 3], [3, 1], [0, 2]], (ROWS, N, 2))
    attn = np.full((ROWS, N, 2), 0.5)
    arrays = {"attn": attn, "near": near}
    _, read = field_of(tmp_path, arrays, slots="near", absent="no-slot")
    assert read[0, 0].tolist() == [
        [-np.inf, 0.5, 0.5, -np.inf],
        [0.5, -np.inf, -np.inf, 0.5],
        [-np.inf, 0.5, -np.inf, 0.5],
        [0.5, -np.inf, 0.5, -np.inf],
    ]
    one_based, _ = {**arrays, "near": near[0] + 1}, None
    assert np.array_equal(field_of(tmp_path, one_based, slots="/near", absent="no-slot", first=1)[1], read)
    path, error = open_question(tmp_path, arrays, slots="near")
    assert "its weight was 0" in str(error)
    assert np.array_equal(joined(opened_by(LOADER, path, mapped(tmp_path, error.mapping)))[1][ATTENTION], read)


def test_gates_say_it_the_same_way(tmp_path):
    _, read = field_of(tmp_path, {"gates": SCORES}, "gates", field=GATES, orientation="sender-rows")
    assert np.array_equal(read, SCORES.swapaxes(1, 2))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"orientation": "rows"}, "none of receiver-rows, sender-rows"),
        ({"orientation": "receiver-rows", "row_sum": "all"}, "none of renormalise, keep"),
        ({"orientation": "receiver-rows", "own_column": 3}, "none of weight, nothing"),
        ({"slots": "far", "absent": "zero"}, "names /far, which is no list"),
        ({"slots": "near", "absent": "often"}, "none of zero, no-slot"),
        ({"slots": "near", "absent": "zero", "first": -1}, "whole number"),
    ],
)
def test_what_an_attribute_cannot_say_is_an_error_in_a_line(tmp_path, attributes, message):
    arrays = {"attn": SOFT[:, :, :2] if "slots" in attributes else SOFT, "near": np.zeros((ROWS, N, 2), int)}
    with pytest.raises(LogFormatError, match=message) as caught:
        field_of(tmp_path, arrays, **attributes)
    assert str(caught.value).count("\n") == 0


def test_arrays_of_single_agents_say_other_things_than_their_like(tmp_path):
    arrays = {f"agent_{slot}/actions": np.arange(ROWS) % 3 for slot in range(N)}
    arrays |= {f"agent_{slot}/attn": SOFT[:, slot] for slot in range(N)}
    path = write_hdf5(tmp_path / "log.h5", {**arrays, "terminals": ENDS})
    with h5py.File(path, "r+") as file:
        for slot in range(N):
            file[f"agent_{slot}/attn"].attrs["row_sum"] = "keep" if slot else "renormalise"
    with pytest.raises(LogFormatError, match="says other things"):
        opened_by(LOADER, path)


def test_a_draft_of_a_mapping_holds_what_was_declared(tmp_path):
    path = log_file(tmp_path, {"attn": over_others(SOFT)})
    text = """convscope-mapping = 1
[fields.attention]
path = "/attn"
axes = ["row", "receiver", "slot"]
own_column = "nothing"
slots = "others"
"""
    (seen,) = inspect_logs([path], mapping=mapped(tmp_path, text))
    assert text.partition("\n")[2] in seen.mapping
    assert "[fields.actions]" in seen.mapping
    with h5py.File(path, "r+") as file:
        file["attn"].attrs["slots"] = "others"
    (seen,) = inspect_logs([path])
    assert 'slots = "others"' in seen.mapping


def test_a_mapping_goes_before_attributes_and_the_difference_is_noted(tmp_path):
    path = log_file(tmp_path, {"attn": SOFT}, orientation="sender-rows", row_sum="keep")
    text = """convscope-mapping = 1
[fields.actions]
path = "/actions"
axes = ["row", "agent"]
[fields.attention]
path = "/attn"
axes = ["row", "receiver", "sender"]
"""
    log = opened_by(LOADER, path, mapped(tmp_path, text))
    assert np.array_equal(joined(log)[1][ATTENTION][:, 0], SOFT)
    doubts = [notice.message for notice in log.header.notices if notice.code == "suspicious-mapping"]
    assert len(doubts) == 2
    assert any("orientation receiver-rows" in doubt and "map.toml:5" in doubt for doubt in doubts)
