"""Text of a log can neither hide nor act."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.values.inert import inert, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("archer_0", "archer_0"),
        ("Späher 偵察", "Späher 偵察"),
        ("a\x1b[31m", "a\\x1b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb", "a\\u200bb"),
        ("a\u00a0b", "a\\xa0b"),
        ("a\nb", "a\\x0ab"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u3164", "\\u3164"),
    ],
)
def test_what_hides_is_shown_as_an_escape(text, shown):
    assert visible(text) == shown


def test_a_pile_of_marks_is_cut_down():
    assert visible("e" + 5 * "\u0301") == "e" + 3 * "\u0301" + 2 * "\\u0301"


@given(st.text(alphabet=st.characters(), max_size=300))
def test_shown_text_holds_nothing_hidden_and_stays_short(text):
    shown = inert(text)
    assert len(shown) <= 120
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    assert inert(shown) == shown
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_long_names_that_differ_late_look_different():
    first, second = inert(300 * "a" + "b"), inert(300 * "a" + "c")
    assert first != second
    assert first.startswith(80 * "a")
    assert "sha256" in first
