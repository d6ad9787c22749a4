"""The same attention as a matrix, as slots and as edges is the same log and the same graph."""

import tracemalloc

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import ConvscopeError, MappingError
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.open import open_logs
from convscope.ingest.writer import write_log
from convscope.routing.graph import find_routing
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ATTENTION, GATES, PAIR_MESSAGES, OwnColumn, RowSum
from convscope_loaders.hdf5 import LOADER
from convscope_loaders.numpy_files import LOADER as NUMPY
from tests.convscope_loaders.reading import joined, mapped, opened_by, rows_of, write_hdf5

N, HEADS, EPISODES, STEPS = 4, 2, 8, 6
ROWS = EPISODES * STEPS
OFF = ~np.eye(N, dtype=bool)
OTHERS = np.array([[j for j in range(N) if j != i] for i in range(N)])
COMMON = """convscope-mapping = 1
[fields.actions]
path = "/actions"
axes = ["row", "agent"]
[agents]
alive = { path = "/alive", axes = ["row", "agent"] }
"""
DENSE = '[fields.attention]\npath = "/attn"\naxes = ["row", "head", "receiver", "sender"]\n'
SLOTS = '[fields.attention]\npath = "/attn"\naxes = ["row", "head", "receiver", "slot"]\n'
NEAREST = '[fields.attention.slots]\npath = "/near"\naxes = ["row", "receiver", "slot"]\n'
PADDED = """[fields.attention]
path = "/attn"
axes = ["row", "head", "edge"]
[fields.attention.edges]
sender = { path = "/from", axes = ["row", "edge"] }
receiver = { path = "/to", axes = ["row", "edge"] }
"""
LISTED = """[fields.attention]
path = "/attn"
axes = ["edge", "head"]
[fields.attention.edges]
sender = { path = "/edge_index", axes = ["column", "edge"], take = [0] }
receiver = { path = "/edge_index", axes = ["column", "edge"], take = [1] }
"""


class Scene:
    """Attention of a team in which agents die and not everybody reaches everybody."""

    def __init__(self, seed, *, reach=0.7):
        self.rng = np.random.default_rng(seed)
        rng = self.rng
        self.weights = rng.random((ROWS, HEADS, N, N)).astype(np.float32)
        self.reach = (rng.random((ROWS, N, N)) < reach) & OFF
        dies = rng.integers(2, 2 * STEPS, (EPISODES, N))
        self.alive = (np.arange(STEPS)[None, :, None] < dies[:, None]).reshape(ROWS, N)
        ends = np.zeros(ROWS, bool)
        ends[STEPS - 1 :: STEPS] = True
        self.base = {"actions": rng.integers(0, 3, (ROWS, N)), "terminals": ends, "alive": self.alive}

    def dense(self, absent):
        return np.where(self.reach[:, None], self.weights, np.float32(absent))

    def nearest(self):
        """Slots in an order of each row's own; empty ones, and those of the dead, hold anything."""
        noise = self.rng.random((ROWS, N, N))
        order = np.argsort(np.where(self.reach, noise, 2), axis=-1)
        near = np.where(np.take_along_axis(self.reach, order, -1), order, -1)
        weights = np.take_along_axis(self.weights, order[:, None], -1)
        junk = self.rng.choice([np.nan, 7, -3], weights.shape)
        is_shut = (near < 0) | ~self.alive[:, :, None]
        near = np.where(~self.alive[:, :, None], self.rng.integers(-1, N, near.shape), near)
        return {"near": near, "attn": np.where(is_shut[:, None], junk, weights)}

    def listed(self):
        row, receiver, sender = np.nonzero(self.reach)
        order = np.lexsort((self.rng.random(len(row)), row))
        row, receiver, sender = row[order], receiver[order], sender[order]
        attn = self.weights[row, :, receiver, sender]
        return {"attn": attn, "edge_index": np.stack([sender, receiver]), "step": row}

    def padded(self):
        listed = self.listed()
        row, count = listed["step"], np.bincount(listed["step"], minlength=ROWS)
        place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        width = int(count.max()) + 2
        ends = np.full((2, ROWS, width), np.nan)
        ends[:, row, place] = listed["edge_index"]
        attn = np.full((ROWS, HEADS, width), np.inf, np.float32)
        attn[row, :, place] = listed["attn"]
        return {"attn": attn, "from": ends[0], "to": ends[1]}


