"""How kept pairs lie: reuse between queries, and the union over a block of them."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.sparsity.attention import AttentionPruning, Measured

SHARES = st.floats(0.01, 1.0)


def test_a_buffer_of_an_eighth_of_the_keys_holds_half_of_what_is_needed_again() -> None:
    # (1/8)^(1/3) = 1/2
    assert AttentionPruning().reuse(64.0, 512.0) == pytest.approx(0.5, rel=1e-6)


def test_a_buffer_for_all_keys_holds_all() -> None:
    assert AttentionPruning().reuse(1024.0, 512.0) == 1.0


def test_two_independent_queries_that_keep_half_need_three_quarters() -> None:
    assert AttentionPruning().union(2.0, 0.5) == pytest.approx(0.75, rel=1e-6)


@given(kept=SHARES, queries=st.floats(1.0, 64.0))
def test_a_union_lies_between_one_query_and_all_keys(
    kept: float, queries: float
) -> None:
    union = float(AttentionPruning().union(queries, kept))
    assert kept * (1 - 1e-5) <= union <= 1.0


def test_measured_shares_stand_before_the_closed_forms() -> None:
    pruning = AttentionPruning(
        measured_reuse=Measured(
            sizes=np.array([0.25, 1.0]), shares=np.array([0.4, 0.8])
        ),
        measured_union=Measured(
            sizes=np.array([1.0, 4.0]), shares=np.array([0.2, 0.4])
        ),
    )
    assert pruning.reuse(256.0, 512.0) == pytest.approx(0.6)  # halfway in log2
    assert pruning.union(2.0, 0.2) == pytest.approx(0.3)


def test_a_dense_union_has_a_finite_slope() -> None:
    slope = jax.grad(lambda kept: AttentionPruning().union(4.0, kept))(1.0)
    assert np.isfinite(slope)
