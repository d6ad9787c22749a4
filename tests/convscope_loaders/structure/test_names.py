"""Lists and tables of names in attributes are read however they are written, and say nothing where they hold none."""

import pytest

from convscope_loaders.structure.names import group_table, text_list


@pytest.mark.parametrize("value", [("a", "b"), '["a", "b"]', "a, b"])
def test_a_list_may_be_texts_json_or_have_commas(value):
    assert text_list(value) == ("a", "b")


@pytest.mark.parametrize("value", [None, 3, ("a", 1), "[1, 2]", "[" * 100_000])
def test_what_lists_no_texts_lists_nothing(value):
    assert text_list(value) == ()


@pytest.mark.parametrize(
    "value", ['{"a": "scout", "b": "guard"}', '{"scout": ["a"], "guard": ["b"]}', '{"scout": [0], "guard": [1]}']
)
def test_a_table_is_a_json_object_of_agents_or_of_their_groups(value):
    assert group_table(value, ["a", "b"]) == {"a": "scout", "b": "guard"}


@pytest.mark.parametrize("value", [None, "[]", '{"lr": 1, "a": "b"}', '{"a": {"b": 1}}', '{"a":' * 100_000])
def test_what_is_no_table_of_agents_is_empty(value):
    assert group_table(value, ["a", "b"]) == {}
