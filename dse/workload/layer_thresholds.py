"""A threshold of its own for every layer, instead of one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.arrays import Column, Number, Values, array_namespace
from dse.errors import InputError
from dse.records import Record
from dse.sparsity.curves import Curve
from dse.sparsity.layer_loss import equal_shares
from dse.workload.kinds import TRAINED, WITH_WEIGHTS
from dse.workload.pruning import prune

if TYPE_CHECKING:
    from dse.workload.ops import Block, Ops, Workload

_COLUMNS = ("input_density", "weight_density", "output_density", "imbalance")


def prune_at(workload: Workload, curve: Curve, setting: Values) -> Workload:
    """Return a workload pruned by a curve: at one setting, or one for each layer.

    With settings `[layers]`, each layer is as dense as the curve says of it at its own;
    what comes before the layers has the first one's, what comes after the last one's.
    Accuracies are those that the curve knows of layers alone, summed; where it knows
    none, every layer is assumed to matter alike. How kept query-key pairs lie is the
    mean over layers. Raises `InputError` for a number outside the curve, or another
    number of layers.
    """
    if not np.ndim(setting):
        return prune(workload, curve, setting)
    given: Any = setting  # `[layers]`
    settings: list[Any] = [curve.check(each) for each in given]
    layers = count_layers(workload)
    if len(settings) != layers:
        raise InputError(
            f"`{workload.name}` has {layers} layers; give as many thresholds, not "
            f"{len(settings)}."
        )
    blocks, attention = _alone(workload, curve, settings)
    loss = curve.layer_loss
    # Losses of layers, summed, may be more than all accuracy, which no loss given is.
    return Record.replace(
        workload,
        blocks=tuple(
            block.replace(ops=_of_layers(block, columns, layers))
            for block, columns in zip(workload.blocks, blocks, strict=True)
        ),
        attention=jax.tree.map(lambda column: column.mean(axis=0), attention),
        accuracy_drop=equal_shares(curve, settings)
        if loss is None
        else loss.together(settings),
        curve=curve,
        threshold=array_namespace(*settings).stack(settings),
    )


def count_layers(workload: Workload) -> int:
    """Return how often the block runs that runs most often."""
    return max(block.repeats for block in workload.blocks)


def with_layers(workload: Workload, moved: Mapping[int, Values]) -> Column:
    """Return the thresholds of all layers, `[layers]`, those of some layers changed.

    Raises `InputError` for a layer that the workload does not have.
    """
    layers = count_layers(workload)
    beyond = [number for number in moved if number >= layers]
    if beyond:
        raise InputError(
            f"`{workload.name}` has {layers} layers and no `threshold.{beyond[0]}`; "
            f"name one of 0 to {layers - 1}."
        )
    old = np.broadcast_to(workload.threshold, layers)
    all_of_them = [moved.get(number, old[number]) for number in range(layers)]
    found: Column = array_namespace(*all_of_them).stack(all_of_them)
    return found


def _alone(workload: Workload, curve: Curve, settings: Sequence[Number]) -> Any:
    """Return densities by block, and pairs, of one setting for all layers, for each.

    Every array has the settings as its first axis.
    """

    def parts(setting: Any) -> Any:
        pruned = prune(workload, curve, setting)
        columns = [
            {name: getattr(block.ops, name) for name in _COLUMNS}
            for block in pruned.blocks
        ]
        return columns, pruned.attention

    if array_namespace(*settings) is jnp:
        return jax.vmap(parts)(jnp.stack(settings))
    return jax.tree.map(lambda *c: np.stack(c), *[parts(one) for one in settings])


def _of_layers(block: Block, columns: dict[str, Any], layers: int) -> Ops:
    """Return the ops of a block, layer l as dense as at the l-th setting."""
    ops = block.ops
    if block.repeats != layers:
        # The embedding goes with the first layer, a head or a last norm with the last.
        row = 0 if ops.names[0].startswith("embedding") else -1
        return ops.replace(**jax.tree.map(lambda c: c[row], columns))

    def own_row(column: Any) -> Any:
        """Return each layer's own, where there are `[layers]` of each setting."""
        if column.ndim < 3:  # the curve does not tell layers apart
            return column
        return array_namespace(column).stack([column[n, n] for n in range(layers)])

    own = jax.tree.map(own_row, columns)
    # What a layer reads first was made by the layer before it, at that one's threshold.
    made = own["output_density"][:-1, -1:]
    places = zip(ops.depends, ops.kinds, strict=True)
    reads = np.asarray([not back and kind != "matmul" for back, kind in places])
    of_model = {*TRAINED, *WITH_WEIGHTS}
    weights = np.asarray([kind in of_model for kind in ops.kinds])
    for name, where in (("input_density", reads), ("weight_density", reads & ~weights)):
        xp = array_namespace(own[name])
        later = xp.where(where, made, own[name][1:])
        own[name] = xp.concatenate([own[name][:1], later])
    return ops.replace(**own)
