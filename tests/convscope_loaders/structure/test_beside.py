"""What only a mapping can say: final observations beside the steps, turns, ends of all kinds, spans of rows."""

import h5py
import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.ingest.probe import probe
from convscope.values.status import EndKind, Status
from convscope_loaders.structure.build import Reading, build_log
from tests.convscope_loaders.reading import whole

BLOCK = (Axis.EPISODE, Axis.TIME, Axis.AGENT, Axis.VALUE)
ENTRIES, ROWS = 2, 6
SPANS = np.array([[0, 0, 2], [0, 2, 5], [1, 1, 4]])
"""Of the two entries' rows, (0, 5), (1, 0), (1, 4) and (1, 5) are padding."""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log.h5"
    observed = np.arange(ENTRIES * ROWS * 2 * 3).reshape(ENTRIES, ROWS, 2, 3)
    ended = np.zeros((ENTRIES, ROWS, 1), bool)
    ended[0, 1] = ended[0, 4] = True
    turn = np.arange(ENTRIES * ROWS * 2).reshape(ENTRIES, ROWS, 2) % 3 > 0
    with h5py.File(path, "w") as file:
        file["obs"], file["next_obs"] = observed, observed + 1000
        file["act"] = np.arange(ENTRIES * ROWS * 2).reshape(ENTRIES, ROWS, 2)
        file["spans"], file["ended"], file["terminated"], file["turn"] = SPANS, ended, ended, turn
        file["short_next"] = observed[:, 1:]
    return path


def declared(*, next_path="/next_obs", **told):
    flags = {name: ArrayMapping(path=f"/{name}", axes=BLOCK[:2]) for name in ("ended", "terminated")}
    return LogMapping(
        fields=(
            FieldMapping(name="actions", array=ArrayMapping(path="/act", axes=BLOCK[:3])),
            FieldMapping(name="observations", array=ArrayMapping(path="/obs", axes=BLOCK), next_path=next_path),
        ),
        episodes=EpisodeMapping(
            cut=Cut.SPANS, array=ArrayMapping(path="/spans", axes=(Axis.EPISODE, Axis.VALUE)), **flags
        ),
        **told,
    )


def opened(path, mapping):
    found = probe(path, "log.h5")
    return build_log(found, found.container, Reading(mapping=mapping, assumptions=()), loader="hdf5")


def test_the_row_after_the_last_step_is_read_beside_it(path):
    log = opened(path, declared())
    assert (log.episodes.length.tolist(), log.episodes.rows.tolist()) == ([2, 3, 3], [3, 4, 4])
    block = whole(log)
    with h5py.File(path) as file:
        observed, after, actions = file["obs"][:], file["next_obs"][:], file["act"][:]
    rows = [np.concatenate([observed[e, i:j], after[e, j - 1 : j]]) for e, i, j in SPANS]
    np.testing.assert_array_equal(block.columns["observations"], np.concatenate(rows))
    is_final = np.isin(np.arange(11), [2, 6, 10])
    taken = np.concatenate([actions[e, i:j] for e, i, j in SPANS])
    np.testing.assert_array_equal(block.columns["actions"][~is_final, :, 0], taken)
    assert np.isnan(block.columns["actions"][is_final]).all()
    assert (block.status[is_final] == Status.WAITING).all()
    pieces = [piece.columns["observations"] for piece in log.blocks(frozenset({"observations"}), max_bytes=1)]
    np.testing.assert_array_equal(np.concatenate(pieces), block.columns["observations"])


def test_without_a_flag_an_episode_is_cut_where_every_end_has_one(path):
    ends = [EndKind.TERMINATED, EndKind.TERMINATED, EndKind.CUT]
    assert opened(path, declared()).episodes.end.tolist() == ends


def test_an_agent_in_the_game_waits_for_its_turn(path):
    turns = ArrayMapping(path="/turn", axes=BLOCK[:3])
    status = whole(opened(path, declared(next_path="", acting=turns))).status
    with h5py.File(path) as file:
        has_turn = np.concatenate([file["turn"][e, i:j] for e, i, j in SPANS])
    np.testing.assert_array_equal(status, np.where(has_turn, Status.ACTING, Status.WAITING))


def test_the_dead_stay_dead_in_the_final_row_and_the_living_wait(path):
    alive = ArrayMapping(path="/alive", axes=BLOCK[:3])
    is_alive = np.ones((ENTRIES, ROWS, 2), bool)
    is_alive[0, 3:, 1] = False
    with h5py.File(path, "r+") as file:
        file["alive"] = is_alive
    status = whole(opened(path, declared(alive=alive))).status
    assert status[[2, 6, 10]].tolist() == [[Status.WAITING, Status.WAITING], [Status.WAITING, Status.DEAD], [2, 2]]
    assert status[3:6, 1].tolist() == [Status.ACTING, Status.DEAD, Status.DEAD]


def test_spans_and_next_arrays_that_do_not_fit_are_errors(path):
    with pytest.raises(LogFormatError, match="is not shaped like /obs"):
        opened(path, declared(next_path="/short_next"))
    with pytest.raises(LogFormatError, match="holds no dataset /nowhere"):
        opened(path, declared(next_path="/nowhere"))
    for wrong in ([[2, 0, 3]], [[0, 0, 7]], [[-1, 0, 3]], [[0, 3, 2]], [[1]]):
        with h5py.File(path, "r+") as file:
            del file["spans"]
            file["spans"] = np.array(wrong)
        with pytest.raises(LogFormatError, match="spans"):
            opened(path, declared())
