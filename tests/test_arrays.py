"""One formula for numbers and for what JAX traces."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from dse.arrays import array_namespace
from dse.sparsity.monotone import pchip


def test_numbers_are_for_numpy_and_traced_values_for_jax() -> None:
    assert array_namespace(1.0, np.ones(2)) is np
    assert array_namespace(1.0, jnp.ones(2)) is jnp
    assert jax.jit(lambda x: float(array_namespace(x) is jnp))(1.0) == 1.0


def test_a_curve_of_numbers_has_the_bits_of_the_traced_one() -> None:
    knots, values = np.asarray([0.0, 0.1, 0.4, 0.5]), np.asarray([0.9, 0.5, 0.45, 0.1])
    with jax.enable_x64(True):
        for x in np.linspace(-0.1, 0.6, 23):
            alone = pchip(float(x), knots, values)
            assert not isinstance(alone, jax.Array)
            assert float(pchip(jnp.asarray(x), knots, values)) == alone
