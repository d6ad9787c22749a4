"""Codes of several files become codes of one log: a name means the same everywhere."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.join import join_logs
from convscope.ingest.open import open_logs
from convscope.values.status import Status

MAGENT2 = Path(__file__).parents[2] / "data" / "magent2"


def table(path, actions, *, held=None):
    """Write a CSV of two agents: the actions of a and b in turn, and perhaps what they hold."""
    lines = [f"episode,t,agent,action{',holding' if held else ''}"]
    for row, action in enumerate(actions):
        place = f",{held[row]}" if held else ""
        lines.append(f"0,{row // 2},{'ab'[row % 2]},{action}{place}")
    path.write_text("\n".join(lines) + "\n")
    return path


def numbered(path, numbers, **arrays):
    """Write an HDF5 file of one episode and two agents."""
    with h5py.File(path, "w") as file:
        file.attrs["agents"] = ["a", "b"]
        file["actions"] = np.asarray(numbers)
        file["episode_starts"] = np.zeros(1, int)
        file["obs"] = np.arange(len(numbers) * 6.0).reshape(-1, 2, 3)
        for name, array in arrays.items():
            file[name] = array
    return path


def named(log):
    """Return a function that names the actions of a log, as a loader does whose files hold names."""

    def with_names(*names):
        fields = [replace(s, values=names if s.name == "actions" else ()) for s in log.header.fields]
        return replace(log, header=replace(log.header, fields=tuple(fields)))

    return with_names


def masked(path, names):
    masks = np.ones((4, 2, len(names)), int)
    return named(open_logs([numbered(path, [[0, 1]] * 4, action_masks=masks)]))(*names)


def names_taken(log):
    """What agents did, by episode: the names of their actions, None where they do nothing."""
    names = (*log.header.field("actions").values, None)
    blocks = list(log.blocks(frozenset({"actions"})))
    codes = [np.where(np.isnan(c := block.columns["actions"][..., 0]), -1, c).astype(int) for block in blocks]
    return [[[names[code] for code in row] for row in part.tolist()] for part in codes]


def test_an_action_keeps_its_name_when_files_number_it_in_another_way(tmp_path):
    one = table(tmp_path / "one.csv", ["left", "right", "right", "left"])
    two = table(tmp_path / "two.csv", ["right", "up", "up", "right"])
    log = open_logs([one, two])
    assert log.header.field("actions").values == ("left", "right", "up")
    assert names_taken(log) == [[["left", "right"], ["right", "left"]], [["right", "up"], ["up", "right"]]]
    assert [agent.action_space.n for agent in log.header.agents] == [(3,), (3,)]


def test_every_named_field_is_united_and_not_the_actions_alone(tmp_path):
    one = table(tmp_path / "one.csv", ["go", "stop"] * 2, held=["cup", "jar"] * 2)
    two = table(tmp_path / "two.csv", ["go", "stop"] * 2, held=["jar", "pan", "pan", "jar"])
    log = open_logs([one, two])
    (spec,) = [spec for spec in log.header.fields if spec.name == "info/holding"]
    first, second = (block.columns["info/holding"] for block in log.blocks(frozenset({"info/holding"})))
    name = [[spec.values[int(code)] for code in column.ravel()] for column in (first, second)]
    assert name == [["cup", "jar"] * 2, ["jar", "pan", "pan", "jar"]]


def test_the_two_genuine_magent2_folders_keep_what_agents_did():
    alone = {path.name: open_logs([path]) for path in sorted(MAGENT2.iterdir())}
    log = open_logs(sorted(MAGENT2.iterdir()))
    assert [agent.action_space.n for agent in log.header.agents].count(()) == 0
    slot = {agent.name: number for number, agent in enumerate(log.header.agents)}
    # A block holds a whole folder, whose run comes in the order of its name.
    for together, own in zip(names_taken(log), alone.values(), strict=True):
        places = [slot[agent.name] for agent in own.header.agents]
        assert [[[row[at] for at in places] for row in together]] == names_taken(own)


def test_names_in_one_file_and_numbers_in_another_do_not_join(tmp_path):
    one = table(tmp_path / "one.csv", ["left", "right"] * 2)
    two = table(tmp_path / "two.csv", [0, 1, 1, 0])
    with pytest.raises(LogFormatError, match="actions has names for its values in some of the files"):
        open_logs([one, two])


def test_masks_that_would_have_to_be_turned_round_do_not_join(tmp_path):
    one, two = (
        masked(tmp_path / name, names) for name, names in (("1.h5", ("left", "right")), ("2.h5", ("up", "left")))
    )
    with pytest.raises(LogFormatError, match="action_masks has a column for each"):
        join_logs([one, two])
    longer = masked(tmp_path / "3.h5", ("left", "right", "up"))
    assert join_logs([one, longer]).header.field("actions").values == ("left", "right", "up")


def test_more_actions_than_names_do_not_join(tmp_path):
    one, two = (named(open_logs([numbered(tmp_path / f"{i}.h5", [[0, i]] * 4)])) for i in (1, 2))
    log = join_logs([one("left", "right"), two("up", "left", "down")])
    assert names_taken(log) == [[["left", "right"]] * 4, [["up", "down"]] * 4]
    with pytest.raises(LogFormatError, match="actions in different ways, and agent b has others besides"):
        join_logs([one("left", "right"), two("up", "left")])


def test_agents_that_only_one_file_has_stay_absent_in_the_other(tmp_path):
    one = table(tmp_path / "one.csv", ["left", "right"] * 2)
    two = tmp_path / "two.csv"
    two.write_text("episode,t,agent,action\n0,0,c,right\n0,1,c,up\n")
    log = open_logs([one, two])
    assert [agent.name for agent in log.header.agents] == ["a", "b", "c"]
    assert [agent.action_space.n for agent in log.header.agents] == [(2,), (2,), (3,)]
    assert names_taken(log)[1] == [[None, None, "right"], [None, None, "up"]]
    assert (list(log.blocks(frozenset()))[1].status[:, :2] == Status.ABSENT).all()
