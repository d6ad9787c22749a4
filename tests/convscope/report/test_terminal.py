"""The smaller commands say what they found in lines that cannot act."""

from convscope.ingest.choice import InstalledLoader
from convscope.ingest.problems import Problem, Severity
from convscope.report.terminal import loader_lines, problem_lines


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
