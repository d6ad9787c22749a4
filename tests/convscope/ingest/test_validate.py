"""Each rule of the convscope log format finds what breaks it, and nothing in a log that keeps it."""

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.validate import Severity, validate_log
from convscope.ingest.writer import write_log
from convscope.values.status import Status


def small_log():
    rng = np.random.default_rng(0)
    attention = rng.random((6, 1, 2, 2))
    status = np.full((6, 2), Status.ACTING, np.uint8)
    status[4:, 1] = Status.DEAD
    return log_from_arrays(
        {
            "actions": rng.integers(0, 3, (6, 2, 1)).astype(float),
            "action_masks": np.ones((6, 2, 3)),
            "observations": rng.normal(size=(6, 2, 4)),
            "attention": attention / attention.sum(axis=-1, keepdims=True),
        },
        [4, 2],
        ["a", "b"],
        status=status,
        declared_roles=[["x", "y"], ["y", "x"]],
    )


@pytest.fixture
def path(tmp_path):
    write_log(small_log(), tmp_path / "log.h5")
    return tmp_path / "log.h5"


def assign(where, index, value):
    def change(file):
        file[where][index] = value

    return change


def remove(where):
    return lambda file: file.pop(where)


def attribute(where, name, value):
    return lambda file: file[where].attrs.update({name: value})


def shorten(where, n):
    return lambda file: file[where].resize(n, axis=0)


def replace_by_text(where):
    def change(file):
        n_rows = len(file[where])
        del file[where]
        file[where] = ["x"] * n_rows

    return change


def test_a_good_log_has_no_problem(path):
    assert validate_log(path) == ()


@pytest.mark.parametrize(
    ("change", "rule", "severity", "where"),
    [
        (attribute("/", "encoding-type", "other"), "encoding", "critical", "/"),
        (attribute("/", "encoding-version", "9.0.0"), "version", "critical", "/"),
        (attribute("/", "required-features", '["x"]'), "required-features", "critical", "/"),
        (attribute("/", "required-features", "[x"), "required-features", "critical", "/"),
        (remove("steps/t"), "required-part", "critical", "/steps/t"),
        (remove("groups/all/status"), "required-part", "critical", "/groups/all/status"),
        (remove("groups"), "required-part", "critical", "/groups/<name>/status"),
        (attribute("groups/all", "slots", [0, 0]), "slots", "critical", "/groups"),
        (shorten("groups/all/observation", 5), "column-length", "critical", "/groups/all/observation"),
        (shorten("episodes/end", 1), "column-length", "critical", "/episodes/end"),
        (replace_by_text("groups/all/action"), "column-width", "critical", "/groups/all/action"),
        (replace_by_text("steps/t"), "column-type", "critical", "/steps/t"),
        (assign("agents/id", 1, b"a"), "agent-names", "critical", "/agents/id"),
        (assign("episodes/rows", 0, 6), "episode-rows", "critical", "/episodes/rows"),
        (assign("episodes/length", 1, 0), "episode-rows", "critical", "/episodes/rows"),
        (assign("episodes/start", 1, 3), "offsets", "critical", "/episodes/start"),
        (assign("episodes/run", 0, 5), "codes", "critical", "/episodes/run"),
        (assign("episodes/end", 0, 5), "codes", "critical", "/episodes/end"),
        (assign("slots/declared_role", (0, 0), 2), "codes", "critical", "/slots/declared_role"),
        (remove("groups/all/action"), "no-actions", "violation", "/groups"),
        (attribute("/", "producer", "nobody"), "provenance", "suggestion", "/"),
        (assign("steps/t", 5, 0), "clock", "violation", "/steps/t"),
        (assign("steps/episode", 0, 1), "clock", "violation", "/steps/episode"),
        (assign("groups/all/status", (0, 0), 7), "status", "critical", "/groups/all/status"),
        (assign("groups/all/status", (2, 1), 3), "dead-stays-dead", "violation", "/groups/all/status"),
        (assign("groups/all/action", (3, 0), np.nan), "acting-without-action", "violation", "/groups/all/action"),
        (assign("groups/all/action", (3, 0), 3), "action-range", "violation", "/groups/all/action"),
        (assign("groups/all/action_mask", slice(0, 2), 0), "illegal-action", "violation", "/groups/all/action_mask"),
        (
            assign("groups/all/observation", (5, 0), np.nan),
            "missing-observation",
            "violation",
            "/groups/all/observation",
        ),
        (
            assign("channels/attention/attention", (0, 0, 0), -0.5),
            "negative-attention",
            "critical",
            "/channels/attention/attention",
        ),
        (
            assign("channels/attention/attention", (0, 0, 0), 0.9),
            "attention-sum",
            "suggestion",
            "/channels/attention/attention",
        ),
    ],
)
def test_what_breaks_a_rule_is_found(path, change, rule, severity, where):
    with h5py.File(path, "r+") as file:
        change(file)
    problems = validate_log(path)
    found = next(problem for problem in problems if problem.rule == rule)
    assert (found.severity, found.where) == (severity, where)
    assert found.fix
    assert found.message
    order = [list(Severity).index(problem.severity) for problem in problems]
    assert order == sorted(order)


def test_a_final_observation_is_no_step(tmp_path):
    log = small_log()
    write_log(log, tmp_path / "log.h5")
    with h5py.File(tmp_path / "log.h5", "r+") as file:
        file["episodes/length"][:] = [3, 2]
    (problem,) = validate_log(tmp_path / "log.h5")
    assert problem.rule == "final-row-acting"
    assert "in 1 rows, first in episode 0 at timestep 3" in problem.message


def test_death_does_not_reach_into_the_next_episode(path):
    with h5py.File(path, "r+") as file:
        file["groups/all/status"][3, 1] = Status.DEAD
        file["groups/all/status"][4:, 1] = Status.ACTING
    assert validate_log(path) == ()


def test_weights_that_are_meant_to_be_unnormalised_are_no_problem(path):
    with h5py.File(path, "r+") as file:
        file["channels/attention/attention"][:] = 2
        file["channels/attention/attention"].attrs["unnormalised"] = 1
    assert validate_log(path) == ()


def test_rules_find_the_same_whatever_the_stretch(path, monkeypatch):
    with h5py.File(path, "r+") as file:
        file["groups/all/status"][1, 1] = Status.DEAD
        file["groups/all/action"][3, 0] = 9
    expected = validate_log(path)
    assert {problem.rule for problem in expected} == {"dead-stays-dead", "action-range"}
    monkeypatch.setattr("convscope.ingest.row_rules._CELLS_AT_A_TIME", 1)
    assert validate_log(path) == expected


def test_a_file_that_is_no_hdf5_is_an_error(tmp_path):
    (tmp_path / "x.h5").write_text("hello")
    with pytest.raises(LogFormatError, match="not an HDF5 file"):
        validate_log(tmp_path / "x.h5")
