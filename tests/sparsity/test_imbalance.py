"""Imbalance: how much longer a slow tile takes, by the size of the tiles."""

from __future__ import annotations

import numpy as np
import pytest

from dse.sparsity.imbalance import Imbalance, even


def test_between_measured_tiles_the_ratio_is_linear_in_the_logarithm() -> None:
    measured = Imbalance(tile_sizes=(8.0, 16.0, 32.0), ratios=(2.0, 1.5, 1.25))
    found = {size: float(measured.at(size)) for size in (4, 8, 16, 32, 64)}
    assert found == pytest.approx({4: 2.0, 8: 2.0, 16: 1.5, 32: 1.25, 64: 1.25})
    assert float(measured.at(8.0 * np.sqrt(2.0))) == pytest.approx(1.75)


def test_even_tiles_have_one_ratio_whatever_their_size() -> None:
    np.testing.assert_array_equal(even(3).at(16.0), np.ones(3))
