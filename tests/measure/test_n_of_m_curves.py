"""From the accuracies of N:M models to curves, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dse.measure.n_of_m_curves import gains, mean_and_spread, n_of_m_curve
from dse.sparsity.library import build_curve

ABOUT = {
    "model": "bert-tiny",
    "task": "t",
    "status": "digitised",
    "source": "fang2022sta",
    "where": "made up",
}


def table() -> pd.DataFrame:
    """Two seeds; IDP's 2:4 took 10 steps, its 1:4 another 10."""
    rows = [
        # seed, method, n, m, steps, accuracy
        (0, "dense", 1, 1, 0, 0.70),
        (0, "dense", 1, 1, 20, 0.80),
        (1, "dense", 1, 1, 20, 0.90),
        (0, "frozen", 2, 4, 10, 0.74),
        (0, "frozen", 1, 4, 20, 0.70),
        (0, "frozen", 1, 4, 10, 0.60),
        (1, "frozen", 2, 4, 10, 0.80),
        (1, "frozen", 1, 4, 20, 0.78),
        (1, "frozen", 1, 4, 10, 0.70),
        (0, "idp", 2, 4, 10, 0.75),
        (0, "idp", 1, 4, 20, 0.69),
        (1, "idp", 2, 4, 10, 0.80),
        (1, "idp", 1, 4, 20, 0.77),
    ]
    columns = ["seed", "method", "n", "m", "steps", "accuracy"]
    return pd.DataFrame(rows, columns=columns)


def test_a_curve_is_the_mean_loss_of_each_seed_against_its_own_dense_model() -> None:
    file = n_of_m_curve(
        table(), method="frozen", m=4, dense_steps=20, texts=48, about=ABOUT
    )
    # Losses: 2:4 0.06 and 0.10, 1:4 (at 20 steps) 0.10 and 0.12; dense on average 0.85.
    assert file.curve.settings == (0.25, 0.5, 1.0)
    np.testing.assert_allclose(file.curve.accuracy, [0.85 - 0.11, 0.85 - 0.08, 0.85])
    seeds = np.array([0.01 * np.sqrt(2), 0.02 * np.sqrt(2), 0.0])
    right = np.array([0.74, 0.77, 0.85]) * 48 + 1  # of 50: one more of either kind
    texts = np.sqrt(right / 50 * (1 - right / 50) / 48)
    np.testing.assert_allclose(file.curve.spread, np.sqrt(seeds**2 + texts**2))
    curve = build_curve("c", file)
    assert curve.accuracy_drop(1 / 4) == pytest.approx(0.11)
    assert curve.accuracy_drop(1.0) == pytest.approx(0.0, abs=1e-6)
    assert curve.weight_density(0.5) == pytest.approx(0.5)


def test_gains_are_counted_at_equal_steps_of_a_model() -> None:
    found = gains(table(), over="frozen", per_series=False)
    # 2:4 +0.01 and 0; 1:4 after 20 steps both: -0.01 and -0.01.
    assert found[0, 4, 2] == pytest.approx(0.01)
    assert found[1, 4, 1] == pytest.approx(-0.01)
    mean, spread = mean_and_spread(found)
    # Seed 0: 0; seed 1: -0.005.
    assert mean == pytest.approx(-0.0025)
    assert spread == pytest.approx(0.005 / np.sqrt(2))


def test_or_at_equal_steps_of_a_series() -> None:
    found = gains(table(), over="frozen", per_series=True)
    # 1:4 of `frozen` after 10 steps, as one model of IDP's series: +0.09 and +0.07.
    assert found[0, 4, 1] == pytest.approx(0.09)
    assert found[1, 4, 1] == pytest.approx(0.07)
    assert found[0, 4, 2] == pytest.approx(0.01)
