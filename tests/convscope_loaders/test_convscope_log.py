"""A log that is written in the convscope log format comes back as it was."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convscope.errors import LogFormatError, OutputError
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.probe import probe
from convscope.ingest.validate import validate_log
from convscope.ingest.writer import write_log
from convscope.values.fields import FieldSpec, Level
from convscope.values.header import ActionKind, ActionSpace, InputFile, Notice
from convscope.values.status import EndKind, Status
from convscope_loaders.convscope_log import LOADER

NUMBERS = st.floats() | st.just(-0.0) | st.just(np.nan)
SHAPES = {
    "observations": (2, 3),
    "actions": (2, 1),
    "rewards": (2,),
    "team_rewards": (),
    "positions": (2, 2),
    "entity_positions": (4, 2),
    "messages": (2, 3),
    "hidden_states": (2, 1),
    "attention": (2, 2, 2),
    "gates": (2, 2),
    "pair_messages": (3, 2, 2),
    "state": (5,),
    "action_masks": (2, 3),
    "action_logits": (2, 3),
    "action_probabilities": (2, 3),
    "info/held": (2,),
    "info/a b/ç.d": (2, 2),
    "info/..": (2,),
}


def is_same_array(first, second):
    """Compare by bits, NaN with NaN."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    is_nan = np.isnan(first) & np.isnan(second)
    return bool(
        ((np.ascontiguousarray(first).view(np.int64) == np.ascontiguousarray(second).view(np.int64)) | is_nan).all()
    )


def assert_same_rows(first, second, **options):
    """Compare blocks, which must be cut alike."""
    fields = frozenset(spec.name for spec in first.header.fields)
    for a, b in zip(first.blocks(fields, **options), second.blocks(fields, **options), strict=True):
        assert a.episodes.tolist() == b.episodes.tolist()
        assert a.offsets.tolist() == b.offsets.tolist()
        np.testing.assert_array_equal(a.status, b.status)
        assert a.columns.keys() == b.columns.keys() == fields
        assert [name for name in fields if not is_same_array(a.columns[name], b.columns[name])] == []


def assert_same_episodes(first, second):
    for name in first.__dataclass_fields__:
        a, b = getattr(first, name), getattr(second, name)
        assert np.array_equal(a, b) and a.dtype == b.dtype if isinstance(a, np.ndarray) else a == b, name


def written(log, path):
    write_log(log, path)
    found = probe(path, "out.h5")
    assert LOADER.sniff(found).score == 1
    return LOADER.open(found, None)


def rich_log():
    """A log with everything that a header and an episode table can say."""
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=(12, *shape)) for name, shape in SHAPES.items()}
    columns["actions"] = rng.integers(0, 3, (12, 2, 1)).astype(float)
    columns["actions"][[4, 11]] = np.nan
    columns["observations"][:, 0, 2] = np.nan
    columns["info/held"] = rng.integers(0, 200, (12, 2)).astype(float)
    status = np.full((12, 2), Status.ACTING, np.uint8)
    status[[4, 11]] = Status.WAITING
    status[9:, 1] = Status.DEAD
    status[5:8, 0] = Status.ABSENT
    log = log_from_arrays(
        columns,
        [5, 3, 4],
        ["scout_0", "tank/ü"],
        status=status,
        declared_roles=[["scout", "tank"], ["tank", ""], ["scout", "scout"]],
        runs=["seed 1", "seed 1", "seed 2"],
        checkpoints=["100", "20", "100"],
    )
    header, episodes = log.header, log.episodes
    agents = (
        replace(header.agents[0], group="light", team="red"),
        replace(header.agents[1], group="heavy", action_space=ActionSpace(kind=ActionKind.DISCRETE, n=(4,))),
    )
    dtypes = {"observations": "<f8", "actions": "|u1", "info/held": "|u1"}
    widths = {"observations": (2, 3)}
    return replace(
        log,
        header=replace(
            header,
            agents=agents,
            fields=tuple(
                replace(
                    spec,
                    dtype=dtypes.get(spec.name, spec.dtype),
                    widths=widths.get(spec.name),
                    values=("stay", "go", "hit") if spec.name == "actions" else (),
                )
                for spec in header.fields
            ),
            inputs=(
                InputFile(name="a.h5", sha256="0" * 64, n_bytes=7, loader="pymarl", assumptions=("x is time", "é")),
                InputFile(name="b.h5", sha256="1" * 64, n_bytes=8, loader="pymarl", assumptions=("x is time",)),
            ),
            framework="PyMARL family",
            environment="spread",
            notices=(Notice(code="c", message="m", where="/w"), Notice(code="d", message="n")),
        ),
        episodes=replace(
            episodes,
            conditions=("ring", "room"),
            condition=np.array([1, -1, 0]),
            rows=np.array([5, 3, 4]),
            length=np.array([4, 3, 3]),
            end=np.array([EndKind.TERMINATED, EndKind.CUT, EndKind.AMBIGUOUS], np.uint8),
            path=("/e[0]", "/é[1]", "/e[2]"),
        ),
    )


