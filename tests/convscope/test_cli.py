"""The command line keeps its contract: exit codes, streams, and a folder that is written whole or not at all."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.cli import main
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.writer import write_log

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_data"


@dataclass
class Result:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def convscope(capfd, monkeypatch):
    """Run the command line in this process, as the installed script does."""

    def run(*arguments, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["convscope", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ending:
            main()
        code = ending.value.code
        return Result(code if isinstance(code, int) else 0, *capfd.readouterr())

    return run


def small_log(path, n_episodes=8, n_steps=12):
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file.attrs["agents"] = ["left", "right"]
        for episode in range(n_episodes):
            group = file.create_group(f"episode_{episode}")
            group["observations"] = rng.normal(size=(n_steps, 2, 4)).astype("f4")
            group["actions"] = rng.integers(0, 3, (n_steps, 2))
            group["rewards"] = rng.normal(size=(n_steps, 2))
    return path


def assert_one_clear_message(result, code, *words):
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2, result.stderr
    assert all(line.startswith("convscope: ") for line in lines)
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


def assert_nothing_written(folder, *kept):
    assert sorted(p.name for p in folder.iterdir()) == sorted(kept)


def test_analyze_writes_the_folder_and_says_where(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    result = convscope("analyze", "log.h5", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "convscope-report/report.html" in result.stdout
    assert {p.name for p in (tmp_path / "convscope-report").iterdir()} == {"report.html", "analysis.json", "tables"}


def test_json_goes_to_stdout_byte_for_byte_and_nothing_else_does(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    result = convscope("analyze", "log.h5", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (tmp_path / "convscope-report" / "analysis.json").read_text(encoding="utf-8")
    assert json.loads(result.stdout)["log"]["n_episodes"] == 8


def test_quiet_prints_nothing(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    result = convscope("analyze", "log.h5", "--quiet", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_second_analysis_replaces_our_own_folder(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    for seed in ("1", "2"):
        assert convscope("analyze", "log.h5", "--quiet", "--seed", seed, cwd=tmp_path).returncode == 0
    document = json.loads((tmp_path / "convscope-report" / "analysis.json").read_text(encoding="utf-8"))
    assert document["provenance"]["seed"] == 2


def test_somebody_elses_folder_is_not_replaced(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    assert_one_clear_message(convscope("analyze", "log.h5", "--out", "thesis", cwd=tmp_path), 2, "thesis")
    assert_nothing_written(tmp_path / "thesis", "chapter.txt")


@pytest.mark.parametrize(
    ("content", "word"), [(b"", "empty"), (b"not a log at all\n" * 9, "HDF5"), (b"\x89HDF\r\n\x1a\n", "broken HDF5")]
)
def test_files_that_are_no_logs_get_one_message(convscope, tmp_path, content, word):
    (tmp_path / "log.h5").write_bytes(content)
    assert_one_clear_message(convscope("analyze", "log.h5", cwd=tmp_path), 5, "log.h5", word)
    assert_nothing_written(tmp_path, "log.h5")


def test_a_truncated_log_gets_one_message(convscope, tmp_path):
    content = small_log(tmp_path / "log.h5").read_bytes()
    (tmp_path / "log.h5").write_bytes(content[: len(content) // 2])
    assert_one_clear_message(convscope("analyze", "log.h5", cwd=tmp_path), 5, "log.h5")
    assert_nothing_written(tmp_path, "log.h5")


def test_a_log_that_links_to_another_file_is_refused(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    with h5py.File(tmp_path / "log.h5", "a") as file:
        file["episode_8"] = h5py.ExternalLink("secret.h5", "/")
    assert_one_clear_message(convscope("analyze", "log.h5", cwd=tmp_path), 5, "log.h5", "/episode_8", "link")
    assert_nothing_written(tmp_path, "log.h5")


def test_missing_observations_are_analysed_and_reported(convscope, tmp_path):
    with h5py.File(small_log(tmp_path / "log.h5"), "a") as file:
        file["episode_0/observations"][3] = np.nan
        file["episode_1/observations"][:, 0] = np.inf
    assert convscope("analyze", "log.h5", cwd=tmp_path).returncode == 0


def test_a_prior_for_an_agent_that_does_not_exist_names_the_line(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    (tmp_path / "priors.toml").write_text('[roles]\nscout = ["left"]\nguard = ["ghost"]\n')
    result = convscope("analyze", "log.h5", "--priors", "priors.toml", cwd=tmp_path)
    assert_one_clear_message(result, 5, "priors.toml", "3", "ghost")
    assert_nothing_written(tmp_path, "log.h5", "priors.toml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("analyze", "nowhere.h5"), ("nowhere.h5",)),
        (("analyze", "log.h5", "--priors", "nowhere.toml"), ("nowhere.toml",)),
        (("analyze", "log.h5", "--loader", "nothing"), ("nothing", "hdf5")),
        (("analyze", "log.h5", "--routing", "telepathy"), ("telepathy", "transfer-entropy")),
        (("analyze", "log.h5", "--routing", "attention"), ("attention",)),
        (("analyze", "log.h5", "--agents", "ghost_*"), ("ghost_*", "left")),
        (("analyze", "log.h5", "--team", "red"), ("red",)),
        (("analyze", "log.h5", "--checkpoint", "best"), ("best",)),
        (("analyze", "log.h5", "--engine", "abacus"), ("abacus",)),
        (("analyze", "log.h5", "--out", "log.h5"), ("log.h5",)),
    ],
)
def test_wrong_usage_is_exit_2_with_one_message(convscope, tmp_path, arguments, words):
    small_log(tmp_path / "log.h5")
    assert_one_clear_message(convscope(*arguments, cwd=tmp_path), 2, *words)
    assert_nothing_written(tmp_path, "log.h5")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_folder_that_cannot_be_written_is_exit_2(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert_one_clear_message(convscope("analyze", "log.h5", "--out", closed / "report", cwd=tmp_path), 2, "closed")


def test_an_output_folder_on_a_read_only_place_is_exit_2(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    assert_one_clear_message(
        convscope("analyze", "log.h5", "--out", "/proc/convscope-report", cwd=tmp_path), 2, "/proc"
    )


def test_help_and_version_import_nothing_heavy(convscope):
    code = "import sys, convscope.cli; print([m for m in ('numpy', 'polars', 'sklearn', 'altair') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
    assert convscope("--help", cwd=ROOT).returncode == 0
    assert convscope("--version", cwd=ROOT).stdout.startswith("convscope 0.")


def test_inspect_convert_and_validate_agree(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    shown = convscope("inspect", "log.h5", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "left" in shown.stdout
    assert convscope("convert", "log.h5", "canonical.h5", cwd=tmp_path).returncode == 0
    checked = convscope("validate", "canonical.h5", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again = convscope("convert", "log.h5", "canonical.h5", cwd=tmp_path)
    assert_one_clear_message(again, 2, "canonical.h5")


@pytest.mark.parametrize("command", ["inspect", "validate"])
def test_a_log_that_is_not_there_is_a_usage_error_for_the_smaller_commands_too(convscope, tmp_path, command):
    assert_one_clear_message(convscope(command, "absent.h5", cwd=tmp_path), 2, "absent.h5")


def test_a_folder_is_inspected_and_validated_file_by_file(convscope, tmp_path):
    (tmp_path / "logs").mkdir()
    for name in ("a.h5", "b.h5"):
        small_log(tmp_path / name)
        assert convscope("convert", name, f"logs/{name}", cwd=tmp_path).returncode == 0
    shown = convscope("inspect", "logs", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert [line.split(":")[0] for line in shown.stdout.splitlines() if "SHA-256" in line] == ["a.h5", "b.h5"]
    checked = convscope("validate", "logs/*.h5", cwd=tmp_path)
    assert checked.stdout.splitlines() == ["a.h5: valid", "b.h5: valid"]


def test_a_written_mapping_reads_the_log_the_same_way(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    assert convscope("inspect", "log.h5", "--write-mapping", "mapping.toml", cwd=tmp_path).returncode == 0
    plain = convscope("analyze", "log.h5", "--json", "--out", "a", cwd=tmp_path)
    mapped = convscope("analyze", "log.h5", "--json", "--out", "b", "--mapping", "mapping.toml", cwd=tmp_path)
    assert mapped.returncode == 0, mapped.stderr
    assert json.loads(mapped.stdout)["roles"] == json.loads(plain.stdout)["roles"]
    assert len(json.loads(mapped.stdout)["provenance"]["mapping_sha256"]) == 64


def test_loaders_are_listed(convscope):
    listed = convscope("loaders", cwd=ROOT)
    assert listed.returncode == 0
    assert all(name in listed.stdout for name in ("hdf5", "pymarl", "minari", "convscope"))


def test_a_copy_of_a_log_is_not_a_second_run(convscope, tmp_path):
    content = small_log(tmp_path / "a.h5").read_bytes()
    (tmp_path / "b.h5").write_bytes(content)
    assert_one_clear_message(convscope("analyze", "a.h5", "b.h5", cwd=tmp_path), 2, "a.h5", "b.h5", "same bytes")
    assert_nothing_written(tmp_path, "a.h5", "b.h5")


def test_files_that_are_no_one_study_are_pooled_loudly(convscope, tmp_path):
    small_log(tmp_path / "one.h5")
    with h5py.File(small_log(tmp_path / "two.h5", n_steps=9), "r+") as file:
        file.attrs["agents"] = ["left", "middle"]
    done = convscope("analyze", "one.h5", "two.h5", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "Note: 2 files are pooled as one study though they have different agents (2 of them, 2 of them)" in done.stdout
    )


def test_a_proposed_layout_is_written_once_and_named_in_the_provenance(convscope, tmp_path):
    small_log(tmp_path / "log.h5", n_episodes=10)
    shown = convscope("inspect", "log.h5", "--write-layout", "layout.toml", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "no column is known to describe another agent" in shown.stdout
    text = (tmp_path / "layout.toml").read_bytes()
    again = convscope("inspect", "log.h5", "--write-layout", "layout.toml", cwd=tmp_path)
    assert again.returncode == 2
    assert "not overwritten" in again.stderr
    assert (tmp_path / "layout.toml").read_bytes() == text
    found = convscope("analyze", "log.h5", "--layout", "layout.toml", "--json", "--out", "a", cwd=tmp_path)
    assert json.loads(found.stdout)["provenance"]["layout_sha256"] == hashlib.sha256(text).hexdigest()
    plain = convscope("analyze", "log.h5", "--json", "--out", "b", cwd=tmp_path)
    assert json.loads(plain.stdout)["provenance"]["layout_sha256"] is None


def test_occlusion_without_a_layout_says_how_to_get_one(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    assert_one_clear_message(
        convscope("analyze", "log.h5", "--routing", "occlusion", cwd=tmp_path), 2, "--layout", "--write-layout"
    )


def test_a_layout_that_does_not_fit_names_its_line(convscope, tmp_path):
    small_log(tmp_path / "log.h5")
    (tmp_path / "layout.toml").write_text('convscope-layout = 1\n[receivers.a]\nagents = "lft"\n')
    assert_one_clear_message(
        convscope("analyze", "log.h5", "--layout", "layout.toml", cwd=tmp_path), 5, "layout.toml:3", "'left', 'right'"
    )
    assert_nothing_written(tmp_path, "log.h5", "layout.toml")


def attention_log(path):
    """Twelve episodes; in every second one agent c is what everybody attends to."""
    weights = np.random.default_rng(0).dirichlet(np.full(3, 5.0), size=(12, 10, 1, 3))
    weights[1::2, ..., 2] += 1.0
    write_log(log_from_arrays({"attention": weights.reshape(120, 1, 3, 3)}, [10] * 12, ["a", "b", "c"]), path)


def test_formations_of_a_file_are_compared_and_told(convscope, tmp_path):
    attention_log(tmp_path / "log.h5")
    lines = [f"{episode},{'far' if episode % 2 else 'near'}" for episode in range(12)]
    (tmp_path / "labels.csv").write_text("\n".join(["episode,formation", *lines]) + "\n")
    arguments = ("analyze", "log.h5", "--formations", "labels.csv")
    result = convscope(*arguments, "--out", "one", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Routing changes with the formation: most from" in result.stdout
    assert convscope(*arguments, "--out", "two", "--workers", "2", "--quiet", cwd=tmp_path).returncode == 0
    first, second = ((tmp_path / out / "analysis.json").read_bytes() for out in ("one", "two"))
    assert first == second
    document = json.loads(first)
    found = document["routing"]["formation_sensitivity"]
    assert found["origin"] == "file"
    assert found["cell"] == found["cell_change"]["value"] > 0.1
    assert found["p_value"] <= 0.01
    digest = hashlib.sha256((tmp_path / "labels.csv").read_bytes()).hexdigest()
    assert document["provenance"]["formations_sha256"] == digest


def test_a_file_of_labels_that_does_not_fit_names_its_line(convscope, tmp_path):
    attention_log(tmp_path / "log.h5")
    (tmp_path / "labels.csv").write_text("episode,formation\n12,near\n")
    result = convscope("analyze", "log.h5", "--formations", "labels.csv", cwd=tmp_path)
    assert result.returncode == 5
    assert "labels.csv:2: no episode 12" in result.stderr
    assert not (tmp_path / "convscope-report").exists()
