"""Packed columns: together they may not unpack to more than a recording may hold."""

import base64
import pickle

import lz4.frame
import numpy as np
import pytest

from convscope.errors import LogFormatError
from convscope_loaders.rllib.packed import Allowance, unpack


def text_of(value):
    return base64.b64encode(lz4.frame.compress(pickle.dumps(value))).decode()


def test_what_was_packed_comes_back():
    np.testing.assert_array_equal(unpack(text_of(np.arange(3)), "here", Allowance()), np.arange(3))


def test_many_small_texts_may_not_unpack_to_more_than_a_recording_may_hold():
    zeros = text_of(np.zeros(1 << 20, np.uint8))
    assert len(zeros) < 8 << 10
    allowance = Allowance(4 << 20)
    for _ in range(3):
        unpack(zeros, "x.json:obs", allowance)
    with pytest.raises(LogFormatError, match=r"^x.json:obs is packed, and cut short or larger than all packed columns"):
        unpack(zeros, "x.json:obs", allowance)


@pytest.mark.parametrize("text", ["BCJN", "BCJN!", text_of([1])[:-8], None, 3])
def test_a_broken_text_is_a_sentence(text):
    with pytest.raises(LogFormatError, match=r"^here is packed, "):
        unpack(text, "here", Allowance())
