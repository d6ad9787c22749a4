"""A trusted pickle may hold arrays and plain values; whatever else it asks for is refused."""

import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope.ingest import trusted
from convscope.ingest.trusted import unpickled


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "array",
    [
        np.array(["player_1", None, "player_2"], dtype=object),
        np.arange(12, dtype=">i2").reshape(3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(["a", "bcd"]),
        np.array([b"a", b"bc"]),
        np.array([[True], [False]]),
        np.array([np.arange(2), np.float32(3)], dtype=object),
        np.zeros((0, 3)),
        np.array(2.5),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_come_back_as_they_were(array, protocol):
    found = unpickled(pickle.dumps(array, protocol), "here")
    assert found.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
    assert found.shape == array.shape
    for mine, theirs in zip(found.ravel().tolist(), array.ravel().tolist(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_come_back_as_they_were(protocol):
    value = {"a": [1, 2.5, None, True, b"xy"], ("b",): {1, 2}, "c": frozenset({3}), "d": 2j, "e": np.int64(7)}
    assert unpickled(pickle.dumps(value, protocol), "here") == value


class Harm:
    def __reduce__(self):
        return print, ("harm",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps(Harm()), r"asks for builtins.print"),
        (b"cos\nsystem\n(S'true'\ntR.", r"asks for os.system"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93.", "asks for builtins.exec"),
        (pickle.dumps(OrderedDict(a=1)), "asks for collections.OrderedDict"),
        (pickle.dumps(np.zeros(2, dtype=[("a", "i4")])), "unknown type"),
        (pickle.dumps(np.zeros(3))[:-20], "not read"),
        (b"", "not read"),
        (b"not a pickle", "not read"),
        (b"\x80\x05\x97.", "not read"),
    ],
    ids=["reduce", "os.system", "exec", "class", "structured", "cut", "empty", "text", "buffer"],
)
def test_whatever_else_it_asks_for_is_refused_in_a_sentence(content, words, capsys):
    with pytest.raises(LogFormatError, match=rf"^log.h5:/x is a pickle that is not read: .*{words}|{words}") as caught:
        unpickled(content, "log.h5:/x")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("shape", [(1 << 40,), (-1, -3), (3, -1), (2,), (True, 3), (1,) * 20])
@pytest.mark.parametrize("kind", ["f8", "O"])
def test_an_array_that_is_larger_than_its_content_is_refused(shape, kind):
    array = np.arange(3).astype(kind)
    reduced, arguments, state = array.__reduce__()

    class Forged:
        def __reduce__(self):
            return reduced, arguments, (state[0], shape, *state[2:])

    with pytest.raises(LogFormatError, match="not as large as it says"):
        unpickled(pickle.dumps(Forged()), "here")


def test_an_array_type_that_is_made_from_nothing_takes_no_memory():
    ask = b"cnumpy\nndarray\n(" + b"\x8a\x06" + struct.pack("<q", 1 << 40)[:6] + b"tR."
    assert unpickled(ask, "here").size == 0


def planted(module, name, attributes, *, plain):
    """A pickle that names something and sets its attributes, by its dictionary or one by one."""
    state = pickle.dumps(attributes if plain else (None, attributes), 2)[2:-1]
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + state + b"b."


class Kept:
    """An allowed class that takes any state."""


@pytest.mark.parametrize("plain", [True, False], ids=["dictionary", "slots"])
@pytest.mark.parametrize("attributes", [{"__defaults__": (1,)}, {"__name__": "evil"}, {"planted": 1}, {"tolist": 1}])
@pytest.mark.parametrize(
    ("module", "name"), [*trusted._PLAIN, ("kept", "Kept"), ("kept", "function")], ids=lambda text: text
)
def test_a_pickle_changes_nothing_that_it_names(module, name, attributes, plain):
    def function(*given):
        return given

    allowed = {("kept", "Kept"): Kept, ("kept", "function"): function}
    named = {**trusted._PLAIN, **allowed}[module, name]
    before = {key: getattr(named, key, None) for key in (*attributes, "__dict__")}
    try:
        found = unpickled(planted(module, name, attributes, plain=plain), "here", allowed=allowed)
    except LogFormatError:
        found = None
    assert {key: getattr(named, key, None) for key in (*attributes, "__dict__")} == before
    assert found is None or found is not named


@pytest.mark.parametrize("protocol", range(2, 6))
def test_an_allowed_class_still_keeps_what_it_is_given(protocol):
    kept = Kept()
    kept.state = [1, 2]
    found = unpickled(pickle.dumps(kept, protocol), "here", allowed={(__name__, "Kept"): Kept})
    assert isinstance(found, Kept)
    assert found.state == [1, 2]


def test_others_may_allow_more():
    allowed = {("collections", "OrderedDict"): dict}
    assert unpickled(pickle.dumps(OrderedDict(a=1)), "here", allowed=allowed) == {"a": 1}
