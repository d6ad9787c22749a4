"""A priors file says what it means, and every fault names its line."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import PriorsError, UsageError
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.open import open_logs
from convscope.ingest.prior import declare, prior_from_labels, read_prior
from convscope.ingest.toml_lines import TomlLines
from convscope.values.prior import OrderStatement, RolePrior

AGENTS = ["archer_0", "archer_1", "knight_0", "knight_1"]
FULL = """\
[roles]                       # patterns over agent names
archer = ["archer_*"]
knight = ["knight_*"]
[routing.archer]
knight = 0.7
archer = 0.3
[order]
archer = ["knight > archer"]
[behaviour.archer]
"distance to nearest opponent" = "high"
[composite]
alignment = 3
recovery = 1
[test]
margin = 0.5
alpha = 0.05
"""


def arena(**options):
    return log_from_arrays({"actions": np.zeros((6, 4, 1))}, [4, 2], AGENTS, **options)


def written(tmp_path, text):
    path = tmp_path / "priors.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_full_file_is_read(tmp_path):
    path = written(tmp_path, FULL)
    prior = read_prior(path, arena())
    assert prior.roles == ("archer", "knight")
    assert prior.role_of == {"archer_0": "archer", "archer_1": "archer", "knight_0": "knight", "knight_1": "knight"}
    np.testing.assert_allclose(prior.preference, [[0.3, 0.7], [np.nan, np.nan]])
    assert prior.orders == (OrderStatement(receiver="archer", roles=("knight", "archer")),)
    assert [(b.role, b.feature, b.is_high) for b in prior.behaviours] == [
        ("archer", "distance to nearest opponent", True)
    ]
    assert prior.composite.shares == {"alignment": 0.75, "recovery": 0.25, "instability": 0.0}
    assert (prior.margin, prior.alpha) == (0.5, 0.05)
    assert prior.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_without_roles_the_labels_of_the_log_speak(tmp_path):
    labels = {"archer_0": "archer", "knight_0": "knight"}
    prior = read_prior(written(tmp_path, "[routing.knight]\narcher = 2\n"), arena(declared_roles=labels))
    assert (prior.roles, prior.role_of) == (("archer", "knight"), labels)
    np.testing.assert_array_equal(prior.preference, [[np.nan, np.nan], [1.0, 0.0]])


def test_a_role_that_a_declared_row_leaves_out_has_no_weight_and_any_is_not_scored(tmp_path):
    text = (
        '[roles]\na = "archer_0"\nb = "archer_1"\nc = "knight_*"\n[routing.a]\nb = 3\n[routing.b]\na = "any"\nc = 5\n'
    )
    prior = read_prior(written(tmp_path, text), arena())
    np.testing.assert_array_equal(prior.preference, [[0, 1, 0], [np.nan, 0, 1], [np.nan] * 3])


@given(st.lists(st.floats(0, 1e308), min_size=2, max_size=2).filter(any))
def test_declared_rows_sum_to_one_whatever_the_weights(tmp_path_factory, weights):
    path = tmp_path_factory.mktemp("priors") / "p.toml"
    path.write_text(
        FULL.split("[routing", maxsplit=1)[0] + f"[routing.knight]\narcher = {weights[0]!r}\nknight = {weights[1]!r}\n"
    )
    row = read_prior(path, arena()).preference[1]
    assert row.sum() == pytest.approx(1)
    assert (row >= 0).all()


def test_agents_that_no_pattern_fits_stay_undeclared(tmp_path):
    prior = read_prior(written(tmp_path, '[roles]\narcher = "archer_*"\n'), arena())
    assert set(prior.role_of) == {"archer_0", "archer_1"}
    assert prior.preference is None


def test_a_name_with_brackets_is_a_name_before_it_is_a_pattern(tmp_path):
    log = log_from_arrays({"actions": np.zeros((1, 2, 1))}, [1], ["unit[0]", "unit0"])
    prior = read_prior(written(tmp_path, "[roles]\nscout = 'unit[0]'\n"), log)
    assert prior.role_of == {"unit[0]": "scout"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[roles]\narcher = 'archer_*'\n[routng.archer]\nknight = 1\n", 3, "did you mean 'routing'"),
        ("[roles]\narcher = 'archer_*'\n[test]\nmargn = 1\n", 4, "did you mean 'margin'"),
        ("[roles]\narcher = []\n", 2, "not empty"),
        ("[roles]\n", 1, "names no role"),
        ("[roles]\narcher = [\n  'archer_0',\n  'bowman',\n]\n", 4, "'archer_0', 'archer_1', 'knight_0', 'knight_1'"),
        ("[roles]\narcher = 'bow_*'\n", 2, "pattern 'bow_*'"),
        ("[roles]\narcher = 'archer_*'\nall = '*'\n", 3, "'archer_0' is in two roles, 'archer' and 'all'"),
        ("[roles]\narcher = 'archer_*'\n[routing.knight]\narcher = 1\n", 3, "unknown role 'knight'"),
        ("[roles]\narcher = 'archer_*'\n[routing.archer]\n\nknigt = 1\n", 5, "unknown role 'knigt'"),
        ("[roles]\narcher = 'archer_*'\n[routing.archer]\narcher = -0.1\n", 4, "at least 0"),
        ("[roles]\narcher = 'archer_*'\n[routing.archer]\narcher = nan\n", 4, "at least 0"),
        ("[roles]\narcher = 'archer_*'\n[routing.archer]\narcher = inf\n", 4, "at least 0"),
        ("[roles]\narcher = 'archer_*'\n[routing.archer]\narcher = true\n", 4, "at least 0"),
        ("[roles]\narcher = 'archer_*'\n[routing.archer]\narcher = 'much'\n", 4, "at least 0"),
        ("[roles]\narcher = 'archer_*'\n[routing.archer]\narcher = 0\n", 3, "no role a weight above 0"),
        (f"[roles]\narcher = 'archer_*'\n[routing.archer]\narcher = 1{'0' * 400}\n", 4, "at least 0"),
        ("[roles]\narcher = 'archer_*'\n[order]\narcher = ['archer > king']\n", 4, "unknown role 'king'"),
        ("[roles]\narcher = 'archer_*'\n[order]\narcher = [\n'archer']\n", 5, "two or more"),
        ("[roles]\narcher = 'archer_*'\n[order]\nking = ['archer']\n", 4, "unknown role 'king'"),
        ("[roles]\narcher = 'archer_*'\n[behaviour.king]\nspeed = 'high'\n", 3, "unknown role 'king'"),
        ("[roles]\narcher = 'archer_*'\n[behaviour.archer]\nspeed = 'fast'\n", 4, '"high" or "low"'),
        ("[roles]\narcher = 'archer_*'\n[test]\nalpha = 1.5\n", 4, "between 0 and 1"),
        ("[roles]\narcher = 'archer_*'\n[test]\nmargin = 0\n", 4, "above 0"),
        ("[roles]\narcher = 'archer_*'\n[composite]\nalignment = -1\n", 4, "number of at least 0"),
        ("[roles]\narcher = 'archer_*'\n[composite]\nbehaviour = 1\n", 4, "behaviour"),
        ("[roles]\narcher = 'archer_*'\n[composite]\nalignment = 0\n", 3, "no component a weight above 0"),
        ("roles = 3\n", 1, "must be a table"),
        ("[roles]\narcher = 3\n", 2, "text or a list of texts"),
        ("[routing.archer]\narcher = 1\n", 1, "the log declares none"),
        ("[roles]\narcher = 'archer_*\n", 2, "not valid TOML"),
        ("[roles]\narcher = [", 2, "not valid TOML"),
        (b"[roles]\n\xff = 1\n", 2, "not UTF-8"),
    ],
)
def test_a_fault_names_file_line_and_remedy(tmp_path, text, line, words):
    with pytest.raises(PriorsError) as caught:
        read_prior(written(tmp_path, text), arena())
    message = str(caught.value)
    assert message.startswith(f"priors.toml:{line}: ")
    assert words in message
    assert "\n" not in message
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000, "# " + "x" * (1 << 20)])
def test_an_absurd_file_is_refused_in_one_line(tmp_path, text):
    with pytest.raises(PriorsError, match=r"priors\.toml") as caught:
        read_prior(written(tmp_path, text), arena())
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no priors file"):
        read_prior(tmp_path / "absent.toml", arena())
    with pytest.raises(UsageError, match="no priors file"):
        read_prior(tmp_path, arena())


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert read_prior(path, arena()).roles == ("archer", "knight")


@given(st.text(max_size=200))
def test_any_text_is_a_prior_or_one_clear_error(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("priors") / "p.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(PriorsError):
        read_prior(path, arena())


def test_labels_make_a_prior_and_no_labels_make_none():
    assert prior_from_labels(arena()) is None
    prior = prior_from_labels(arena(declared_roles=[list("xxyy"), list("yyxx")]))
    assert (prior.roles, dict(prior.role_of), prior.preference) == (("x", "y"), {}, None)


def test_declaring_puts_the_prior_into_the_log():
    prior = RolePrior(roles=("k", "a"), role_of={"archer_0": "a", "knight_1": "k"})
    log = declare(arena(), prior)
    assert log.header.roles == ("k", "a")
    assert [agent.declared_role for agent in log.header.agents] == ["a", None, None, "k"]
    assert log.episodes.declared_roles.tolist() == [[1, -1, -1, 0]] * 2
    assert log.header.notices == ()


def test_declaring_over_other_labels_is_noted():
    log = declare(
        arena(declared_roles={"archer_0": "a"}), RolePrior(roles=("a", "b"), role_of={"archer_1": "a", "knight_0": "b"})
    )
    assert [notice.code for notice in log.header.notices] == ["labels-replaced"]


@pytest.mark.parametrize("second", ["bob=guard", "ann=guard bob=guard", "ann=scout bob="])
def test_labels_that_differ_between_files_are_no_prior_that_replaces_them(tmp_path, second):
    for name, told in (("one", "ann=scout bob=guard"), ("two", second)):
        cells = [pair.replace("=", ",") for pair in told.split()]
        rows = [f"{t},{cell},{t % 2}" for t in range(4) for cell in cells]
        (tmp_path / f"{name}.csv").write_text("\n".join(["t,agent,role,action", *rows, ""]))
    log = open_logs([tmp_path / "one.csv", tmp_path / "two.csv"])
    again = declare(log, prior_from_labels(log))
    assert "labels-replaced" not in {notice.code for notice in again.header.notices}
    told = log.episodes.declared_roles
    assert (again.episodes.declared_roles[told >= 0] == told[told >= 0]).all()


def test_declaring_labels_only_renumbers_them():
    log = arena(declared_roles=[["x", "y", "", "x"], ["y", "x", "x", ""]])
    again = declare(log, RolePrior(roles=("y", "z", "x"), role_of={}))
    assert again.episodes.declared_roles.tolist() == [[2, 0, -1, 2], [0, 2, 2, -1]]
    assert again.header.notices == ()
    with pytest.raises(PriorsError, match="declares the role 'y'"):
        declare(log, RolePrior(roles=("x",), role_of={}))


def test_declaring_what_a_log_declares_changes_nothing():
    log = arena(declared_roles={"archer_0": "a", "knight_0": "k"})
    again = declare(log, prior_from_labels(log))
    assert again.header == log.header
    np.testing.assert_array_equal(again.episodes.declared_roles, log.episodes.declared_roles)


def test_lines_of_quoted_dotted_and_nested_keys_are_found():
    text = "a.b = 1\n['x y'.z]\n\"k = 1\" = 2 # = 3\n[t]\nu = {v = 1}\nw = '''\nm = 1\n'''\n"
    lines = TomlLines(text)
    assert [lines.line_of(path) for path in [("a",), ("a", "b"), ("x y", "z", "k = 1"), ("t", "u", "v")]] == [
        1,
        1,
        3,
        5,
    ]
    assert lines.line_of(()) == lines.line_of(("nowhere",)) == 1


REAL = {
    "attn-relay-mlp-baseline": ([], ["role_0", "role_1", "role_2"]),
    "attn-relay-training": ([], ["scout", "collector", "guard"]),
    "jaxmarl-speaker-listener-trained": (["speaker_0", "listener_0"], ["speaker", "listener"]),
    "kaz-scripted": (["archer_0", "archer_1", "knight_0", "knight_1"], ["archer", "knight"]),
    "mpe-spread-conventions": ([f"agent_{i}" for i in range(5)], ["agent"]),
    "mpe-symmetric-control": ([f"agent_{i}" for i in range(4)], ["defender", "explorer"]),
    "mpe-tag-gap-swap": (["adversary_0", "adversary_1", "adversary_2", "agent_0"], ["adversary", "prey"]),
    "mpe-world-comm-routing-gap": (
        ["leadadversary_0", "adversary_0", "adversary_1", "adversary_2", "agent_0", "agent_1"],
        ["leader", "follower", "good"],
    ),
    "overcooked-human-open": (["player_0", "player_1"], ["chef"]),
    "smax-heuristic": ([f"ally_{i}" for i in range(5)], ["stalker", "zealot"]),
}


@pytest.mark.parametrize("case", REAL)
def test_the_priors_of_the_real_logs_declare_every_agent(case):
    agents, roles = REAL[case]
    labels = [[*roles, *roles[:2]]] if not agents else None
    names = agents or [f"agent_{i}" for i in range(len(roles) + 2)]
    log = log_from_arrays({"actions": np.zeros((1, len(names), 1))}, [1], names, declared_roles=labels)
    prior = read_prior(Path(__file__).parents[2] / "priors" / f"{case}.toml", log)
    assert prior.roles == tuple(roles)
    assert set(prior.role_of) == set(names)
    assert (declare(log, prior).episodes.declared_roles >= 0).all()


def test_all_faults_of_a_file_are_told_each_with_its_line(tmp_path):
    text = """\
