"""Several files become one log: agents by name, runs together, episodes numbered anew."""

import pickle

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError, UsageError
from convscope.ingest.inspect import MAX_INSPECTED, inspect_logs
from convscope.ingest.mapping import LogMapping
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from convscope.values.status import Status


def write(path, agents=("a", "b"), *, runs=(), n_episodes=2, first=0.0, width=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["agents"] = list(agents)
        for run in runs or ("",):
            group = file.require_group(f"/{run}")
            n_rows = 4 * n_episodes
            numbers = first + np.arange(n_rows * len(agents) * width, dtype=float)
            group["obs"] = numbers.reshape(n_rows, len(agents), width)
            group["actions"] = np.arange(n_rows * len(agents)).reshape(n_rows, len(agents)) % 3
            group["episode_starts"] = 4 * np.arange(n_episodes)
    return path


def all_rows(log, *fields):
    blocks = list(log.blocks(frozenset(fields)))
    return [np.concatenate([block.columns[field] for block in blocks]) for field in fields]


def test_files_without_runs_are_runs_named_by_the_tail_that_tells_them_apart(tmp_path):
    paths = [write(tmp_path / f"seed_{seed}/log.h5", first=seed) for seed in (2, 10)]
    log = open_logs(paths)
    assert log.episodes.runs == ("seed_2/log.h5", "seed_10/log.h5")
    assert log.episodes.number.tolist() == [0, 1, 0, 1]
    assert [item.name for item in log.header.inputs] == ["seed_2/log.h5", "seed_10/log.h5"]
    assert log.episodes.path[2] == "seed_10/log.h5:/[0:4]"


def test_files_called_checkpoints_are_checkpoints_of_their_runs(tmp_path):
    names = [f"seed_{seed}/update_{update}.h5" for seed in (0, 1) for update in (9, 10)]
    log = open_logs([write(tmp_path / name, first=i) for i, name in enumerate(names)])
    assert log.episodes.runs == ("seed_0", "seed_1")
    assert log.episodes.checkpoints == ("update_9", "update_10")
    assert log.episodes.checkpoint.tolist() == [0, 0, 1, 1] * 2
    assert "checkpoints-by-name" in {notice.code for notice in log.header.notices}
    alone = open_logs([tmp_path / name for name in names[:2]])
    assert alone.episodes.runs == ("run_0",)
    mixed = open_logs([tmp_path / names[0], write(tmp_path / "other.h5", first=9)])
    assert len(mixed.episodes.runs) == 2
    assert mixed.episodes.checkpoints == ()


def test_files_called_episodes_are_episodes_of_their_runs(tmp_path):
    names = [f"seed_{seed}/episode_{number}.h5" for seed in (0, 1) for number in (9, 10)]
    log = open_logs([write(tmp_path / name, first=i) for i, name in enumerate(names)])
    assert log.episodes.runs == ("seed_0", "seed_1")
    assert log.episodes.checkpoints == ()
    assert "episodes-by-name" in {notice.code for notice in log.header.notices}
    assert open_logs([tmp_path / name for name in names[:2]]).episodes.runs == ("run_0",)


def test_a_run_in_two_files_lies_together_and_is_numbered_through(tmp_path):
    paths = [
        write(tmp_path / "x.h5", runs=("run_1", "run_2")),
        write(tmp_path / "y.h5", runs=("run_1", "run_2"), first=1000),
    ]
    log = open_logs(paths)
    assert log.episodes.runs == ("run_1", "run_2")
    assert log.episodes.run.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert log.episodes.number.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert (np.diff(log.source_of) >= 0).all()
    (observed,) = all_rows(log, "observations")
    assert observed[:, 0, 0].tolist() == [*range(0, 48, 6), *range(1000, 1048, 6)] * 2


def test_agents_are_united_by_name_and_absent_where_a_file_lacks_them(tmp_path):
    log = open_logs([write(tmp_path / "x.h5", ("a", "b")), write(tmp_path / "y.h5", ("b", "c"), width=4)])
    assert [agent.name for agent in log.header.agents] == ["a", "b", "c"]
    first, second = log.blocks(frozenset({"observations"}))
    assert (first.status[:, 2] == Status.ABSENT).all()
    assert (second.status[:, 0] == Status.ABSENT).all()
    assert np.isnan(second.columns["observations"][:, 0]).all()
    assert second.columns["observations"][0, 1].tolist() == [0, 1, 2, 3]
    assert np.isnan(first.columns["observations"][:, :, 3]).all()
    assert log.header.field("observations").widths == (3, 4, 4)


def test_files_that_are_pooled_though_they_differ_are_said_to_be(tmp_path):
    paths = [write(tmp_path / "one.h5"), write(tmp_path / "two.h5", ("b", "c", "d"), first=9, width=4)]
    with h5py.File(paths[1], "r+") as file:
        file["rewards"] = np.zeros((8, 3))
    (notice,) = [notice for notice in open_logs(paths).header.notices if notice.code == "unlike-inputs"]
    assert notice.message == (
        "2 files are pooled as one study though they have different agents (2 of them, 3 of them) and fields that only "
        "some hold (rewards) and fields of different widths (observations); analyse alone what is a study of its own"
    )
    alike = open_logs([paths[0], write(tmp_path / "three.h5", first=5)])
    assert "unlike-inputs" not in {notice.code for notice in alike.header.notices}


def test_files_whose_actions_are_of_another_kind_do_not_join(tmp_path):
    first, second = write(tmp_path / "x.h5"), write(tmp_path / "y.h5")
    with h5py.File(second, "r+") as file:
        del file["actions"]
        file["actions"] = np.linspace(0, 1, 16).reshape(8, 2)
    with pytest.raises(LogFormatError, match="agent a"):
        open_logs([first, second])


def test_a_block_task_crosses_a_process_border(tmp_path):
    log = open_logs([write(tmp_path / "x.h5"), write(tmp_path / "y.h5", ("b", "c"))])
    for task in log.tasks(frozenset({"observations"}), max_bytes=200):
        there = pickle.loads(pickle.dumps(task)).load()  # noqa: S301  our own bytes
        assert np.array_equal(there.columns["observations"], task.load().columns["observations"], equal_nan=True)


def test_a_copy_of_a_file_is_no_second_run(tmp_path):
    with pytest.raises(UsageError, match=r"a\.h5 and .*b\.h5 hold the same bytes"):
        open_logs([write(tmp_path / "a.h5"), write(tmp_path / "b.h5")])


def test_no_file_is_a_usage_error():
    with pytest.raises(UsageError, match="no log"):
        open_logs([])


@pytest.mark.parametrize("loader", ["convscope", "minari", "pymarl"])
def test_a_mapping_that_a_loader_would_ignore_is_refused(tmp_path, loader):
    path = write(tmp_path / "x.h5")
    mapping = LogMapping(environment="other")
    with pytest.raises(UsageError, match=f"{loader} takes no mapping"):
        open_logs([path], loader=loader, mapping=mapping)
    with pytest.raises(UsageError, match=f"{loader} takes no mapping"):
        inspect_logs([path], loader=loader, mapping=mapping)


def test_an_inspection_shows_the_reading_and_a_mapping_that_gives_the_same_log(tmp_path):
    path = write(tmp_path / "x.h5", runs=("seed_0", "seed_1"))
    seen = inspect_logs([path])[0]
    assert seen.loader == "hdf5"
    assert seen.problem is None
    assert [array.path for array in seen.arrays][:2] == ["/seed_0/actions", "/seed_0/episode_starts"]
    assert seen.matches[0].loader.name == "hdf5"
    (tmp_path / "map.toml").write_text(seen.mapping)
    log = open_logs([path], mapping=read_mapping(tmp_path / "map.toml"))
    assert log.header.fields == seen.log.header.fields
    assert log.episodes.path == seen.log.episodes.path
    assert np.array_equal(*all_rows(log, "observations"), *all_rows(seen.log, "observations"))


def test_an_inspection_of_an_ambiguous_file_holds_the_mapping_to_edit(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["actions"] = np.zeros((9, 3), "f4")
        file["observations"] = np.zeros((9, 12), "f4")
        file["terminals"] = np.arange(9) % 3 == 2
    seen = inspect_logs([tmp_path / "x.h5"])[0]
    assert seen.log is None
    assert "can be read in 3 ways" in str(seen.problem)
    (tmp_path / "map.toml").write_text(seen.mapping)
    log = open_logs([tmp_path / "x.h5"], mapping=read_mapping(tmp_path / "map.toml"))
    assert len(log.header.agents) == 3
    assert log.header.field("observations").shape == (4,)
    assert log.episodes.length.tolist() == [3, 3, 3]
    one = seen.mapping.replace('["agent_0", "agent_1", "agent_2"]', '["agent_0"]')
    (tmp_path / "map.toml").write_text(one)
    alone = open_logs([tmp_path / "x.h5"], mapping=read_mapping(tmp_path / "map.toml"))
    assert [agent.name for agent in alone.header.agents] == ["agent_0"]
    assert alone.header.field("actions").shape == (3,)


def test_a_large_folder_is_inspected_in_part_and_says_so(tmp_path):
    for seed in range(MAX_INSPECTED + 2):
        write(tmp_path / f"seed_{seed}/log.h5")
    seen = inspect_logs([tmp_path])
    assert [inspection.probe.name for inspection in seen] == [f"seed_{seed}/log.h5" for seed in range(MAX_INSPECTED)]
    assert [notice.message for notice in seen[-1].notices] == [
        "2 more files are not shown; name one of them to look into it"
    ]
