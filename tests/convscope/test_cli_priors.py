"""``convscope priors`` and ``convscope simulate`` together, as a user types them."""


def test_a_drafted_prior_passes_its_check_and_is_never_overwritten(convscope, tmp_path):
    logs, drafted = tmp_path / "study", tmp_path / "p.toml"
    code, said = convscope("simulate", "prior-true", logs, "--runs", "3", "--episodes", "2", "--steps", "4")
    assert code == 0
    assert "convscope analyze" in said.out
    assert convscope("priors", "draft", logs / "run_0.h5", drafted)[0] == 0
    code, said = convscope("priors", "check", drafted, *sorted(logs.glob("*.h5")))
    assert code == 0
    assert "scout: scout_0, scout_1" in said.out
    code, said = convscope("priors", "draft", logs / "run_0.h5", drafted)
    assert code == 2
    assert "not overwritten" in said.err


def test_all_faults_stand_on_lines_of_their_own(convscope, tmp_path):
    logs, bad = tmp_path / "study", tmp_path / "bad.toml"
    convscope("simulate", "prior-true", logs, "--runs", "1", "--episodes", "2", "--steps", "4")
    bad.write_text('[roles]\na = "x*"\nb = "y*"\n')
    code, said = convscope("priors", "check", bad, logs / "run_0.h5")
    assert code == 5
    assert [line.split(": ")[1] for line in said.err.splitlines()] == ["bad.toml:2", "bad.toml:3"]


def test_swapped_arguments_are_told_as_such(convscope, tmp_path):
    logs, drafted = tmp_path / "study", tmp_path / "p.toml"
    convscope("simulate", "prior-true", logs, "--runs", "1", "--episodes", "2", "--steps", "4")
    code, said = convscope("priors", "check", logs / "run_0.h5", logs / "priors.toml")
    assert code == 2
    assert said.err.strip().endswith(f"convscope priors check {logs / 'priors.toml'} {logs / 'run_0.h5'}")
    code, said = convscope("priors", "draft", drafted, logs / "run_0.h5")
    assert code == 2
    assert said.err.strip().endswith(f"convscope priors draft {logs / 'run_0.h5'} {drafted}")
    assert not drafted.exists()


def test_a_list_shows_all_scenarios(convscope):
    code, said = convscope("simulate", "--list")
    assert code == 0
    assert len(said.out.splitlines()) == 20
