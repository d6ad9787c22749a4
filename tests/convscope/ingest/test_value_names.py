"""A value keeps its name, whatever number a file gives it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import LogFormatError
from convscope.ingest.value_names import code_tables, renumbered, united_values
from convscope.values.fields import FieldSpec, Level
from convscope.values.header import LogHeader

NAN = np.nan
NAMES = st.lists(st.sampled_from("abcdef"), min_size=1, unique=True).map(tuple)


def held(values):
    return FieldSpec(name="info/held", level=Level.AGENT, values=values)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_every_code_keeps_its_name(lists):
    specs = [held(values) for values in lists]
    united = united_values(specs)
    assert len(set(united)) == len(united)
    assert set(united) == set().union(*lists)
    assert united[: len(lists[0])] == lists[0]
    for spec in specs:
        header = LogHeader(agents=(), fields=(spec,), inputs=())
        codes = np.arange(len(spec.values), dtype=float)
        table = code_tables(header, {"info/held": united}).get("info/held")
        found = codes if table is None else renumbered(codes, table, "info/held")
        assert [united[int(code)] for code in found] == list(spec.values)


def test_what_is_missing_stays_missing_and_what_has_no_name_is_an_error():
    table = np.array([2, 0])
    found = renumbered(np.array([[0.0, NAN], [-1.0, 1.0]]), table, "info/held")
    np.testing.assert_array_equal(found, [[2, NAN], [-1, 0]])
    for odd in (2.0, 0.5):
        with pytest.raises(LogFormatError, match="info/held holds values without a name"):
            renumbered(np.array([odd]), table, "info/held")


def test_values_that_one_file_names_alike_do_not_join_others():
    assert united_values([held(("a", "a"))]) == ("a", "a")
    with pytest.raises(LogFormatError, match="names two values alike"):
        united_values([held(("a", "a")), held(("a", "b"))])
