"""JSON of strangers is read, or says nothing."""

import pytest

from convscope.ingest.json_text import parsed_json


def test_texts_and_bytes_are_read():
    assert parsed_json('{"n": [1, 2]}') == {"n": [1, 2]}
    assert parsed_json(b'"caf\xc3\xa9"') == "café"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 10_000, b"\xff", None, 3, ("[]",)])
def test_what_is_no_json_text_says_nothing(text):
    assert parsed_json(text) is None
