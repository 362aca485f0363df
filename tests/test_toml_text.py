"""Tables written as TOML: what is read back is what was written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.toml_text import WIDTH, toml_text

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.booleans()
VALUES = st.recursive(NUMBERS | st.text(), st.lists, max_leaves=40)
KEYS = st.text(max_size=8)
TABLES = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=4),
    lambda inner: st.dictionaries(
        KEYS, inner | VALUES | st.lists(inner, min_size=1, max_size=3), max_size=4
    ),
    max_leaves=8,
)


@given(TABLES)
def test_a_table_is_read_back_as_it_was_written(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(table)) == table


@pytest.mark.parametrize("control", ["\x00", "\x1f", "\x7f", '"', "\\", "\n", "\u2028"])
def test_no_character_breaks_a_text(control: str) -> None:
    table = {f"a{control}b": f"{control} is kept"}
    assert tomllib.loads(toml_text(table)) == table


def test_long_lists_take_lines_of_a_page_and_rows_of_a_matrix_their_own() -> None:
    text = toml_text({"list": list(range(1000)), "matrix": [[1.5, 2.5], [3.5, 4.5]]})
    assert max(map(len, text.splitlines())) <= WIDTH + 2
    assert "[\n  [1.5, 2.5],\n  [3.5, 4.5],\n]" in text
