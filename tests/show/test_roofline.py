"""Ops lie on or below the roof of a machine that skips nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dse
from dse.show.mark_numbers import number_marks
from dse.show.roofline import draw_roofline, roofline_data, roofline_of
from dse.show.scale import scale_of

EDGE = dse.TileEngine.edge()


@pytest.fixture(scope="module")
def found() -> dse.Metrics:
    return dse.evaluate(EDGE, dse.transformer("bert-tiny", batch=4))


def test_no_dense_op_is_above_the_roof(found: dse.Metrics) -> None:
    roof = roofline_of(found)
    ceiling = np.minimum(roof.peak, roof.intensity * roof.bandwidth)
    assert (roof.rate <= ceiling * (1 + 1e-9)).all()
    assert (roof.rate > 0.0).all()
    port = float(EDGE.memory_bandwidth_gb_per_s) * 1e9
    assert roof.bandwidth[0] == pytest.approx(port, rel=0.01)


def test_every_op_with_products_is_told_once(found: dse.Metrics) -> None:
    roof = roofline_of(found)
    told = ", ".join(roof.names).split(", ")
    assert sorted(told) == sorted(
        ["query", "key", "value", "scores", "context", "output", "FFN up", "FFN down"]
    )
    numbers = [
        trace["text"][0] for trace in draw_roofline(roof, scale_of(found))["data"][1:]
    ]
    assert sorted(" ".join(numbers).split()) == [
        f"{n}" for n in range(1, len(roof.names) + 1)
    ]


def test_a_machine_whose_loads_are_in_its_compute_has_a_roof() -> None:
    card = dse.ReferenceMachine.a100()
    found = dse.evaluate(card, dse.generation("gpt2", prompt=64, new_tokens=2))
    assert not np.any(found.op_busy["load"])
    roof = roofline_of(found)
    [[x, y]] = [roofline_data(roof, scale_of(found))["roof"][0]]
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    assert 0.0 < roof.bandwidth[0] <= float(card.memory_bandwidth_gb_per_s) * 1e9


def test_numbers_of_marks_on_one_another_are_not_hidden_by_the_next(
    found: dse.Metrics,
) -> None:
    """They stand in the uppermost mark, and outside it, for which they are too wide."""
    roof = roofline_of(found)
    at_one_rate = replace(roof, rate=np.full_like(roof.rate, 1e12))
    lowest = np.full_like(roof.intensity, 10.0)
    lowest[-1] = 1e3
    drawn = draw_roofline(replace(at_one_rate, intensity=lowest), scale_of(found))
    *same, last = drawn["data"][1:]
    several = " ".join(str(number) for number in range(1, len(same) + 1))
    assert [mark["text"][0] for mark in same] == [""] * (len(same) - 1) + [several]
    assert same[-1]["textposition"] == "top center"
    assert same[-1]["textfont"]["color"] != "white"
    assert last["text"] == [f"{len(same) + 1}"]
    assert last["textposition"] == "middle center"


@given(
    st.lists(
        st.tuples(st.floats(10.0, 390.0), st.floats(10.0, 258.0)),
        min_size=1,
        max_size=16,
    )
)
def test_every_mark_is_numbered_once_wherever_marks_lie(
    marks: list[tuple[float, float]],
) -> None:
    labels = number_marks(marks, (400.0, 268.0))
    told = " ".join(label.text.replace("<br>", " ") for label in labels).split()
    assert sorted(map(int, told)) == list(range(1, len(marks) + 1))
    for number, label in enumerate(labels, start=1):
        if label.side == "middle center":
            assert label.text in ("", str(number))