[roles]
archer = ["archer_*", "bowman_*"]
knight = ["knight_*", "archer_0"]
[routing.archer]
knight = -1
knihgt = 2
archer = 1
[routing.wizard]
archer = 1
[order]
archer = ["knight > nobody", "knight"]
[behaviour.archer]
speed = "fast"
[test]
alpha = 7
beta = 1
"""
    with pytest.raises(PriorsError) as caught:
        read_prior(written(tmp_path, text), arena())
    told = [str(caught.value), *caught.value.__notes__]
    assert sorted(int(line.split(":")[1]) for line in told) == [2, 3, 5, 6, 8, 11, 11, 13, 15, 16]


def test_required_and_forbidden_edges_are_read_and_their_faults_told(tmp_path):
    roles = '[roles]\narcher = "archer_*"\nknight = "knight_*"\n[edges.archer]\n'
    prior = read_prior(written(tmp_path, roles + 'required = ["knight"]\nforbidden = "archer"\n'), arena())
    assert [(e.receiver, e.sender, e.is_required) for e in prior.edges] == [
        ("archer", "knight", True),
        ("archer", "archer", False),
    ]
    with pytest.raises(PriorsError, match=r"priors.toml:6: the edge from 'knight' to 'archer' is stated twice"):
        read_prior(written(tmp_path, roles + 'required = ["knight"]\nforbidden = ["knight"]\n'), arena())
