"""Rules that look at one value, or one group of weights, do what NumPy does plainly."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.measure.policies.dynatran import DynaTran
from dse.measure.policies.n_of_m import NOfM
from dse.measure.policies.weight_magnitude import WeightMagnitude


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def plain_n_of_m(weights: np.ndarray, n: int, m: int) -> np.ndarray:
    """For each output, group by group along the summed axis, first come first kept."""
    kept = np.zeros(weights.shape, bool)
    for column in range(weights.shape[1]):
        for start in range(0, weights.shape[0], m):
            group = np.abs(weights[start : start + m, column])
            best = sorted(range(len(group)), key=lambda i: (-group[i], i))[:n]
            kept[[start + i for i in best], column] = True
    return kept


def test_dynatran_keeps_what_reaches_the_threshold() -> None:
    values = jnp.asarray([-0.3, -0.1, 0.0, 0.1, 0.2])
    kept = DynaTran(threshold=0.1).keep("query", 0, values)
    assert kept.tolist() == [True, True, False, True, True]


def test_a_threshold_of_zero_keeps_everything() -> None:
    assert DynaTran(threshold=0.0).keep("query", 0, jnp.zeros(3)).all()


@pytest.mark.parametrize("rule", [DynaTran, WeightMagnitude])
def test_a_threshold_drops_as_many_normal_values_as_theory_says(rule: type) -> None:
    # P(|x| < 0.6745) = 1/2 for a standard normal x.
    values = jnp.asarray(normal(0, 200, 200))
    made = rule(threshold=0.6745)
    given = ("query", 0, values) if rule is DynaTran else (values,)
    assert made.keep(*given).mean() == pytest.approx(0.5, abs=0.01)


@given(
    inner=st.sampled_from([1, 7, 8, 13, 16]),  # JAX compiles for every shape
    columns=st.sampled_from([1, 4]),
    n=st.integers(1, 8),
    m=st.just(8),
)
def test_n_of_m_is_the_plain_choice(inner: int, columns: int, n: int, m: int) -> None:
    weights = np.round(normal(inner * columns, inner, columns), 1)  # with ties
    found = NOfM(n=n, m=m).keep(jnp.asarray(weights))
    np.testing.assert_array_equal(found, plain_n_of_m(weights, n, m))


@pytest.mark.parametrize(("n", "m"), [(1, 4), (2, 4), (3, 8), (8, 16)])
def test_every_output_keeps_n_of_every_m(n: int, m: int) -> None:
    kept = NOfM(n=n, m=m).keep(jnp.asarray(normal(1, 3 * m, 5)))
    assert (kept.reshape(3, m, 5).sum(1) == n).all()


@given(n=st.integers(1, 7))
def test_a_sparser_choice_lies_within_a_denser_one(n: int) -> None:
    weights = jnp.asarray(normal(2, 32, 4))
    sparser, denser = (NOfM(n=k, m=8).keep(weights) for k in (n, n + 1))
    assert not (sparser & ~denser).any()
