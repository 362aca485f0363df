"""How many values a buffer holds, by hand, of one machine a family (README, 10)."""

from __future__ import annotations

import numpy as np
import pytest

import dse
from dse.engines.base import describe_run
from dse.schedule.spill import read_again
from dse.schedule.traffic import Room, Storage
from dse.workload.layers import Op, chain, linear
from dse.workload.ops import Block
from tests.known_answers.test_nm_engine import QUERY

MIB = 2**23  # bits
TILE = dse.TileEngine.edge()
HALF = QUERY.with_density(activation=0.5, weight=0.25)


def storage(machine: dse.Engine, workload: dse.Workload = QUERY) -> Storage:
    ops = workload.blocks[0].ops
    return machine.storage(ops, describe_run(workload), machine.default_technology())


def rooms(machine: dse.Engine, workload: dse.Workload = QUERY) -> list[float]:
    """Values of a left operand that each buffer of activations holds."""
    found = storage(machine, workload).rooms
    return [float(room.capacity / room.operand[0]) for room in found]


@pytest.mark.parametrize(
    ("machine", "workload", "values"),
    [
        (TILE, QUERY, [4 * MIB / 20, MIB / 2]),
        (TILE, HALF, [4 * MIB / 10, MIB / 2]),
        (dse.NMEngine.edge(), QUERY, [MIB / 2 / 8]),
        (dse.CrossbarEngine.isaac(), QUERY, [168 * 64 * 8192 / 16]),
    ],
)
def test_so_many_activations_stay_on_chip(
    machine: dse.Engine, workload: dse.Workload, values: list[float]
) -> None:
    assert rooms(machine, workload) == pytest.approx(values, rel=1e-6)


@pytest.mark.parametrize(
    ("density", "weights"),
    # the words of 8 MiB; then half of the mask buffer's bits, of 1 MiB
    [(1.0, 8 * MIB / 20), (0.9, 8 * MIB / 18), (0.25, MIB / 2)],
)
def test_tiles_hold_as_many_weights_as_words_and_masks_have_room(
    density: float, weights: float
) -> None:
    found = storage(TILE, QUERY.with_density(weight=density))
    assert float(found.weight_room) == pytest.approx(weights * (20 * density + 1))


# 16,384 weights of a density of 0.9 and 32,768 of 0.6: 0.7 of all are not zero.
def test_ops_of_two_densities_fill_a_buffer_by_their_mean() -> None:
    ops = chain(
        [
            linear("query", 128, 128, 128, reads=(0,)),
            linear("value", 128, 128, 256, reads=(0,)),
        ]
    )
    mixed = ops.replace(weight_density=ops.weight_density * [0.9, 0.6])
    two = QUERY.replace(blocks=(Block(ops=mixed, repeats=1),))
    room = float(storage(TILE.replace(mask_buffer_mib=8), two).weight_room)
    assert room == pytest.approx(8 * MIB / 14 * 15, rel=1e-6)


@pytest.mark.parametrize(
    ("sizes", "weights"),
    # at 2 of 4 a weight has 4 bits of values and 1 of positions
    [
        ({"weight_buffer_kib": 128.0}, 128 * 8192 / 4),
        ({"index_buffer_kib": 64.0}, 64 * 8192 / 1),
    ],
)
def test_the_fuller_of_two_buffers_decides_what_an_nm_engine_holds(
    sizes: dict[str, float], weights: float
) -> None:
    found = storage(dse.NMEngine.edge().replace(**sizes))
    assert float(found.weight_room) == pytest.approx(5 * weights, rel=1e-6)


def test_isaac_holds_the_bits_of_the_cells_of_its_weight_tiles() -> None:
    found = storage(dse.CrossbarEngine.isaac())
    assert float(found.weight_room) == pytest.approx(160 * 96 * 128 * 128 * 2, rel=1e-6)


# The same cells, whatever a weight takes of them: 2 for one of 4 bits, 8 for one of 16.
@pytest.mark.parametrize("form", ["w4a16", "w16a4", "w8a8"])
def test_cells_hold_as_many_bits_of_weights_in_any_format(form: str) -> None:
    found = storage(dse.CrossbarEngine.isaac(), QUERY.with_format(form))
    assert float(found.weight_room) == pytest.approx(160 * 96 * 128 * 128 * 2, rel=1e-6)


def test_half_of_the_plain_machines_buffer_is_for_activations_half_for_weights() -> (
    None
):
    plain, ops = dse.PlainEngine(buffer_mib=2.0), QUERY.blocks[0].ops
    kept = plain.storage(ops, describe_run(QUERY), dse.load_technology("acceltran"))
    assert [float(room.capacity) for room in kept.rooms] == [MIB]
    assert float(kept.weight_room) == MIB


# Queries of 64 x 8 values and as many contexts fill 256 places four times: keys and
# values come three times more, or queries, for what does not fit of keys.
@pytest.mark.parametrize(("keys", "again"), [(16, 0.0), (20, 1.2), (64, 3.0)])
def test_attention_reads_again_whichever_operand_is_less(
    keys: int, again: float
) -> None:
    ops = chain(
        [
            linear("query", 64, 8, 8, reads=(0,)),
            linear("key", keys, 8, 8, reads=(0,)),
            Op("scores", "matmul", (2, 1), 64, keys, 8),
            Op("softmax", "softmax", (1,), 64, keys),
        ]
    )
    one = np.ones(len(ops))
    kept = Storage((Room(256.0, one, one),), 1.0, one, one, one, one, cached=1.0)
    found = read_again(Block(ops=ops, repeats=1), kept, use=2)
    assert float(found) == pytest.approx(again)
