"""Units at the door: what a person writes becomes SI, and SI becomes what is shown."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dse.errors import InputError
from dse.units import UNITS, from_si, measures, parse_quantity, si_unit, to_si


@pytest.mark.parametrize(
    ("value", "unit", "si"),
    [
        (50, "mm^2", 50e-6),
        (1, "um^2/MiB", 1e-12 / 1048576),
        (700, "MHz", 7e8),
        (3, "us", 3e-6),
        (2, "mJ", 2e-3),
        (8, "bit", 1),
        (1, "MiB", 1048576),
        (1, "MB", 1000000),
        (25.6, "GB/s", 25.6e9),
        (15.05, "TOP/s", 15.05e12),
        (20, "%", 0.2),
        # By their prefix.
        (400, "MB/s", 4e8),
        (1.5, "TiB/s", 1.5 * 2**40),
        (8, "Gbit/s", 1e9),
        (3, "kW", 3e3),
        (2, "kJ s", 2e3),
        (5, "pF", 5e-12),
        (7, "nm^2", 7e-18),
        (4, "Gbit", 5e8),
        (1, "mJ/bit", 1e-3),
        (9, "POP/s", 9e15),
    ],
)
def test_a_unit_has_its_size_in_si(value: float, unit: str, si: float) -> None:
    assert to_si(value, unit) == pytest.approx(si, rel=1e-14)
    assert from_si(si, unit) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("unit", ["mB", "uOP/s", "KiHz", "kKiB", "kmm", "k%", "kg"])
def test_what_is_no_prefix_there_is_refused(unit: str) -> None:
    with pytest.raises(InputError, match=f"`{unit}` is not a unit that dse knows"):
        measures(unit)


def test_the_unit_of_what_is_written_with_a_prefix() -> None:
    assert si_unit("MB/s") == si_unit("B/s") == "B/s"
    assert si_unit("kW") == "W"


@given(st.sampled_from(sorted(UNITS)), st.floats(1e-12, 1e12))
def test_there_and_back_is_the_same_number(unit: str, value: float) -> None:
    assert from_si(to_si(value, unit), unit) == pytest.approx(value, rel=1e-14)


@given(st.sampled_from(sorted(UNITS)), st.floats(1e-6, 1e6))
def test_a_quantity_reads_as_it_was_written(unit: str, value: float) -> None:
    for text in (
        f"{value!r} {unit}",
        f"  {value!r}{' ' if unit[0] == '1' else ''}{unit}",
    ):
        assert parse_quantity(text, unit) == pytest.approx(
            to_si(value, unit), rel=1e-14
        )


@pytest.mark.parametrize(
    ("text", "like", "si"),
    [
        ("50 mm2", "um^2", 50e-6),
        ("50mm^2", "mm^2", 50e-6),
        ("1.5e-3 s", "us", 1.5e-3),
        ("-2 W", "W", -2.0),
        ("5 %", "1", 0.05),
        (" 5  mW ", "W", 5e-3),
    ],
)
def test_a_quantity_is_read_in_its_own_unit(text: str, like: str, si: float) -> None:
    assert parse_quantity(text, like) == pytest.approx(si, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "like", "said"),
    [
        ("", "W", "'' is not a quantity; write a number and a unit: '50 W'"),
        ("five W", "W", "is not a quantity"),
        ("1e999 W", "W", "is not a quantity"),
        ("5e W", "W", "is not a quantity"),
        ("1-2 W", "W", "is not a quantity"),
        ("20", "us", "'20' has no unit; write '20 s' or '20 ms' or '20 us' or '20 ns'"),
        ("0", "W", "'0' has no unit; write '0 W' or '0 mW' or '0 uW'"),
        ("5 W", "mm^2", "'5 W' is power; give area, as in '50 mm\\^2'"),
        ("5 MHZ", "GHz", "`MHZ` is not a unit that dse knows. Did you mean `MHz`"),
        ("5 kg", "W", "`kg` is not a unit that dse knows"),
    ],
)
def test_what_is_no_quantity_of_the_kind_is_refused(
    text: str, like: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        parse_quantity(text, like)


def test_an_unknown_unit_is_refused_everywhere() -> None:
    for convert in (to_si, from_si):
        with pytest.raises(InputError, match="Did you mean `mm\\^2`"):
            convert(1.0, "mm^3")
    with pytest.raises(InputError, match="not a unit"):
        measures("parsec")


def test_only_units_of_one_kind_convert_into_each_other() -> None:
    assert measures("pJ") == measures("mJ") == "energy"
    assert measures("pJ/bit") == "energy per bit"
    assert from_si(to_si(2.0, "nJ"), "pJ") == pytest.approx(2000.0)
