from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.engines.tile import TileEngine
from dse.explore.runs import Runs
from dse.explore.space import meaning_of
from dse.show.labels import (
    amount,
    component_label,
    describe_design,
    field_label,
    hover_texts,
    metric_title,
    number,
    scaled_unit,
    shown_unit,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (35_640_000.0, "35,600,000"),
        (1234.5, "1,230"),
        (17.42, "17.4"),
        (34.0, "34"),
        (0.012345, "0.0123"),
        (1.5e-7, "1.50e-07"),
        (-2.5, "-2.5"),
        (999.9, "1,000"),
    ],
)
def test_a_number_has_three_digits_and_its_thousands_apart(
    value: float, text: str
) -> None:
    assert number(value) == text


@given(st.floats(1e-12, 1e12))
def test_a_printed_number_is_the_number_to_half_a_unit_of_its_last_digit(
    value: float,
) -> None:
    printed = float(number(value).replace(",", ""))
    assert printed == pytest.approx(value, rel=0.0051)


def test_amounts_carry_their_unit() -> None:
    assert amount(5.4e-5, "mm^2") == "54 mm²"
    assert amount(17.4e-3, "mJ") == "17.4 mJ"
    assert amount(3.0, "1") == "3"
    assert shown_unit("us") == "µs"
    assert metric_title("area") == "Chip area (mm²)"


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("memory_bandwidth_gb_per_s", "memory bandwidth"),
        ("weight_buffer_mib", "weight buffer"),
        ("lanes_per_pe", "lanes per PE"),
        ("clock_mhz", "clock"),
        ("batch", "batch"),
    ],
)
def test_a_field_in_words_leaves_its_unit_to_the_value(field: str, label: str) -> None:
    assert field_label(field, meaning_of(TileEngine.edge(), field).unit) == label


def test_parts_and_ops_are_written_as_people_write_them() -> None:
    assert component_label("mac_lanes") == "MAC lanes"
    assert component_label("ffn_up") == "FFN up"


def test_values_are_shown_in_the_largest_unit_that_leaves_the_greatest_above_one() -> (
    None
):
    assert scaled_unit([1e-5, 2e-3], "energy") == "mJ"
    assert scaled_unit([2e-4], "energy") == "uJ"
    assert scaled_unit([1e-20], "energy") == "fJ"
    assert scaled_unit([5e-5], "area") == "mm^2"


def test_hovering_tells_metrics_and_design_with_units(front: Runs) -> None:
    texts = hover_texts(front, ["throughput", "area"])
    assert len(texts) == len(front)
    for row, text in enumerate(texts):
        index = int(front.index[row])
        assert f"Design {index:,}" in text
        assert "seq/s" in text
        assert "mm²" in text
        for field, value in describe_design(front.space, index).items():
            assert f"{field}: {value}" in text
    assert "weight buffer: 2 MiB" in "".join(texts)
