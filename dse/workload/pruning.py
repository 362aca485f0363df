"""What a curve makes of a workload: the density of every operand, from its producer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dse.arrays import Values, array_namespace
from dse.sparsity.curves import POOLED, Curve
from dse.sparsity.imbalance import Imbalance, even
from dse.workload.attention import keep_pairs
from dse.workload.kinds import TRAINED, WITH_WEIGHTS

if TYPE_CHECKING:
    from dse.workload.ops import Block, Ops, Workload

# Both operands of the products of attention, by the ops that made them.
_LEFT = {"scores": "query", "context": "softmax"}
_RIGHT = {"scores": "key", "context": "value"}
_FIRST = "norm_embedding"  # what the first layer reads


def prune(workload: Workload, curve: Curve, setting: Values) -> Workload:
    """Return a workload with the densities, pairs and accuracy of a curve's setting.

    The left operand of an op has the density of the op that made it, as has the right
    operand of scores and context; every other right operand is weights, or constants,
    which are never pruned. Where the curve
    told layers apart, and the block has as many, densities are `[layers, ops]`.
    Differentiable by `setting`. Raises `InputError` for a number outside the curve.
    """
    setting = curve.check(setting)
    if not isinstance(setting, int | float):
        return _prune(workload, curve, setting)
    with jax.enable_x64(True):
        pruned: Workload = jax.device_get(_prune(workload, curve, setting))
    return pruned


def _prune(workload: Workload, curve: Curve, setting: Values) -> Workload:
    kept = curve.kept(setting)
    blocks = []
    for block in workload.blocks:
        ops = _with_densities(block, curve, setting)
        if kept is not None and "softmax" not in curve.densities:
            ops = keep_pairs(ops, kept)
        blocks.append(block.replace(ops=ops))
    return workload.replace(
        blocks=tuple(blocks),
        attention=curve.attention(setting),
        accuracy_drop=curve.accuracy_drop(setting),
        curve=curve,
        threshold=setting,
    )


def _with_densities(block: Block, curve: Curve, setting: Values) -> Ops:
    ops = block.ops
    made = [_density(curve, name, setting, block.repeats) for name in ops.names]
    before = _previous(made[-1], curve, setting)
    weights = curve.weight_density(setting)
    left, right = [], []
    for i, name in enumerate(ops.names):
        back = ops.depends[i]
        producer = made[i - back] if back else before
        head = name.split("_")[0]
        if ops.kinds[i] == "matmul":
            label = name.removeprefix(head)
            left.append(_density(curve, _LEFT[head] + label, setting, block.repeats))
            right.append(_density(curve, _RIGHT[head] + label, setting, block.repeats))
        else:
            left.append(producer)
            right.append(_right(ops.kinds[i], weights, producer))
    return ops.replace(
        input_density=_columns(left),
        weight_density=_columns(right),
        output_density=_columns(made),
        imbalance=_imbalance(ops, curve, setting),
    )


def _right(kind: str, weights: Any, producer: Any) -> Any:
    """Return the density of what an op takes from the model, or of what it reads."""
    if kind in TRAINED:
        return weights
    return np.ones(()) if kind in WITH_WEIGHTS else producer


def _imbalance(ops: Ops, curve: Curve, setting: Values) -> Imbalance:
    """Return how much tiles differ: of products that the curve measured, else not."""
    if curve.balance is None:
        return even(len(ops))
    ratios = [
        np.ones(len(curve.balance.tile_sizes))
        if (product := _longest_in(curve.balance.useful, name)) is None
        else curve.imbalance(product, setting)
        for name in ops.names
    ]
    return Imbalance(
        tile_sizes=curve.balance.tile_sizes, ratios=tuple(_columns(ratios))
    )


def _density(curve: Curve, name: str, setting: Values, layers: int) -> jax.Array:
    """Return the density of what an op makes: one, or `[layers]` where told apart."""
    site = _longest_in(curve.sites, name) or POOLED
    by_layer = curve.density_by_layer(site, setting)
    if by_layer is not None and by_layer.shape == (layers,):
        return by_layer
    return curve.density(site, setting)


def _longest_in(measured: Iterable[str], name: str) -> str | None:
    """Return what was measured of an op; None where nothing was.

    An op of several heads or nets is named for its site, with more behind: `query_x`.
    """
    own = (site for site in measured if f"{name}_".startswith(f"{site}_"))
    return max(own, key=len, default=None)


def _previous(last: jax.Array, curve: Curve, setting: Values) -> Any:
    """Return the density of what each layer reads: what the one before it made."""
    if last.ndim == 0:
        return last
    first = curve.density(_FIRST, setting)
    return array_namespace(first, last).concatenate([first[None], last[:-1]])


def _columns(densities: list[Any]) -> Any:
    xp = array_namespace(*densities)
    return xp.stack(xp.broadcast_arrays(*densities), axis=-1)
