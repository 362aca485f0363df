"""How often a lane finds a tile in place: the formula against plain enumeration."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.engines.operand_reuse import LEFT, RIGHT, reuse_share
from dse.engines.tile.work import missed_shares

LOOPS = "bikj"
ORDERS = ["_".join(order) for order in itertools.permutations(LOOPS)]
LANES = np.asarray([1, 2, 3, 4, 5, 6, 8, 9, 12, 18, 24, 25, 36, 1000])
TRIPS = [
    dict(zip(LOOPS, counts, strict=True))
    for counts in itertools.product((1, 2, 3), (1, 3, 4), (2, 3), (1, 2, 3))
]


def share_by_counting(order: str, trips: dict[str, int], operand: str) -> Any:
    """Deal tile ops round robin; count those whose lane had the tile last, `[lanes]`.

    A lane sees every U-th op; its first one finds nothing in place.
    """
    loops = order.split("_")
    shape = [trips[loop] for loop in loops]
    digits = np.indices(shape).reshape(len(loops), -1)
    own = [loops.index(loop) for loop in operand]
    tiles = np.ravel_multi_index(tuple(digits[own]), [shape[place] for place in own])
    found = [np.sum(tiles[lanes:] == tiles[:-lanes]) for lanes in LANES]
    return np.asarray(found) / tiles.size


@pytest.mark.parametrize("operand", [LEFT, RIGHT])
@pytest.mark.parametrize("order", ORDERS)
def test_the_share_is_what_dealing_the_tiles_out_gives(
    order: str, operand: str
) -> None:
    counted = np.stack([share_by_counting(order, t, operand) for t in TRIPS])
    columns = {loop: jnp.asarray([float(t[loop]) for t in TRIPS]) for loop in LOOPS}
    lanes = jnp.asarray(LANES, float)

    def shares(trips: Any) -> Any:
        return jax.vmap(lambda n: reuse_share(order, trips, n, operand))(lanes)

    np.testing.assert_allclose(jax.vmap(shares)(columns), counted, atol=1e-6)


def test_lanes_that_divide_no_stride_find_nothing() -> None:
    trips = dict.fromkeys(LOOPS, 4.0)
    # Along `j`, tiles of the left operand come back after 4 ops, not after 6.
    assert reuse_share("b_i_j_k", trips, 6, LEFT) == 0.0
    assert reuse_share("b_i_j_k", trips, 8, LEFT) == 0.5


def test_the_default_order_is_among_the_best_for_four_lanes() -> None:
    # Products of 64 x 64 by 64 x 64, four of them, in tiles of 1 x 16 x 16.
    trips = dict.fromkeys(LOOPS, 4.0)
    found = {
        order: float(sum(reuse_share(order, trips, 4, side) for side in (LEFT, RIGHT)))
        for order in ORDERS
    }
    assert found["b_i_j_k"] == found["k_i_j_b"] == max(found.values()) == 0.75
    assert min(found.values()) == 0.0


def test_lanes_that_hold_an_operand_do_not_read_it_again() -> None:
    """Of 4,096 tile ops along a row, 1,024 lanes read its left tile once each."""
    edge = dse.TileEngine.edge().replace(loop_order="b_i_k_j")
    missed = missed_shares(edge, {"b": 1.0, "i": 8.0, "k": 48.0, "j": 4096.0})
    assert float(missed[LEFT]) == pytest.approx(1024 / 4096)
    assert float(missed[RIGHT]) == 1.0
