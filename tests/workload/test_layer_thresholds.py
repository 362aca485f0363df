"""Layers with thresholds of their own: as with one for all, where they agree."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.sparsity.layer_loss import LayerLoss

MEASURED = dse.load_curve("minilm-l6/wordnet/dynatran")
CURVE = MEASURED.replace(layer_loss=None)
POOLED = dse.load_curve("bert-base/sst-2/dynatran")
MINILM = dse.transformer("minilm-l6")
COLUMNS = ("input_density", "weight_density", "output_density")


def space_of(**axes: list[float]) -> dse.Space:
    """A space around AccelTran-Edge; `threshold_0` is the first layer's threshold."""
    named: dict[str, Any] = {n.replace("_", "."): v for n, v in axes.items()}
    return dse.Space(dse.TileEngine.edge(), **named)


def layer(workload: dse.Workload, name: str) -> np.ndarray:
    """The densities of the layers, `[layers, ops]`, those pooled repeated."""
    block = workload.blocks[1]
    column = getattr(block.ops, name)
    return np.broadcast_to(column, (block.repeats, len(block.ops)))


@pytest.mark.parametrize("threshold", [0.0, 0.013, 0.05])
def test_one_threshold_in_every_layer_is_one_for_all(threshold: float) -> None:
    same = MINILM.with_curve(CURVE, np.full(6, threshold))
    one = MINILM.with_curve(CURVE, threshold)
    for name in COLUMNS:
        np.testing.assert_allclose(layer(same, name), layer(one, name), rtol=1e-12)
    assert same.accuracy_drop == pytest.approx(one.accuracy_drop)


def test_each_layer_is_as_dense_as_the_curve_says_at_its_own_threshold() -> None:
    thresholds = [0.0, 0.01, 0.02, 0.05, 0.03, 0.002]
    mixed = MINILM.with_curve(CURVE, thresholds)
    ops = mixed.blocks[1].ops
    made = layer(mixed, "output_density")
    for number, threshold in enumerate(thresholds):
        alone = MINILM.with_curve(CURVE, threshold)
        np.testing.assert_allclose(
            made[number], layer(alone, "output_density")[number], rtol=1e-12
        )
    # The first op of a layer reads what the last op of the layer before it made.
    first = ops.depends.index(0)
    np.testing.assert_allclose(
        layer(mixed, "input_density")[1:, first], made[:-1, -1], rtol=1e-12
    )


def test_without_a_measurement_every_layer_loses_alike() -> None:
    bert = dse.transformer("bert-base")
    one = bert.with_curve(POOLED, [0.095, *[0.0] * 11])
    assert one.accuracy_drop == pytest.approx(POOLED.accuracy_drop(0.095) / 12)


def test_losses_of_layers_may_add_up_to_more_than_all_accuracy() -> None:
    loss = LayerLoss(settings=np.asarray([0.0, 0.1]), drops=np.full((6, 2), [0.0, 0.4]))
    lost = MINILM.with_curve(MEASURED.replace(layer_loss=loss), [0.1] * 6)
    assert lost.accuracy_drop == pytest.approx(2.4)


def test_losses_of_layers_alone_are_summed() -> None:
    loss = LayerLoss(
        settings=np.asarray([0.0, 0.1]), drops=np.outer([1, 2, 3, 4, 5, 6], [0, 0.01])
    )
    curve = CURVE.replace(layer_loss=loss)
    pruned = MINILM.with_curve(curve, [0.1, 0.0, 0.05, 0.0, 0.0, 0.1])
    # Between two points a monotone cubic is a line: 1 + 3 / 2 + 6 points.
    assert pruned.accuracy_drop == pytest.approx(0.085)
    with pytest.raises(InputError, match="6 layers"):
        loss.together([0.1, 0.1])


@pytest.mark.nightly
def test_thresholds_that_are_traced_give_the_same_and_a_slope_for_each() -> None:
    thresholds = np.asarray([0.0, 0.01, 0.02, 0.05, 0.03, 0.002])
    numbers = MINILM.with_curve(CURVE, thresholds)

    def densities(given: jax.Array) -> jax.Array:
        return jnp.asarray(MINILM.with_curve(CURVE, given).blocks[1].ops.output_density)

    with jax.enable_x64(True):
        traced = jax.jit(densities)(jnp.asarray(thresholds))
        slope = jax.jacobian(lambda t: densities(t).sum(axis=1))
        slopes = np.asarray(slope(jnp.asarray(thresholds)))
    np.testing.assert_allclose(traced, layer(numbers, "output_density"), rtol=1e-9)
    assert (np.diag(slopes) < 0).all()  # each layer's own threshold thins it
    np.testing.assert_allclose(slopes - np.diag(np.diag(slopes)), 0.0, atol=1e-12)


def test_a_space_moves_the_thresholds_of_some_layers() -> None:
    space = space_of(threshold_0=[0.0, 0.02], threshold_5=[0.01])
    base = MINILM.with_curve(CURVE, 0.01)
    _, placed = space.place({"threshold.0": 0.02, "threshold.5": 0.01}, base)
    np.testing.assert_allclose(placed.threshold, [0.02, 0.01, 0.01, 0.01, 0.01, 0.01])


@pytest.mark.nightly
def test_a_sweep_over_a_layer_asks_what_evaluate_does() -> None:
    space = space_of(threshold_0=[0.0, 0.02])
    base = MINILM.with_curve(CURVE, 0.01)
    _, placed = space.place({"threshold.0": 0.02}, base)
    runs = dse.sweep(space, base, progress=False)
    asked = dse.evaluate(dse.TileEngine.edge(), placed)
    assert runs.metrics["energy"][1] == pytest.approx(float(asked.energy), rel=1e-5)
    assert runs.metrics["energy"][1] < runs.metrics["energy"][0]


def test_what_is_no_layer_or_outside_the_curve_is_refused() -> None:
    base = MINILM.with_curve(CURVE, 0.01)
    with pytest.raises(InputError, match="6 layers; give as many"):
        base.with_curve(CURVE, [0.0, 0.1])
    with pytest.raises(InputError, match=r"no `threshold\.6`"):
        space_of(threshold_6=[0.0, 0.1]).place({"threshold.6": 0.1}, base)
    with pytest.raises(InputError, match="outside what"):
        space_of(threshold_0=[0.0, 0.5]).place({"threshold.0": 0.0}, base)
    with pytest.raises(InputError, match="is not a field"):
        space_of(threshold_first=[0.0, 0.5])
