"""What only a mapping can say: uneven parts of joint columns, one copy for the team, one flag for an episode."""

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError, MappingError
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.ingest.probe import probe
from convscope.values.fields import Level
from convscope.values.status import EndKind
from convscope_loaders.hdf5 import LOADER
from convscope_loaders.structure.templates import Template

JOINT = (Axis.ROW, Axis.AGENT_VALUE)


def opened(path, arrays, mapping):
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file[name] = value
    return LOADER.open(probe(path, "log.h5"), mapping)


def column(log, field):
    return np.concatenate([block.columns[field] for block in log.blocks(frozenset({field}))])


def test_columns_of_agents_of_unequal_width_are_divided_as_the_mapping_says(tmp_path):
    joint = np.arange(20.0).reshape(4, 5) + 0.5
    actions = FieldMapping(name="actions", array=ArrayMapping(path="/a", axes=JOINT), widths=(3, 2))
    log = opened(tmp_path / "log.h5", {"a": joint}, LogMapping(fields=(actions,), agents=("left", "right")))
    read = column(log, "actions")
    assert np.array_equal(read[:, 0], joint[:, :3])
    assert np.array_equal(read[:, 1, :2], joint[:, 3:])
    assert np.isnan(read[:, 1, 2]).all()
    assert log.header.field("actions").widths == (3, 2)


@pytest.mark.parametrize(("widths", "what"), [((), "cannot share evenly"), ((2, 2), "widths of 2, 2 do not divide")])
def test_columns_that_do_not_divide_are_an_error_that_says_so(tmp_path, widths, what):
    actions = FieldMapping(name="actions", array=ArrayMapping(path="/a", axes=JOINT), widths=widths)
    mapping = LogMapping(fields=(actions,), agents=("left", "right"))
    with pytest.raises(LogFormatError, match=what):
        opened(tmp_path / "log.h5", {"a": np.ones((4, 5))}, mapping)


def test_a_reward_that_is_copied_to_all_agents_is_the_teams_where_the_mapping_takes_one_copy(tmp_path):
    rewards = np.repeat(np.arange(4.0)[:, None], 3, axis=1)
    fields = (
        FieldMapping(name="actions", array=ArrayMapping(path="/a", axes=(Axis.ROW, Axis.AGENT))),
        FieldMapping(name="team_rewards", array=ArrayMapping(path="/r", axes=(Axis.ROW, Axis.AGENT), take=(0,))),
    )
    log = opened(tmp_path / "log.h5", {"a": np.zeros((4, 3), int), "r": rewards}, LogMapping(fields=fields))
    assert log.header.field("team_rewards").level is Level.TEAM
    assert column(log, "team_rewards").tolist() == [0, 1, 2, 3]


def test_one_flag_for_an_episode_tells_how_it_ended(tmp_path):
    arrays = {f"a_{k}": np.zeros((3, 2), int) for k in range(2)} | {"over_0": True, "over_1": False}
    mapping = LogMapping(
        fields=(FieldMapping(name="actions", array=ArrayMapping(path="/a_{episode}", axes=(Axis.TIME, Axis.AGENT))),),
        episodes=EpisodeMapping(cut=Cut.WHOLE, terminated=ArrayMapping(path="/over_{episode}", axes=())),
    )
    log = opened(tmp_path / "log.h5", arrays, mapping)
    assert log.episodes.end.tolist() == [EndKind.TERMINATED, EndKind.UNKNOWN]


def test_several_axes_may_stand_in_the_name_of_an_array():
    template = Template(text="/obs_{episode}_{agent}")
    values = template.match("/obs_12_left")
    assert values == {Axis.EPISODE: "12", Axis.AGENT: "left"}
    assert template.fill(values) == "/obs_12_left"
    assert template.match("/obs_12") is None
    with pytest.raises(MappingError, match="stands in it twice"):
        Template(text="/{run}/{run}").match("/a/b")