def opened(folder, scene, arrays, text, **attributes):
    path = write_hdf5(folder / "log.h5", {**scene.base, **arrays})
    with h5py.File(path, "r+") as file:
        file["attn"].attrs.update(attributes)
    return opened_by(LOADER, path, mapped(folder, COMMON + text))


def graph_of(log):
    graph = find_routing(log, AnalysisConfig(n_permutations=49))
    return graph.edges


def attention(log):
    return joined(log, max_bytes=20_000)[1][ATTENTION]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31), st.sampled_from(["zero", "no-slot"]))
def test_matrix_slots_and_edges_are_one_graph(tmp_path, seed, absent):
    scene, told = Scene(seed), f'absent = "{absent}"\n'
    empty = 0 if absent == "zero" else -np.inf
    wanted = opened(tmp_path, scene, {"attn": scene.dense(empty)}, DENSE)
    graph, cells = graph_of(wanted), attention(wanted)
    both = scene.alive[:, None, :, None] & scene.alive[:, None, None, :] & OFF
    step = 'step = { path = "/step", axes = ["edge"] }\n'
    forms = [(scene.nearest(), SLOTS + NEAREST), (scene.padded(), PADDED), (scene.listed(), LISTED + step)]
    for arrays, text in forms:
        log = opened(tmp_path, scene, arrays, text + told)
        assert np.where(both, attention(log), 0).tobytes() == np.where(both, cells, 0).tobytes()
        assert graph_of(log).equals(graph)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31))
def test_slots_of_all_others_are_one_graph_with_the_matrix(tmp_path, seed):
    scene = Scene(seed, reach=1.1)
    graph = graph_of(opened(tmp_path, scene, {"attn": scene.weights}, DENSE))
    others = np.take_along_axis(scene.weights, OTHERS[None, None], -1)
    own = np.diagonal(scene.weights, axis1=2, axis2=3)[..., None]
    for attn, order in ((others, "others"), (np.concatenate([own, others], axis=-1), "self-first")):
        log = opened(tmp_path, scene, {"attn": attn}, SLOTS + f'slots = "{order}"\n')
        assert np.array_equal(attention(log)[..., OFF], scene.weights[..., OFF])
        assert np.isnan(np.diagonal(attention(log), axis1=2, axis2=3)).all() == (order == "others")
        assert graph_of(log).equals(graph)


def test_sender_rows_need_only_say_so(tmp_path):
    scene = Scene(3, reach=1.1)
    graph = graph_of(opened(tmp_path, scene, {"attn": scene.weights}, DENSE))
    turned = np.take_along_axis(scene.weights.swapaxes(2, 3), OTHERS[None, None], -1)
    text = SLOTS.replace("receiver", "sender") + 'slots = "others"\n'
    assert graph_of(opened(tmp_path, scene, {"attn": turned}, text)).equals(graph)


def test_shares_over_slots_by_hand(tmp_path):
    """Agent 0 reaches 1 and 2 only: .6 and .2 are shares of 3/4 and 1/4, and .5 is its even share of each."""
    scene = Scene(0)
    scene.base["alive"][:] = True
    near = np.broadcast_to([[1, 2, -1], [0, 2, 3], [0, 1, 3], [0, 1, 2]], (ROWS, N, 3))
    attn = np.broadcast_to([[0.6, 0.2, 9], [1, 1, 2], [1, 1, 2], [1, 1, 2]], (ROWS, 1, N, 3))
    log = opened(tmp_path, scene, {"attn": attn, "near": near}, SLOTS + NEAREST + 'absent = "no-slot"\n')
    edges = {(row["receiver"], row["sender"]): row for row in graph_of(log).iter_rows(named=True)}
    assert edges["agent_0", "agent_1"]["weight"] == pytest.approx(0.75)
    assert edges["agent_0", "agent_2"]["weight"] == pytest.approx(0.25)
    assert edges["agent_1", "agent_3"]["weight"] == pytest.approx(0.5)


@pytest.mark.parametrize("how", ["counts", "starts", "closed"])
def test_a_list_may_count_its_edges_or_say_where_they_begin(tmp_path, how):
    scene = Scene(5)
    listed = scene.listed()
    counts = np.bincount(listed.pop("step"), minlength=ROWS)
    starts = np.concatenate([[0], np.cumsum(counts)])
    array = {"counts": counts, "starts": starts[:-1], "closed": starts}[how]
    key = "counts" if how == "counts" else "starts"
    text = LISTED + f'absent = "zero"\n{key} = {{ path = "/told", axes = ["row"] }}\n'
    log = opened(tmp_path, scene, {**listed, "told": array}, text)
    assert np.array_equal(attention(log), scene.dense(0))


