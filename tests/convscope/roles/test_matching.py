"""Declared and found roles matched one to one: by hand."""

import polars as pl
import pytest

from convscope.report.matched import matching_sentences
from convscope.roles.matching import match_roles


def confusion(*rows):
    return pl.DataFrame(rows, schema=["declared_role", "role", "count"], orient="row")


def test_each_declared_role_is_matched_with_the_role_that_most_of_its_units_play():
    matching = match_roles(confusion(("archer", 1, 9), ("archer", 0, 1), ("knight", 0, 10)))
    archer, knight = matching.matches
    assert (archer.declared, archer.found, archer.share_of_declared, archer.share_of_found) == ("archer", 1, 0.9, 1.0)
    assert (knight.declared, knight.found) == ("knight", 0)
    assert knight.share_of_found == pytest.approx(10 / 11)
    assert matching.share == pytest.approx(19 / 20)
    assert matching.merged == matching.split == matching.foreign == ()


def test_the_matching_is_the_best_over_all_roles_and_not_role_by_role():
    # Taken one by one, a would take role 0 (6 units) and leave b with 0 of its own: 6. The best is 5 + 5.
    matching = match_roles(confusion(("a", 0, 6), ("a", 1, 5), ("b", 0, 5)))
    assert [match.found for match in matching.matches] == [1, 0]
    assert matching.share == pytest.approx(10 / 16)


def test_one_role_that_plays_two_declared_ones_is_called_merged():
    matching = match_roles(confusion(("a", 0, 10), ("b", 0, 8), ("b", 1, 2), ("c", 1, 10)))
    assert matching.merged == ((0, ("a", "b")),)
    assert [match.found for match in matching.matches] == [0, None, 1]
    assert "No found role is left for b." in matching_sentences(matching)
    assert "Role 0 merges a and b: most units of each play it." in matching_sentences(matching)


def test_a_declared_role_in_two_pure_parts_is_called_split():
    matching = match_roles(confusion(("archer", 1, 60), ("archer", 2, 60), ("knight", 0, 114), ("knight", 1, 6)))
    assert matching.split == (("archer", (1, 2)),)
    assert matching.foreign == (2,)
    assert "archer is split: it is most of role 1 and role 2." in matching_sentences(matching)


def test_a_sliver_of_a_declared_role_is_no_part_of_it():
    assert match_roles(confusion(("a", 0, 95), ("a", 1, 5), ("b", 2, 10))).split == ()
