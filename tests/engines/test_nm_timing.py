"""Cycles of the array, against products walked through by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.engines.nm.engine import NMEngine
from dse.engines.nm.memory import lead, undrained
from dse.engines.nm.timing import DATAFLOWS, product_cycles, softmax_exposed
from dse.errors import InputError

ARRAY = NMEngine(tile_rows=4, tile_columns=5, tile_depth=2)
PRODUCT = {"rows": 13.0, "summed": 20.0, "columns": 9.0}


def cycles(design: NMEngine, **changes: Any) -> float:
    dense: dict[str, Any] = {"kept": 1.0, "group": 1.0}
    return float(product_cycles(design, **(PRODUCT | dense | changes)))


@pytest.mark.parametrize(
    ("dataflow", "by_hand"),
    [
        # ceil(13/4) = 4 by ceil(9/5) = 2 tiles of 20/2 = 10 steps
        ("tile", 4 * 2 * 10),
        # as many, and each as long again as the skew of 4 + 5 - 2
        ("output_stationary", 4 * 2 * (10 + 7)),
        # ceil(10/4) = 3 by ceil(9/5) = 2 folds: 13 rows, 4 to load, 7 of skew
        ("weight_stationary", 3 * 2 * (13 + 4 + 7)),
        # 3 by ceil(13/5) = 3 folds: 9 columns, 4 to load, 7 of skew
        ("input_stationary", 3 * 3 * (9 + 4 + 7)),
    ],
)
def test_a_dense_product_takes_the_cycles_counted_by_hand(
    dataflow: str, by_hand: int
) -> None:
    assert cycles(ARRAY.replace(dataflow=dataflow)) == by_hand


@pytest.mark.parametrize(
    ("kept", "group", "steps"),
    [
        (2, 4, 5),  # 5 groups of 2, two a step
        (1, 4, 3),  # 5 groups of 1: 5 products, 2.5 steps
        (2, 8, 3),  # 2.5 groups are stored as 3, of 2 each: 3 steps
        (1, 8, 2),  # 3 products
    ],
)
def test_sparse_weights_take_the_steps_of_whole_groups(
    kept: int, group: int, steps: int
) -> None:
    assert cycles(ARRAY, kept=float(kept), group=float(group)) == 4 * 2 * steps


@given(
    st.sampled_from(DATAFLOWS),
    st.integers(1, 8),
    st.sampled_from([2, 4, 8, 16]),
    st.integers(1, 500),
)
def test_skipping_never_takes_longer_than_dense_whole_groups(
    dataflow: str, kept: int, group: int, summed: int
) -> None:
    design = ARRAY.replace(dataflow=dataflow)
    whole = -(-summed // group) * group
    kept = min(kept, group)
    sparse = cycles(design, summed=summed, kept=float(kept), group=float(group))
    assert sparse <= cycles(design, summed=whole)


def test_cycles_have_the_gradient_of_the_plain_quotient() -> None:
    # tile: (13/4) (9/5) (20 N / 4 / 2), so the slope by N is that over N
    slope = jax.grad(
        lambda kept: product_cycles(ARRAY, **PRODUCT, kept=kept, group=4.0)
    )
    exact = 4 * 2 * 20 / 4 / 2  # tiles are counted whole in the product rule
    assert float(slope(2.0)) == pytest.approx(exact, rel=1e-6)


def test_a_dataflow_that_there_is_not_is_an_error() -> None:
    with pytest.raises(InputError, match="Did you mean `output_stationary`"):
        cycles(ARRAY.replace(dataflow="output-stationary"))


def test_a_softmax_shows_only_what_its_scores_do_not_hide() -> None:
    # 100 cycles behind 60 of scores: 40 are waited for, and 100/10 of the last row
    assert float(softmax_exposed(60.0, 100.0, 10.0)) == pytest.approx(50.0)
    assert float(softmax_exposed(100.0, 60.0, 10.0)) == pytest.approx(6.0)


# A tile is 4 by 5 sums of 32 bits, 80 bytes: 160 hold two of them, of which one leaves
# while the other fills. 120 hold three quarters of that: of 300 results, 10 a cycle, a
# quarter is waited for; with half of it, half.
@pytest.mark.parametrize(
    ("size", "waited"), [(320.0, 0.0), (160.0, 0.0), (120.0, 7.5), (80.0, 15.0)]
)
def test_results_that_find_no_room_for_a_second_tile_are_waited_for(
    size: float, waited: float
) -> None:
    design = ARRAY.replace(output_buffer_kib=size / 1024, results_per_cycle=10)
    assert float(undrained(design, 300.0)) == pytest.approx(waited, abs=1e-6)


def test_an_array_full_is_its_share_of_the_weights_that_are_kept() -> None:
    """Of 20 x 9 weights 2 of 4 are kept: 90, of which the array takes 5 x 2."""
    op: Any = SimpleNamespace(inner=20.0, columns=9.0)
    assert float(lead(ARRAY, op, 2.0, 4.0)) == pytest.approx(10 / 90)
    assert float(lead(ARRAY, op, 1.0, 20.0)) == 1.0  # of 9 one is all
