"""Operand reuse: how often a lane finds an operand tile already in its FIFO.

Tile ops of a product are numbered in loop order and dealt round robin to the lanes, so
that a lane sees every U-th op. It need not read an operand again when the op U numbers
earlier used the same tile.
"""

from __future__ import annotations

import itertools

import jax.numpy as jnp
from jax import Array

from dse.arrays import Number

LOOP_ORDERS = tuple("_".join(order) for order in itertools.permutations("bijk"))
# Which loops an operand's tile depends on: left [b, i, k], right [b, k, j].
LEFT, RIGHT = "bik", "bkj"


def reuse_share(
    loop_order: str, trips: dict[str, Number], lanes: Number, operand: str
) -> Array:
    """Return the share of tile ops that find one operand in place.

    A step of U ops leaves the tile unchanged when it moves only along the loop that the
    operand does not depend on: U = c * stride of that loop, with c below its trip count
    n; then all but the first c of every n steps reuse: 1 - c/n. `loop_order` as in
    `b_i_j_k`, outermost first. Scalars; unit: 1. Source: tuli2023acceltran, dataflows.
    """
    order = loop_order.split("_")
    free = next(loop for loop in order if loop not in operand)
    stride = jnp.ones(())
    for loop in reversed(order[order.index(free) + 1 :]):
        stride = stride * trips[loop]
    steps = jnp.asarray(lanes) / stride
    whole = jnp.abs(steps - jnp.round(steps)) < 0.5 / stride
    share = jnp.clip(1.0 - steps / trips[free], 0.0, 1.0)
    return jnp.where(whole & (steps >= 0.5), share, 0.0)
