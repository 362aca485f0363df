"""How kept pairs lie: reuse between queries, and the union over a block of them."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dse
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


def test_a_buffer_of_less_than_a_key_holds_nothing() -> None:
    """And one smaller than was measured a part of the first share, never more."""
    measured = AttentionPruning(
        measured_reuse=Measured(
            sizes=np.array([0.05, 1.0]), shares=np.array([0.138, 0.8])
        )
    )
    assert measured.reuse(0.4, 4096.0) == 0.0
    assert AttentionPruning().reuse(0.4, 4096.0) == 0.0
    assert measured.reuse(1.0, 20.0) == pytest.approx(0.138)
    assert measured.reuse(0.025 * 4096.0, 4096.0) == pytest.approx(0.069)
    sizes = np.linspace(1.0, 4096.0, 400)
    assert np.all(np.diff(measured.reuse(sizes, 4096.0)) >= 0)


def test_blocks_beyond_what_was_measured_want_more_keys() -> None:
    """-log(1 - union) doubled by four times the queries, and so goes on."""

    def measured(shares: list[float]) -> AttentionPruning:
        union = Measured(sizes=np.array([1.0, 16.0, 64.0]), shares=np.array(shares))
        return AttentionPruning(measured_union=union)

    trend = measured([0.1, -np.expm1(-0.3), -np.expm1(-0.6)])
    assert trend.union(64.0, 0.1) == pytest.approx(-np.expm1(-0.6))
    assert trend.union(256.0, 0.1) == pytest.approx(-np.expm1(-1.2))
    assert trend.union(1024.0, 0.1) == pytest.approx(-np.expm1(-2.4))
    assert measured([0.1, 0.1, 0.1]).union(4096.0, 0.1) == pytest.approx(0.1)


def test_a_trend_tells_the_union_over_64_queries_from_smaller_blocks() -> None:
    curve = dse.load_curve("minilm-l6/wordnet/mp_mrf")
    for setting in curve.settings:
        whole = curve.attention(setting)
        union = whole.measured_union
        assert union is not None
        part = Measured(sizes=union.sizes[:-1], shares=union.shares[:-1])
        told = whole.replace(measured_union=part).union(64.0, union.shares[0])
        assert told == pytest.approx(union.shares[-1], abs=0.02)
