"""Whatever arrays a file holds, under whatever names: a log comes of it, or an error that was written for people."""

import itertools

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import ConvscopeError
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs

NAMES = (
    *("obs", "actions", "rewards", "dones", "terminated", "truncated", "mask", "filled", "alive", "episode", "t"),
    *("agent_id", "lengths", "starts", "ends", "state", "pos", "role", "attention", "gate", "message", "hidden"),
    *("next_obs", "actions_onehot", "avail_actions", "agent_0_obs", "agent_0_act", "agent_1_obs", "agent_1_act"),
    *("ep0/obs", "ep0/act", "ep1/obs", "ep1/act", "seed_0/actions", "seed_1/actions", "red/obs", "red/act", "blue/act"),
)
DTYPES = ("<f4", "<f8", "<i8", "|i1", "|u1", "|b1", "<U3", "<f2")
AXES = ("run", "episode", "time", "row", "agent", "value", "entity", "sender", "agent-value", "agent-env")


@st.composite
def arrays(draw):
    sizes = draw(st.lists(st.integers(0, 4), min_size=4, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    made = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True)):
        start, stop = sorted(draw(st.lists(st.integers(0, len(sizes)), min_size=2, max_size=2)))
        shape = [max(0, size + draw(st.sampled_from([0, 0, 0, 1]))) for size in sizes[start:stop]]
        numbers = rng.normal(size=shape) if draw(st.booleans()) else rng.integers(0, 3, shape)
        made[name] = np.asarray(numbers).astype(draw(st.sampled_from(DTYPES)))
    return made


def told(path, mapping=None):
    """Read everything, or return the error."""
    try:
        log = open_logs([path], mapping=mapping)
        for block in log.blocks(frozenset(spec.name for spec in log.header.fields)):
            assert len(block.status)
    except ConvscopeError as error:
        return str(error)
    return ""


QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
numbered = itertools.count()


@QUIET
@given(arrays())
def test_no_arrays_bring_a_python_error(tmp_path, drawn):
    path = tmp_path / f"{next(numbered)}.npz"
    np.savez(path, **drawn)
    assert "Error" not in told(path)


@QUIET
@given(
    arrays(),
    st.lists(st.sampled_from(AXES), min_size=1, max_size=5),
    st.sampled_from(["actions", "observations", "rewards"]),
    st.sampled_from(["", "one_hot = true", "take = [1]", "widths = [1, 2]", 'values = ["a", "b"]', 'next = "/obs"']),
)
def test_no_mapping_brings_a_python_error(tmp_path, drawn, axes, field, option):
    path = tmp_path / f"{next(numbered)}.npz"
    np.savez(path, **drawn)
    name = next(iter(drawn))
    quoted = ", ".join(f'"{axis}"' for axis in axes)
    text = f'convscope-mapping = 1\n[fields.{field}]\npath = "/{name}"\naxes = [{quoted}]\n{option}\n'
    (tmp_path / "map.toml").write_text(text)
    said = told(path, read_mapping(tmp_path / "map.toml"))
    assert not any(word in said for word in ("broadcast", "out of bounds", "Error", "dimension", "NoneType"))
