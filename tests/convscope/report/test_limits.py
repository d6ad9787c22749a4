"""What the page says of limits: each sentence once."""

from convscope.report.sections.limits import said_once
from convscope.values.header import Notice


def notice(part: str, message: str) -> Notice:
    return Notice(code="not-applicable", message=message, where=f"gap.components.{part}")


def test_one_reason_for_several_parts_is_said_once_with_all_of_them():
    why = "the prior declares no routing"
    found = said_once(
        [notice("alignment", f"alignment: {why}."), notice("dilution", f"dilution: {why}"), notice("foreign", "Other.")]
    )
    assert [each.message for each in found] == [f"{why}.", "Other."]
    assert found[0].places.rows == ("gap.components.alignment", "gap.components.dilution")


def test_a_place_is_listed_once():
    (found,) = said_once([notice("stability", "Twice."), notice("stability", "Twice.")])
    assert found.places.rows == ("gap.components.stability",)