def test_everything_that_a_log_says_comes_back(tmp_path):
    log = rich_log()
    back = written(log, tmp_path / "out.h5")
    assert_same_rows(log, back)
    assert_same_rows(log, back, max_bytes=1)
    assert_same_episodes(log.episodes, back.episodes)
    assert back.header.agents == log.header.agents
    assert back.header.roles == log.header.roles
    assert back.header.notices == log.header.notices
    assert (back.header.framework, back.header.environment) == ("PyMARL family", "spread")
    assert back.header.identities_persist is False
    assert [f.name for f in back.header.fields] == [f.name for f in log.header.fields]
    for spec, original in zip(back.header.fields, log.header.fields, strict=True):
        assert (spec.level, spec.shape, spec.widths, spec.values) == (
            original.level,
            original.shape,
            original.widths,
            original.values,
        )
    (file,) = back.header.inputs
    assert (file.loader, file.name, file.assumptions) == ("convscope", "out.h5", ("x is time", "é"))


def test_a_written_log_breaks_no_rule_of_the_format(tmp_path):
    write_log(rich_log(), tmp_path / "out.h5")
    problems = validate_log(tmp_path / "out.h5")
    # The columns of this log are noise: weights are negative, masks forbid, absent teammates do not matter.
    assert {p.rule for p in problems} <= {"negative-attention"}


def test_writing_what_was_read_gives_the_same_rows_again(tmp_path):
    once = written(rich_log(), tmp_path / "once.h5")
    twice = written(once, tmp_path / "twice.h5")
    assert_same_rows(once, twice)
    assert_same_episodes(once.episodes, twice.episodes)
    assert twice.header.fields == once.header.fields