def test_a_table_of_edges_in_one_array(tmp_path):
    scene = Scene(6)
    listed = scene.listed()
    table = np.column_stack([listed["step"], *listed["edge_index"], listed["attn"][:, 0]])
    column = '{{ path = "/attn", axes = ["edge", "column"], take = [{}] }}'
    text = f"""[fields.gates]
path = "/attn"
axes = ["edge", "column"]
take = [3]
[fields.gates.edges]
step = {column.format(0)}
sender = {column.format(1)}
receiver = {column.format(2)}
absent = "zero"
"""
    log = opened(tmp_path, scene, {"attn": table}, text)
    assert np.array_equal(joined(log)[1][GATES], scene.dense(0)[:, 0])


def test_edges_of_episodes_and_steps(tmp_path):
    """The log has an axis of episodes, so that an edge says its episode and its timestep."""
    scene = Scene(7)
    listed = scene.listed()
    row = listed.pop("step")
    arrays = {
        "actions": scene.base["actions"].reshape(EPISODES, STEPS, N),
        "alive": scene.alive.reshape(EPISODES, STEPS, N),
        "terminals": np.zeros((EPISODES, STEPS), bool),
        "episode": row // STEPS,
        "step": row % STEPS,
        **listed,
    }
    said = "".join(f'{key} = {{ path = "/{key}", axes = ["edge"] }}\n' for key in ("step", "episode"))
    text = COMMON.replace('"row"', '"episode", "time"') + LISTED + said + 'absent = "zero"\n'
    log = opened_by(LOADER, write_hdf5(tmp_path / "log.h5", arrays), mapped(tmp_path, text))
    assert log.episodes.n_episodes == EPISODES
    for max_bytes in (1, 20_000, 1 << 30):
        assert np.array_equal(rows_of(log, ATTENTION, max_bytes=max_bytes)[1], scene.dense(0))


def test_receivers_may_have_arrays_of_their_own(tmp_path):
    scene = Scene(8)
    near = scene.nearest()
    arrays = {"actions": scene.base["actions"], "terminals": scene.base["terminals"], "alive": scene.alive}
    for agent in range(N):
        arrays[f"agent_{agent}/attn"] = near["attn"][:, :, agent]
        arrays[f"agent_{agent}/near"] = near["near"][:, agent]
    text = COMMON + (SLOTS + NEAREST).replace('"receiver", ', "").replace('"/', '"/{agent}/') + 'absent = "no-slot"\n'
    log = opened_by(LOADER, write_hdf5(tmp_path / "own.h5", arrays), mapped(tmp_path, text))
    wanted = opened(tmp_path, scene, near, SLOTS + NEAREST + 'absent = "no-slot"\n')
    assert np.array_equal(attention(log), attention(wanted), equal_nan=True)


def test_slots_by_name(tmp_path):
    scene = Scene(9)
    names = ["scout", "guard", "carrier", "cook"]
    text = COMMON.replace("[agents]", f"[agents]\nnames = {names}".replace("'", '"')) + SLOTS
    text += (
        '[fields.attention.slots]\nabsent = "no-slot"\nagents.scout = ["cook", ""]\nagents.guard = ["scout", "cook"]\n'
    )
    attn = scene.weights[..., :2]
    path = write_hdf5(tmp_path / "log.h5", {**scene.base, "attn": attn})
    found = attention(opened_by(LOADER, path, mapped(tmp_path, text)))
    assert np.array_equal(found[:, :, 0, 3], attn[:, :, 0, 0])
    assert np.array_equal(found[:, :, 1, [0, 3]], attn[:, :, 1])
    assert np.isneginf(found[:, :, 0, :3]).all()
    assert np.isneginf(found[:, :, 2:]).all()


def test_messages_with_an_addressee_may_stand_in_slots(tmp_path):
    scene = Scene(10)
    attn = scene.rng.random((ROWS, N, N - 1, 5))
    text = '[fields.pair_messages]\npath = "/attn"\naxes = ["row", "receiver", "slot", "value"]\nslots = "others"\n'
    found = joined(opened(tmp_path, scene, {"attn": attn}, text))[1][PAIR_MESSAGES]
    assert found.shape == (ROWS, 5, N, N)
    assert np.array_equal(found[:, :, 0, 2], attn[:, 0, 1])


