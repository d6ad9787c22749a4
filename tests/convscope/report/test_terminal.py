"""The smaller commands say what they found in lines that cannot act."""

from convscope.errors import AmbiguousLogError, UsageError
from convscope.ingest.choice import InstalledLoader, LoaderMatch
from convscope.ingest.inspect import SeenArray
from convscope.ingest.loader import Match
from convscope.ingest.problems import Problem, Severity
from convscope.report.terminal import (
    array_lines,
    error_lines,
    loader_lines,
    mapping_lines,
    mapping_of,
    match_lines,
    problem_lines,
)


class NeedyLoader:
    """A loader of somebody else's."""

    name = "needy"
    description = "files of a far framework"
    requires = ("far-framework",)


def test_a_loader_is_listed_with_its_origin_and_its_needs():
    (line,) = loader_lines([InstalledLoader(loader=NeedyLoader(), distribution="far 2.0")])
    assert line == "needy      files of a far framework  [far 2.0]  needs far-framework"


def test_a_problem_names_its_place_and_its_mend_without_control_characters():
    problem = Problem(
        rule="offsets", severity=Severity.CRITICAL, message="go back", where="/epi\x1b[2Jsodes", fix="sort them"
    )
    (line,) = problem_lines([problem])
    assert line.startswith("critical offsets at /epi\\x1b[2Jsodes: go back.")
    assert line.endswith("Mend: sort them")


def test_an_ambiguous_log_is_shown_with_its_readings_and_a_mapping_to_copy():
    mapping = 'convscope-mapping = 1\n\n[agents]\nnames = ["a\\u202eb"]\n'
    error = AmbiguousLogError(
        f"log.h5: it can be read in 2 ways:\n  1. one\n  2. \x1b[2J\nGive this:\n{mapping}", mapping
    )
    assert error_lines(error) == (
        "log.h5: it can be read in 2 ways:",
        "  1. one",
        "  2. \\x1b[2J",
        "Give this:",
    )
    assert "\n".join(mapping_lines(mapping_of(error))) + "\n" == mapping
    assert mapping_lines(mapping_of(UsageError("no log"))) == ()


def test_loaders_that_do_not_fit_are_named_in_one_line_unless_none_fits():
    fits, other = Match(score=0.5, reason="it may"), Match(score=0.0, reason="no such\x1b group")
    matches = [LoaderMatch(loader=NeedyLoader(), match=match) for match in (fits, other)]
    assert list(match_lines(matches)) == ["Loaders:", "  needy      0.50  it may", "  others do not fit: needy"]
    assert list(match_lines(matches[1:])) == ["Loaders: none fits", "  needy      0.00  no such\\x1b group"]


def seen(path, shape=(40, 2), dtype="<f4"):
    return SeenArray(path=path, shape=shape, dtype=dtype)


def test_arrays_whose_paths_differ_in_numbers_are_one_line_with_a_count():
    arrays = [
        seen("/seed"),
        *(seen(f"/trial_{n:02}/player_{m}/action", (30 + n, 5)) for n in range(120) for m in (0, 1)),
        seen("/trial_00/score", ()),
        seen("/trial_01/score", (), "<i8"),
    ]
    assert list(array_lines(arrays)) == [
        "Arrays: 243",
        "  /seed  40x2  <f4",
        "  /trial_*/player_*/action  240 arrays such as 30x5  <f4",
        "  /trial_00/score  scalar  <f4",
        "  /trial_01/score  scalar  <i8",
    ]


def test_a_long_list_of_arrays_says_how_many_it_leaves_out():
    arrays = [seen(f"/{'x' * (n + 1)}") for n in range(45)] + [seen(f"/z{n}") for n in range(7)]
    lines = list(array_lines(arrays))
    assert len(lines) == 42
    assert lines[-1] == "  ... and 12 more"
