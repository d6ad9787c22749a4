"""What docs/formats.md says of mappings for arrays: its example opens a file, and every key and every cut is named."""

import inspect
import re
from pathlib import Path

import numpy as np

from convscope.ingest import mapping_file, pair_section
from convscope.ingest.mapping import Axis, Cut
from convscope.values.status import Status
from convscope_loaders.hdf5 import LOADER
from tests.convscope_loaders.reading import joined, mapped, opened_by, write_hdf5

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
SECTION = PAGE[PAGE.index("## A mapping for arrays") :]


def test_the_example_reads_what_it_describes(tmp_path):
    rng = np.random.default_rng(1)
    chosen = rng.integers(0, 3, (4, 6, 2))
    filled = np.ones((4, 6), np.uint8)
    filled[1, 4:] = 0
    health = np.full((4, 6, 2), 1.5)
    health[2, 3:, 1] = 0
    arrays = {"actions": np.eye(3)[chosen], "obs": rng.normal(size=(4, 6, 2, 5)), "filled": filled, "health": health}
    arrays["rewards"] = np.arange(6.0)[None, :, None] * np.ones((4, 6, 2))
    path = write_hdf5(tmp_path / "log.h5", arrays)
    log = opened_by(LOADER, path, mapped(tmp_path, re.search(r"```toml\n(.*?)```", SECTION, re.DOTALL)[1]))
    status, columns = joined(log)
    assert [agent.name for agent in log.header.agents] == ["scout", "guard"]
    assert log.episodes.length.tolist() == [6, 4, 6, 6]
    assert np.array_equal(columns["actions"][:6, :, 0], chosen[0])
    assert columns["rewards"][:5, 0].tolist() == [1, 2, 3, 4, 5]
    assert (status[10 + 3 : 16, 1] == Status.DEAD).all()


def test_every_key_every_axis_and_every_cut_is_named():
    code = inspect.getsource(mapping_file) + inspect.getsource(pair_section)
    lists = re.findall(r'\(\s*((?:"[a-z_]+",\s*)+(?:\*_ARRAY,\s*)?(?:"[a-z_]+",?\s*)*)\)', code)
    keys = {key for listed in lists for key in re.findall(r'"([a-z_]+)"', listed)}
    assert {"next", "row_sum", "ended", "dead_see_nothing", "cursor", "prefix", "of_agent", "take"} <= keys
    of_tables = {"agent", "agents", "columns", "level", "episode", "table", "fields", "episodes"}
    missing = [key for key in sorted(keys - of_tables) if f"`{key}`" not in SECTION and f"[{key}]" not in SECTION]
    assert not missing
    assert all(f"`{axis}`" in SECTION for axis in Axis)
    assert all(f"`{cut}`" in SECTION for cut in Cut)


def test_the_examples_of_slots_and_edges_read_one_and_the_same_attention(tmp_path):
    """Three agents, two of which are near each other: both reach the other, and the third reaches both."""
    rng = np.random.default_rng(2)
    weights = rng.random((4, 6, 2, 3, 3))
    near = np.broadcast_to([[1, -1], [0, -1], [1, 0]], (4, 6, 3, 2))
    slots = np.take_along_axis(weights, np.maximum(near, 0)[:, :, None], -1)
    pairs = np.array([[1, 0], [0, 1], [1, 2], [0, 2]]).T
    base = {"actions": rng.integers(0, 3, (4, 6, 3)), "filled": np.ones((4, 6), np.uint8)}
    actions = '[fields.actions]\npath = "/actions"\naxes = ["episode", "time", "agent"]\n'
    order, listed, edges = re.findall(r"```toml\n(.*?)```", SECTION[SECTION.index("### Slots and edges") :], re.DOTALL)

    def read(name, arrays, text):
        path = write_hdf5(tmp_path / name, {**base, **arrays})
        return joined(opened_by(LOADER, path, mapped(tmp_path, f"convscope-mapping = 1\n{actions}{text}")))[1][
            "attention"
        ]

    reached = read("near.h5", {"attn": slots, "neighbours": near}, listed)
    flat = weights.reshape(24, 2, 3, 3)
    assert np.array_equal(reached[:, :, 2, :2], flat[:, :, 2, :2])
    assert np.isneginf(reached[:, :, :2, 2]).all()
    others = np.take_along_axis(weights, np.array([[1, 2], [0, 2], [0, 1]])[None, None, None], -1)
    assert np.array_equal(read("others.h5", {"attn": others}, order)[:, :, 2, :2], flat[:, :, 2, :2])
    base = {"actions": base["actions"].reshape(24, 3), "terminals": np.arange(24) % 6 == 5}
    actions = actions.replace('"episode", "time"', '"row"')
    arrays = {
        "edge_weight": flat[:, :, pairs[1], pairs[0]].transpose(0, 2, 1).reshape(-1, 2),
        "edge_index": np.tile(pairs, 24),
        "edge_row": np.repeat(np.arange(24), 4),
    }
    assert np.array_equal(read("edges.h5", arrays, edges), reached)