def test_what_is_declared_is_written_as_a_mapping_and_read_again(tmp_path):
    said = 'own_column = "nothing"\nrow_sum = "keep"\n'
    text = COMMON + SLOTS + said + NEAREST + 'absent = "no-slot"\nfirst = 1\nempty = [9]\n'
    mapping = mapped(tmp_path, text)
    (field,) = [field for field in mapping.fields if field.name == ATTENTION]
    assert (field.own_column, field.row_sum, field.slots.first) == (OwnColumn.NOTHING, RowSum.KEEP, 1)
    assert mapped(tmp_path, mapping_text(mapping)).fields == mapping.fields
    listed = mapped(tmp_path, COMMON + LISTED + 'absent = "zero"\nstep = { path = "/step", axes = ["edge"] }\n')
    assert mapped(tmp_path, mapping_text(listed)).fields == listed.fields


HOSTILE = {
    "no order": (SLOTS, {}, "several ways"),
    "no meaning of absence": (SLOTS + NEAREST, {}, "needs absent"),
    "wrong number of slots": (SLOTS + 'slots = "others"\n', {}, "cannot be 3 agents"),
    "both": (
        SLOTS + 'slots = "others"\nedges = { sender = { path = "/near", axes = ["row"] } }\n',
        {},
        "edges need both",
    ),
    "a map of other rows": (
        SLOTS + NEAREST + 'absent = "zero"\n',
        {"near": np.zeros((3, N, N))},
        "differ on the axis row",
    ),
    "no such map": (SLOTS + NEAREST.replace("near", "far") + 'absent = "zero"\n', {}, "no array /far"),
    "texts": (SLOTS + NEAREST + 'absent = "zero"\n', {"near": np.full((ROWS, N, N), b"x")}, "texts or records"),
    "out of range": (SLOTS + NEAREST + 'absent = "zero"\n', {"near": np.full((ROWS, N, N), N)}, "numbered from 0 to 3"),
    "fractions": (SLOTS + NEAREST + 'absent = "zero"\n', {"near": np.full((ROWS, N, N), 0.5)}, "holds 0.5"),
    "absurd": (SLOTS + NEAREST + 'absent = "zero"\n', {"near": np.full((ROWS, N, N), 1e300)}, "numbered from 0 to 3"),
    "edges of unknown direction": (PADDED.replace("receiver = ", "#") + 'absent = "zero"\n', {}, "need both ends"),
    "interventions": (
        (SLOTS + NEAREST).replace("fields.attention", "fields.pair_interventions") + 'absent = "no-slot"\n',
        {},
        'is absent = "zero"',
    ),
    "a third reading": (SLOTS + 'slots = "nearest"\n', {}, "none of others, self-first"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_is_an_error_in_a_line(tmp_path, name):
    text, arrays, message = HOSTILE[name]
    scene = Scene(1)
    with pytest.raises(ConvscopeError, match=message) as caught:
        attention(opened(tmp_path, scene, {**scene.nearest(), **arrays}, text))
    assert str(caught.value).count("\n") == 0


LISTS = {
    "not sorted": (lambda listed: {"step": listed["step"][::-1]}, "rising order"),
    "beyond the log": (lambda listed: {"step": listed["step"] + 1}, f"from 0 to {ROWS - 1}"),
    "of no whole step": (lambda listed: {"step": listed["step"] + 0.5}, "whole number"),
    "not known": (lambda listed: {"step": np.full(len(listed["step"]), np.nan)}, "holds nan"),
    "of another length": (lambda listed: {"step": listed["step"][1:]}, "differ on the axis edge"),
    "crowded": (lambda listed: {"step": np.zeros(len(listed["step"]), int)}, "a step has"),
    "out of range": (lambda listed: {"edge_index": listed["edge_index"] + N}, "numbered from 0 to 3"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_cannot_be_is_an_error_in_a_line(tmp_path, name):
    change, message = LISTS[name]
    scene = Scene(1, reach=1.1)
    listed = scene.listed()
    text = LISTED + 'absent = "zero"\nstep = { path = "/step", axes = ["edge"] }\n'
    with pytest.raises(ConvscopeError, match=message) as caught:
        attention(opened(tmp_path, scene, {**listed, **change(listed)}, text))
    assert str(caught.value).count("\n") == 0


def test_edges_that_are_only_declared_are_refused_before_they_are_read(tmp_path):
    scene = Scene(1)
    path = write_hdf5(tmp_path / "log.h5", scene.base)
    text = COMMON + LISTED + 'absent = "zero"\nstep = { path = "/step", axes = ["edge"] }\n'
    with h5py.File(path, "r+") as file:
        file.create_dataset("attn", (10**9, 1), "f4", chunks=(1 << 16, 1))
        file.create_dataset("step", (10**9,), "i8", chunks=(1 << 16,))
        file.create_dataset("edge_index", (2, 10**9), "i8", chunks=(1, 1 << 16))
    with pytest.raises(ConvscopeError, match="declares 4000000000 bytes and stores 0"):
        opened_by(LOADER, path, mapped(tmp_path, text))


def test_more_edges_than_steps_and_pairs_could_have_are_refused(tmp_path):
    scene, n_edges = Scene(1), 4 * N * N * ROWS + 1
    arrays = {"attn": np.ones((n_edges, 1)), "step": np.zeros(n_edges, int), "edge_index": np.ones((2, n_edges), int)}
    text = LISTED + 'absent = "zero"\nstep = { path = "/step", axes = ["edge"] }\n'
    with pytest.raises(MappingError, match="3,073 edges, more than 64 for each of 48 steps"):
        opened(tmp_path, scene, arrays, text)
    with pytest.raises(MappingError, match="65 edges a step"):
        opened(tmp_path, scene, {"attn": np.ones((ROWS, 1, 65))}, PADDED + 'absent = "zero"\n')


def test_unknown_weights_make_rows_unreadable_and_parallel_edges_add_up(tmp_path):
    scene = Scene(2, reach=1.1)
    scene.base["alive"][:] = True
    listed = scene.listed()
    halves = {name: np.repeat(array, 2, axis=-1 if name == "edge_index" else 0) for name, array in listed.items()}
    halves["attn"] = halves["attn"] / 2
    text = LISTED + 'absent = "zero"\nstep = { path = "/step", axes = ["edge"] }\n'
    log = opened(tmp_path, scene, halves, text)
    assert np.array_equal(attention(log), scene.dense(0))
    assert any("add up" in said for said in log.header.inputs[0].assumptions)
    halves["attn"][0] = np.nan
    graph = find_routing(opened(tmp_path, scene, halves, text), AnalysisConfig(n_permutations=9))
    assert [notice.message for notice in graph.notices if notice.code == "rows-unreadable"] == [
        f"1 of {ROWS * N} rows of attention were left out because a weight between acting agents is NaN or infinite."
    ]


def test_an_agent_in_two_slots_has_a_weight_that_is_not_known(tmp_path):
    scene = Scene(2)
    near = np.broadcast_to([[1, 1, 2], [0, 2, 3], [0, 1, 3], [0, 1, 2]], (ROWS, N, 3))
    attn = np.ones((ROWS, 1, N, 3))
    found = attention(opened(tmp_path, scene, {"attn": attn, "near": near}, SLOTS + NEAREST + 'absent = "no-slot"\n'))
    assert np.isnan(found[:, 0, 0, 1]).all()
    assert (found[:, 0, 0, 2] == 1).all()


def test_memory_does_not_grow_with_the_number_of_steps(tmp_path):
    """Lists of edges are read block by block, and only where each step's begin is kept."""
    peaks = []
    for n_rows in (5_000, 20_000):
        ends = np.zeros(n_rows, bool)
        ends[49::50] = True
        pairs = np.argwhere(OFF)
        arrays = {
            "actions": np.zeros((n_rows, N), int),
            "alive": np.ones((n_rows, N), bool),
            "terminals": ends,
            "attn": np.ones((n_rows * len(pairs), 8)),
            "edge_index": np.tile(pairs.T, n_rows),
            "step": np.repeat(np.arange(n_rows), len(pairs)),
        }
        text = COMMON + LISTED + 'absent = "zero"\nstep = { path = "/step", axes = ["edge"] }\n'
        log = opened_by(LOADER, write_hdf5(tmp_path / "log.h5", arrays), mapped(tmp_path, text))
        tracemalloc.start()
        for _ in log.blocks(frozenset({ATTENTION}), max_bytes=1 << 20):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("form", ["slots", "list"])
def test_every_episode_may_have_arrays_of_its_own(tmp_path, form):
    scene = Scene(11)
    forms = {"slots": (scene.nearest(), SLOTS + NEAREST), "list": (scene.listed(), LISTED)}
    whole, text = forms[form]
    arrays = {}
    for episode in range(EPISODES):
        rows = slice(episode * STEPS, (episode + 1) * STEPS)
        own = {key: value[rows] for key, value in {**scene.base, **whole}.items() if len(value) == ROWS}
        if form == "list":
            mine = whole["step"] // STEPS == episode
            own |= {"attn": whole["attn"][mine], "edge_index": whole["edge_index"][:, mine]}
            own["step"] = whole["step"][mine] % STEPS
        arrays |= {f"ep_{episode}/{key}": value for key, value in own.items()}
    step = 'step = { path = "/{episode}/step", axes = ["edge"] }\n' if form == "list" else ""
    text = (COMMON + text).replace('"row"', '"time"').replace('"/', '"/{episode}/') + step + 'absent = "no-slot"\n'
    log = opened_by(LOADER, write_hdf5(tmp_path / "log.h5", arrays), mapped(tmp_path, text))
    found, wanted = attention(log), scene.dense(-np.inf)
    both = np.broadcast_to(scene.alive[:, None, :, None], found.shape)
    assert log.episodes.n_episodes == EPISODES
    assert np.array_equal(found[both], wanted[both])


def test_rows_of_a_ring_bring_their_slots_along(tmp_path):
    scene = Scene(12)
    shift = 2 * STEPS
    arrays = {key: np.roll(value, shift, axis=0) for key, value in {**scene.base, **scene.nearest()}.items()}
    path = write_hdf5(tmp_path / "ring.h5", arrays)
    text = COMMON + f"[ring]\nfirst = {shift}\n" + SLOTS + NEAREST + 'absent = "no-slot"\n'
    log = opened_by(LOADER, path, mapped(tmp_path, text))
    straight = opened(tmp_path, scene, scene.nearest(), SLOTS + NEAREST + 'absent = "no-slot"\n')
    found, wanted = attention(log), attention(straight)[-len(attention(log)) :]
    is_alive = np.broadcast_to(scene.alive[-len(found) :, None, :, None], found.shape)
    assert len(found) >= ROWS - STEPS
    assert np.array_equal(found[is_alive], wanted[is_alive], equal_nan=True)


def test_numpy_files_hold_edges_as_well(tmp_path):
    scene = Scene(13)
    np.savez(tmp_path / "log.npz", **scene.base, **scene.listed())
    text = COMMON + LISTED + 'absent = "zero"\nstep = { path = "/step", axes = ["edge"] }\n'
    log = opened_by(NUMPY, tmp_path / "log.npz", mapped(tmp_path, text))
    assert np.array_equal(attention(log), scene.dense(0))


def test_time_may_come_before_the_episode(tmp_path):
    scene = Scene(14)

    def turned(array):
        return np.swapaxes(array.reshape(EPISODES, STEPS, *array.shape[1:]), 0, 1)

    arrays = {key: turned(value) for key, value in {**scene.base, **scene.nearest()}.items()}
    arrays["terminals"] = np.zeros((STEPS, EPISODES), bool)
    text = (COMMON + SLOTS + NEAREST).replace('"row"', '"time", "episode"') + 'absent = "no-slot"\n'
    log = opened_by(LOADER, write_hdf5(tmp_path / "log.h5", arrays), mapped(tmp_path, text))
    alive = np.broadcast_to(scene.alive[:, None, :, None], (ROWS, HEADS, N, N))
    for max_bytes in (1, 1 << 30):
        found = rows_of(log, ATTENTION, max_bytes=max_bytes)[1]
        assert np.array_equal(found[alive], scene.dense(-np.inf)[alive])


@pytest.mark.parametrize("form", ["slots", "edges"])
def test_a_converted_log_holds_the_same_bits(tmp_path, form):
    scene = Scene(15)
    step = 'step = { path = "/step", axes = ["edge"] }\n'
    arrays, text = (scene.nearest(), SLOTS + NEAREST) if form == "slots" else (scene.listed(), LISTED + step)
    declared = text.replace("axes", 'row_sum = "keep"\nown_column = "nothing"\naxes', 1)
    log = opened(tmp_path, scene, arrays, declared + 'absent = "no-slot"\n')
    write_log(log, tmp_path / "again.h5")
    again = open_logs([tmp_path / "again.h5"])
    assert attention(again).tobytes() == attention(log).tobytes()
    spec = again.header.field(ATTENTION)
    assert (spec.row_sum, spec.own_column, spec.dtype) == (
        RowSum.KEEP,
        OwnColumn.NOTHING,
        log.header.field(ATTENTION).dtype,
    )
    assert again.header.inputs[0].assumptions == log.header.inputs[0].assumptions
    assert graph_of(again).equals(graph_of(log))
