"""The smaller commands say what they found in lines that cannot act."""

from convscope.ingest.choice import InstalledLoader
from convscope.ingest.inspect import SeenArray
from convscope.ingest.problems import Problem, Severity
from convscope.report.terminal import array_lines, loader_lines, problem_lines


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
