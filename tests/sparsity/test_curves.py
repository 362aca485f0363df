"""Curves: what a setting means for densities and accuracy."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dse.errors import InputError
from dse.sparsity.curve_tables import About
from dse.sparsity.curves import AttentionStatistics, Balance, Curve, fit_curve

ABOUT = About(
    model="m",
    task="t",
    policy="p",
    setting="threshold",
    status="digitised",
    source="tuli2023acceltran",
    where="nowhere",
)


def curve(**changes: Any) -> Curve:
    """Three settings: two sites, one of them also by layer, and a rise by chance."""
    given: dict[str, Any] = {
        "settings": (0.0, 0.1, 0.2),
        "densities": {"activations": (1.0, 0.6, 0.4), "key": (1.0, 0.8, 0.5)},
        "layer_densities": {"key": [(1.0, 0.9, 0.6), (1.0, 0.7, 0.4)]},
        "accuracy": (0.90, 0.92, 0.80),
        "spread": (0.0, 0.03, 0.01),
        "dense_accuracy": 0.90,
    }
    return fit_curve("m/t/p", ABOUT, **(given | changes))


def test_at_a_setting_that_was_measured_stands_what_was_measured() -> None:
    assert curve().density("key", 0.1) == pytest.approx(0.8)
    assert curve().density("key", 0.1, layer=1) == pytest.approx(0.7)
    assert curve().accuracy_at(0.2) == pytest.approx(0.80)


def test_a_site_that_was_not_measured_has_the_density_of_all() -> None:
    assert curve().density("softmax", 0.2) == pytest.approx(0.4)
    with pytest.raises(InputError, match=r"knows no density of `kez`.*`key`"):
        curve(densities={"key": (1.0, 0.8, 0.5)}).density("kez", 0.1)


def test_weights_are_dense_unless_a_curve_prunes_them() -> None:
    assert curve().weight_density(0.1) == 1.0
    pruned = curve(densities={"activations": (1.0, 0.6, 0.4), "weights": (0.5,) * 3})
    assert pruned.weight_density(0.1) == pytest.approx(0.5)


def test_no_setting_is_said_to_improve_on_the_dense_model() -> None:
    # Dense 0.90, then 0.90, 0.92: falling only, all three become 0.90667.
    found = curve()
    level = (0.90 + 0.90 + 0.92) / 3
    np.testing.assert_allclose(found.accuracy, [level, level, 0.80])
    assert found.accuracy_drop(0.0) == pytest.approx(0.0, abs=1e-6)
    assert found.accuracy_drop(0.2) == pytest.approx(level - 0.80)
    # The point was moved by 0.92 - 0.90667 = 0.01333; with 0.03 that is 0.03283.
    assert found.spread[1] == pytest.approx(np.hypot(0.03, 0.92 - level))
    np.testing.assert_allclose(found.measured_accuracy, [0.90, 0.92, 0.80])


def over_what_is_kept(*accuracy: float) -> Curve:
    return curve(
        densities={"weights": (0.25, 0.5, 1.0)},
        layer_densities={},
        accuracy=accuracy,
        settings=(0.25, 0.5, 1.0),
    )


def test_a_curve_over_what_is_kept_rises() -> None:
    rising = over_what_is_kept(0.7, 0.8, 0.9)
    assert rising.accuracy_drop(1.0) == pytest.approx(0.0, abs=1e-6)
    assert rising.accuracy_drop(0.25) == pytest.approx(0.2)
    assert jax.grad(rising.accuracy_drop)(0.4) < 0


def test_what_is_lost_is_counted_from_the_dense_model() -> None:
    rising = over_what_is_kept(0.7, 0.8, 0.88)
    assert rising.accuracy_drop(1.0) == pytest.approx(0.90 - 0.88)


def test_a_stricter_setting_keeps_less_and_costs_more() -> None:
    settings = np.linspace(0.0, 0.2, 21)
    density = jax.vmap(lambda t: curve().density("key", t))(settings)
    drop = jax.vmap(curve().accuracy_drop)(settings)
    assert np.all(np.diff(density) < 0)
    assert np.all(np.diff(drop) >= -1e-7)


def test_a_setting_that_was_not_tried_is_refused() -> None:
    with pytest.raises(InputError, match=r"threshold 0.3 is outside .* 0 to 0.2"):
        curve().check(0.3)
    assert curve().check(0.2) == 0.2


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (np.float32(0.3), "threshold 0.3 is outside what"),
        (np.asarray([0.1, 0.3]), "threshold 0.3 is outside what"),
        (jnp.asarray(-1.0), "threshold -1 is outside what"),
        (float("nan"), "threshold of `.*` is nan"),
        (float("inf"), "threshold of `.*` is inf; give a number that is finite"),
        ("0.1", "threshold of `.*` takes a number, got '0.1'"),
        (None, "threshold of `.*` takes a number, got None"),
    ],
)
def test_a_setting_of_any_type_is_checked(setting: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        curve().check(setting)


def test_pairs_are_told_as_engines_ask_for_them() -> None:
    pairs = AttentionStatistics(
        kept=np.asarray([1.0, 0.5, 0.25]),
        kept_first_round=np.asarray([1.0, 0.7, 0.5]),
        capacities=np.asarray([0.1, 1.0]),
        reuse=np.asarray([[0.5, 1.0], [0.4, 0.9], [0.3, 0.8]]),
        blocks=np.asarray([1.0, 4.0]),
        union=np.asarray([[1.0, 1.0], [0.5, 0.8], [0.25, 0.6]]),
    )
    found = curve(pairs=pairs).attention(0.1)
    assert found.kept_first_round == pytest.approx(0.7)
    assert found.reuse(10.0, 100.0) == pytest.approx(0.4)
    assert found.union(4.0, 0.5) == pytest.approx(0.8)
    assert curve(pairs=pairs).kept(0.2) == pytest.approx(0.25)


def test_slow_tiles_are_held_against_the_mean_of_tiles_of_their_size() -> None:
    tiles = Balance(
        tile_sizes=(8.0, 16.0),
        useful={"query": np.asarray([[1.0, 1.0], [0.4, 0.5], [0.2, 0.3]])},
        median={"query": np.asarray([[1.0, 1.0], [0.4, 0.5], [0.1, 0.3]])},
        p95={"query": np.asarray([[1.0, 1.0], [0.4, 0.4], [0.6, 0.6]])},
    )
    found = curve(balance=tiles)
    np.testing.assert_allclose(found.imbalance("query", 0.2), [3.0, 2.0])
    np.testing.assert_allclose(found.imbalance("query", 0.1), [1.0, 1.0])


def test_without_pairs_nothing_is_filtered() -> None:
    assert curve().kept(0.1) is None
    assert curve().attention(0.1).kept_first_round == 1.0


def test_a_curve_goes_through_jit_as_an_argument() -> None:
    found = jax.jit(lambda c, t: c.density("key", t))(curve(), 0.1)
    assert found == pytest.approx(0.8)
