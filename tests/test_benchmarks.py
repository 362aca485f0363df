"""What is claimed about speed: ratios, on small sizes, and the page that tells them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.speed import page
from benchmarks.speed.by_hand import answer
from benchmarks.speed.by_hand_machine import Scalars
from benchmarks.speed.configurations import Case, by_numbers, by_numpy
from benchmarks.speed.table import cpu_seconds, short
from dse.explore.compiled_model import compile_model

# Buffers that hold no head, no layer, no model; a batch of one, and one too large.
TIGHT = {
    **{
        f"{kind}_buffer_mib": (0.005, 0.1, 1.0, 16.0) for kind in ("activation", "mask")
    },
    "weight_buffer_mib": (0.01, 0.3, 4.0, 128.0),
    "batch": (1.0, 16.0, 333.0),
}
RESULTS = json.loads(page.RESULTS.read_text())


@pytest.fixture(scope="module")
def case() -> Case:
    """AccelTran's design space on BERT-Base, timed by the walk."""
    return Case("walk")


@pytest.mark.parametrize(
    ("timing", "axes"), [("walk", {}), ("roofline", {}), ("walk", TIGHT)]
)
def test_a_second_model_written_in_plain_numpy_gives_the_same(
    timing: Any, axes: dict[str, Any]
) -> None:
    case = Case(timing, **axes)
    index = case.space.sample(5_000, seed=4)
    ours = case.evaluator(index)
    columns = case.table(index)
    for name, found in answer(columns, case.technology, timing).items():
        assert found == pytest.approx(ours[name], rel=1e-12)
        one = {field: column[0].item() for field, column in columns.items()}
        alone = answer(one, case.technology, timing, Scalars)
        assert alone[name] == pytest.approx(found[0], rel=1e-12)


def test_a_grid_costs_a_hundredth_of_a_loop_and_a_table_a_twentieth(case: Case) -> None:
    index = case.space.sample(20_000, seed=5)
    few = {name: column[:20] for name, column in case.table(index).items()}

    def per_design(work: Callable[[], Any], count: int) -> float:
        return cpu_seconds(work, repeats=2) / count

    loop = per_design(lambda: by_numbers(case, few), 20)
    table = per_design(lambda: case.evaluator(index), len(index))
    assert loop > 20 * table
    assert loop > 100 / case.grid_rate(share=0.02)


def test_a_compiled_row_costs_a_tenth_of_plain_numpy(case: Case) -> None:
    columns = case.table(case.space.sample(200_000, seed=6))
    model = compile_model(
        case.space.design, case.bert, over=columns, technology=case.technology
    )
    tenth = {name: column[:20_000] for name, column in columns.items()}
    plain = cpu_seconds(lambda: by_numpy(case, tenth), repeats=2)
    assert cpu_seconds(lambda: model(columns)) < plain


def test_the_page_shows_the_recorded_run() -> None:
    text = page.PAGE.read_text()
    assert page.filled(text, RESULTS) == text
    for name in page.TABLES:
        assert f"<!-- table: {name} -->" in text
    assert f"Measured on {RESULTS['date']}" in text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (13_456_789, "13,000,000"),
        (0.0294, "0.029"),
        (1.04, "1.0"),
        (996.0, "1,000"),
        (0.0, "0"),
    ],
)
def test_numbers_are_told_to_two_digits(number: float, text: str) -> None:
    assert short(number) == text


def test_the_first_rate_of_each_table_is_ours() -> None:
    for kind in ("configurations_walk", "mappings", "gradients"):
        first, *others = RESULTS["tables"][kind]
        assert "dse" in first[0]
        assert all(np.isfinite(row[2]) and row[2] > 0 for row in others)
