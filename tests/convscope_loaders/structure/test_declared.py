"""What only a mapping can say: uneven parts of joint columns, one copy for the team, one flag for an episode."""

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError, MappingError
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.ingest.open import open_logs
from convscope.ingest.probe import probe
from convscope.ingest.validate import validate_log
from convscope.ingest.writer import write_log
from convscope.values.fields import Level, RowSum
from convscope.values.status import EndKind
from convscope_loaders.hdf5 import LOADER
from convscope_loaders.structure.templates import Template
from tests.convscope_loaders.reading import column

JOINT = (Axis.ROW, Axis.AGENT_VALUE)


def opened(path, arrays, mapping):
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file[name] = value
    return LOADER.open(probe(path, "log.h5"), mapping)


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


ROWS = (Axis.ROW, Axis.HEAD, Axis.RECEIVER, Axis.SENDER)


def pair_log(path, values, axes, name="attention", **options):
    n_rows, n_agents = 5, 3
    fields = (
        FieldMapping(name="actions", array=ArrayMapping(path="/a", axes=(Axis.ROW, Axis.AGENT))),
        FieldMapping(name=name, array=ArrayMapping(path="/w", axes=axes), **options),
    )
    return opened(path, {"a": np.zeros((n_rows, n_agents), int), "w": values}, LogMapping(fields=fields))


def test_a_transposed_file_with_the_right_axes_reads_the_same(tmp_path):
    weights = np.random.default_rng(0).random((5, 2, 3, 3))
    plain = pair_log(tmp_path / "plain.h5", weights, ROWS)
    turned = pair_log(
        tmp_path / "turned.h5", weights.transpose(0, 3, 1, 2), (Axis.ROW, Axis.SENDER, Axis.HEAD, Axis.RECEIVER)
    )
    assert np.array_equal(column(plain, "attention"), weights)
    assert np.array_equal(column(turned, "attention"), weights)


def test_rounds_layers_and_heads_stay_axes_in_that_order(tmp_path):
    weights = np.random.default_rng(1).random((5, 4, 2, 3, 3))
    log = pair_log(tmp_path / "log.h5", weights, (Axis.ROW, Axis.HEAD, Axis.LAYER, Axis.RECEIVER, Axis.SENDER))
    assert log.header.field("attention").inner_axes == ("layer", "head")
    assert np.array_equal(column(log, "attention"), weights.swapaxes(1, 2))


@pytest.mark.parametrize("width", [2, 3])  # three numbers and three agents are easily mistaken for each other
def test_messages_with_an_addressee_keep_their_numbers_apart_from_agents(tmp_path, width):
    sent = np.random.default_rng(2).random((5, 3, 3, width))
    axes = (Axis.ROW, Axis.SENDER, Axis.RECEIVER, Axis.VALUE)
    log = pair_log(tmp_path / "log.h5", sent, axes, name="pair_messages")
    assert log.header.field("pair_messages").shape == (width,)
    assert np.array_equal(column(log, "pair_messages"), sent.transpose(0, 3, 2, 1))


def test_that_rows_keep_their_sums_is_declared_and_survives_conversion(tmp_path):
    weights = np.random.default_rng(3).random((5, 2, 3, 3))
    log = pair_log(tmp_path / "log.h5", weights, ROWS, row_sum=RowSum.KEEP)
    write_log(log, tmp_path / "converted.h5")
    spec = open_logs([tmp_path / "converted.h5"]).header.field("attention")
    assert (spec.row_sum, spec.inner_axes) == (RowSum.KEEP, ("head",))
    assert not validate_log(tmp_path / "converted.h5")


def test_interventions_of_a_mapping_are_read_and_survive_conversion(tmp_path):
    flags = np.random.default_rng(4).integers(2, size=(5, 3, 3))
    axes = (Axis.ROW, Axis.SENDER, Axis.RECEIVER)
    log = pair_log(tmp_path / "log.h5", flags, axes, name="pair_interventions")
    write_log(log, tmp_path / "converted.h5")
    read = column(open_logs([tmp_path / "converted.h5"]), "pair_interventions")
    assert np.array_equal(read, flags.swapaxes(1, 2))
