"""One unit for each kind of quantity on a page, and the name of what is counted."""

from __future__ import annotations

import re

import numpy as np
import pytest

import dse
from dse.explore.objectives import SHOWN_UNITS
from dse.show.labels import describe_design
from dse.show.marks import hover_texts
from dse.show.scale import scale_for, scale_of, scaled_unit


@pytest.mark.parametrize(
    ("values", "kind", "unit"),
    [
        ([2e-3], "energy", "mJ"),
        ([2e-4], "energy", "uJ"),
        ([1e-20, 0.0], "energy", "pJ"),
        ([0.112], "time", "ms"),
        ([1e-6, 2e-3, 3.0], "time", "ms"),
        ([np.nan, np.inf, 2e-6], "time", "us"),
        ([3.7e10], "rate", "GOP/s"),
        ([], "power", "uW"),
    ],
)
def test_the_middle_value_is_one_or_more_in_the_unit_of_its_kind(
    values: list[float], kind: str, unit: str
) -> None:
    assert scaled_unit(values, kind) == unit


def test_between_two_ends_the_unit_is_told_once() -> None:
    scale = scale_for({"energy": [2e-3], "wear": [0.0]}, "sequence")
    assert scale.span("energy", [1e-3, 2e-3]) == "1 to 2 mJ"
    assert scale.span("energy", [1e-3, 1e-3]) == "1 mJ"
    assert scale.span("energy", [np.nan, 2e-3]) == "not known to 2 mJ"
    assert scale.span("energy", []) == ""


def test_metrics_of_one_kind_share_a_unit() -> None:
    scale = scale_for({"peak_rate": [2e12], "effective_rate": [3e9, 4e9]}, "sequence")
    assert scale.units["peak_rate"] == scale.units["effective_rate"] == "GOP/s"
    assert scale.amount("peak_rate", 2e12) == "2,000 GOP/s"
    untouched = ("latency", "energy", "area", "throughput")
    assert all(scale.units[name] == SHOWN_UNITS[name] for name in untouched)
    assert scale.amount("accuracy_drop", np.nan) == "not known"


@pytest.mark.parametrize(
    ("counted", "throughput", "energy"),
    [
        ("sequence", "Throughput (seq/s)", "Energy per sequence (mJ)"),
        ("token", "Throughput (tokens/s)", "Energy per token (mJ)"),
        ("run", "Throughput (runs/s)", "Energy per run (mJ)"),
    ],
)
def test_what_is_counted_stands_in_units_titles_and_names_of_columns(
    counted: str, throughput: str, energy: str
) -> None:
    scale = scale_for({}, counted)
    assert scale.axis_title("throughput") == throughput
    assert scale.axis_title("energy") == energy
    unit = re.findall(r"\((.*)/s\)", throughput)[0]
    assert scale.column_name("throughput") == f"throughput_{unit}_per_s"


def test_a_column_is_named_by_the_unit_that_it_is_in(front: dse.Runs) -> None:
    scale = scale_of(front)
    assert scale.units["latency"] == "us"
    slower = scale_for({"latency": 1e3 * front.metrics["latency"]}, "sequence")
    assert slower.column_name("latency") == "latency_ms"
    assert slower.column(front, "latency") == pytest.approx(
        scale.column(front, "latency") / 1e3
    )


def test_hovering_tells_metrics_and_design_with_units(front: dse.Runs) -> None:
    texts = hover_texts(front, ["throughput", "area"], scale_of(front))
    assert len(texts) == len(front)
    for row, text in enumerate(texts):
        index = int(front.index[row])
        assert f"Design {index:,}" in text
        assert "seq/s" in text
        assert "mm²" in text
        for field, value in describe_design(front.space, index).items():
            assert f"{field}: {value}" in text
    assert "weight buffer: 2 MiB" in "".join(texts)