def test_the_same_log_gives_the_same_bytes(tmp_path):
    write_log(rich_log(), tmp_path / "a.h5")
    write_log(rich_log(), tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_arrays_come_back_bit_for_bit(tmp_path_factory, data):
    names = data.draw(st.lists(st.sampled_from(sorted(SHAPES.keys() - {"actions"})), unique=True, max_size=4))
    lengths = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    n_rows = sum(lengths)
    columns = {n: data.draw(hnp.arrays(np.float64, (n_rows, *SHAPES[n]), elements=NUMBERS)) for n in names}
    status = data.draw(hnp.arrays(np.uint8, (n_rows, 2), elements=st.integers(0, 3)))
    log = log_from_arrays({"actions": np.zeros((n_rows, 2, 1))} | columns, lengths, ["a", "b"], status=status)
    dtypes = data.draw(st.lists(st.sampled_from(["<f2", "<f4", "<f8", "|i1", "|u1", "<i8", "|b1"]), min_size=99))
    fields = tuple(replace(f, dtype=dtype) for f, dtype in zip(log.header.fields, dtypes, strict=False))
    log = replace(log, header=replace(log.header, fields=fields))
    back = written(log, tmp_path_factory.mktemp("log") / "out.h5")
    assert_same_rows(log, back)
    assert_same_episodes(log.episodes, back.episodes)
    assert back.header.agents == log.header.agents


@pytest.mark.parametrize("field", ["observations", "state", "pair_messages", "info/held"])
def test_a_field_without_columns_comes_back_without_columns(tmp_path, field):
    shape = {"observations": (2, 0), "state": (0,), "pair_messages": (0, 2, 2), "info/held": (2, 0)}[field]
    log = log_from_arrays({"actions": np.zeros((6, 2, 1)), field: np.zeros((6, *shape))}, [3, 3], ["a", "b"])
    back = written(log, tmp_path / "log.h5")
    assert_same_rows(back, log)
    assert validate_log(tmp_path / "log.h5") == ()


def test_any_episodes_can_be_asked_for(tmp_path):
    log = rich_log()
    (source,) = written(log, tmp_path / "out.h5").sources
    read = source.read(np.array([0, 2]), frozenset({"team_rewards"}))
    (expected,) = log.sources
    np.testing.assert_array_equal(
        read.columns["team_rewards"],
        expected.read(np.array([0, 2]), frozenset({"team_rewards"})).columns["team_rewards"],
    )
    assert read.lengths.tolist() == [5, 4]
    assert source.read(np.array([], dtype=np.int64), frozenset({"team_rewards"})).status.shape == (0, 2)


def test_fields_keep_their_type_in_the_file(tmp_path):
    log = log_from_arrays({"actions": np.zeros((3, 1, 1)), "state": np.full((3, 2), 0.1)}, [3], ["a"])
    fields = tuple(replace(f, dtype={"actions": "|i1", "state": "<f4"}[f.name]) for f in log.header.fields)
    back = written(replace(log, header=replace(log.header, fields=fields)), tmp_path / "out.h5")
    # 0.1 is no float32, so the state is stored as it is in memory.
    assert [f.dtype for f in back.header.fields] == ["|i1", "<f8"]


def test_narrower_groups_store_only_their_own_columns(tmp_path):
    write_log(rich_log(), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["groups/light/observation"].shape == (12, 1, 2)
        assert file["groups/heavy/observation"].shape == (12, 1, 3)
        assert file["groups/light/action"].shape == (12, 1)
        assert file["groups/light/action"][4] == -1
        assert file["channels/addressed/message"].shape == (12, 2, 2, 3)


def test_every_axis_has_a_scale(tmp_path):
    write_log(rich_log(), tmp_path / "out.h5")
    bare = []
    with h5py.File(tmp_path / "out.h5") as file:
        file.visititems(lambda name, item: bare.append(name) if has_bare_axis(item) else None)
    assert bare == []


def has_bare_axis(item):
    return isinstance(item, h5py.Dataset) and not item.is_scale and not all(len(dim) == 1 for dim in item.dims)


def test_an_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "out.h5").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_log(rich_log(), tmp_path / "out.h5")
    assert (tmp_path / "out.h5").read_text() == "mine"


def restated(file, text):
    spaces = file["agents/action_space"][:]
    spaces[1] = text
    file["agents/action_space"][:] = spaces


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.attrs.modify("encoding-version", "2.0.0"), "format version '2.0.0'"),
        (lambda f: f.attrs.update({"required-features": '["time travel"]'}), "needs 'time travel'"),
        (lambda f: f.attrs.update({"required-features": "[oops"}), "required-features"),
        (lambda f: f.pop("agents/id"), "/agents/id"),
        (lambda f: f.pop("episodes/start"), "no /episodes/start"),
        (lambda f: f.pop("groups/light/status"), "no /groups/light/status"),
        (lambda f: f["groups/light"].attrs.modify("slots", [1]), "each of 2 agents once"),
        (lambda f: f["groups/heavy/action"].resize(7, axis=0), "shorter than the episodes say"),
        (lambda f: f["episodes/run"].write_direct(np.array([0, 0, 9], "<i4")), "/episodes/run counts to 9"),
        (lambda f: f["agents/slot"].write_direct(np.array([1, 0], "<i4")), "not read yet"),
        (lambda f: f["episodes/rows"].resize(2, axis=0), "expected whole"),
        *(
            (lambda f, text=text: restated(f, text), rf"out\.h5:/agents/action_space\[1\] states .*{words}")
            for text, words in (
                ('{"type": "Discrete", "n": -3}', "-3 choices"),
                ('{"type": "Discrete", "n": 1e30}', "1e.30 choices"),
                ('{"type": "Discrete", "n": NaN}', "nan choices"),
                ('{"type": "MultiDiscrete", "nvec": [-5]}', "-5 choices"),
                ('{"type":"MultiDiscrete","nvec":[2,2,2]}', "3 components"),
                ('{"type": "Box", "shape": [1e12]}', "components"),
                ('{"type": "Box", "shape": [1000000]}', "components"),
            )
        ),
    ],
)
def test_a_damaged_log_is_one_clear_error(tmp_path, change, words):
    write_log(rich_log(), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5", "r+") as file:
        change(file)
    with pytest.raises(LogFormatError, match=words) as caught:
        LOADER.open(probe(tmp_path / "out.h5", "out.h5"), None)
    assert "\n" not in str(caught.value)


def test_parts_that_a_log_may_leave_out_are_left_out(tmp_path):
    write_log(rich_log(), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5", "r+") as file:
        for part in ("runs", "conditions", "checkpoints", "episodes/number", "episodes/path", "slots", "agents/team"):
            del file[part]
        for name in ("run", "checkpoint", "condition"):
            file[f"episodes/{name}"][:] = [-1, -1, -1]
        for name in ("producer", "source", "notices", "fields"):
            del file.attrs[name]
    log = LOADER.open(probe(tmp_path / "out.h5", "out.h5"), None)
    assert (log.episodes.runs, log.episodes.checkpoints, log.episodes.conditions) == (("out.h5",), (), ())
    assert log.episodes.number.tolist() == [0, 1, 2]
    assert log.header.framework is None
    assert {f.name for f in log.header.fields} == set(SHAPES)


def test_a_file_of_another_kind_is_not_ours(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = [1]
    found = probe(tmp_path / "x.h5", "x.h5")
    assert LOADER.sniff(found).score == 0
    with pytest.raises(LogFormatError, match="no convscope log"):
        LOADER.open(found, None)


def test_the_spec_of_a_field_says_where_it_is(tmp_path):
    back = written(rich_log(), tmp_path / "out.h5")
    assert back.header.field("team_rewards") == FieldSpec(
        name="team_rewards", level=Level.TEAM, dtype="<f8", path="/steps/team_reward"
    )


def test_a_run_that_is_only_called_after_its_file_is_called_after_the_new_one(tmp_path):
    log = log_from_arrays({"actions": np.zeros((3, 1, 1))}, [3], ["a"], runs=["seed_1/data.h5"])
    file = InputFile(name="seed_1/data.h5", sha256="0" * 64, n_bytes=7, loader="pymarl")
    unnamed = replace(log, header=replace(log.header, inputs=(file,)))
    # Else two converted files called data.h5 would become one run.
    assert written(unnamed, tmp_path / "a.h5").episodes.runs == ("out.h5",)
    assert written(log, tmp_path / "b.h5").episodes.runs == ("seed_1/data.h5",)
    assert validate_log(tmp_path / "a.h5") == ()


def test_a_log_of_thousands_of_files_keeps_their_provenance(tmp_path):
    log = log_from_arrays({"actions": np.zeros((3, 1, 1))}, [3], ["a"])
    files = tuple(InputFile(name=f"{n}.h5", sha256=f"{n:064d}", n_bytes=n, loader="hdf5") for n in range(5000))
    files = (*files, replace(files[0], assumptions=("something",)))
    back = written(replace(log, header=replace(log.header, inputs=files)), tmp_path / "out.h5")
    assert back.header.inputs[0].assumptions == ("something",)
    with h5py.File(tmp_path / "out.h5") as file:
        assert '"4999.h5"' in str(file.attrs["source"])
    assert validate_log(tmp_path / "out.h5") == ()
