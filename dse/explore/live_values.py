"""What of the values of a layer lies on chip, op by op."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dse.arrays import Rows
from dse.compile.function import compile_function
from dse.engines.base import Engine, describe_run
from dse.errors import InputError
from dse.hardware.technology import Technology
from dse.schedule.residency import Held, plan_block
from dse.workload.liveness import Moment
from dse.workload.ops import Block, Ops, Workload


class LiveValues(NamedTuple):
    """The live values of one layer, a value named by the place of its maker.

    `layers` are those of its block; `batch` sequences make a run, `together` of them at
    a time. Numbers are columns `[designs]`, those of rooms `[rooms, designs]`.
    """

    ops: Ops
    layers: int
    moments: tuple[Moment, ...]
    rooms: tuple[str, ...]
    batch: Rows
    together: Rows
    capacity: Rows  # bits
    bits: dict[int, Rows]
    off_chip: dict[int, Rows]  # share


def live_values(
    design: Engine, workload: Workload, technology: Technology
) -> LiveValues:
    """Return the live values of a layer of the block with most ops, on chip and off it.

    Raises `InputError` for a machine that has no bounded buffer for results.
    """
    batch = {"batch": np.asarray([float(workload.batch)])}
    return live_values_of_designs(
        lambda moved: (design, workload.replace(**moved)), batch, technology
    )


def live_values_of_designs(
    ask: Callable[[Mapping[str, Any]], tuple[Engine, Workload]],
    table: Mapping[str, Rows],
    technology: Technology,
) -> LiveValues:
    """Return the same of designs, as `ask` makes them of the numbers of a table."""
    known: list[tuple[Block, Held]] = []

    def answer(moved: Mapping[str, Any]) -> dict[str, Any]:
        design, placed = ask(moved)
        blocks, run = placed.blocks, describe_run(placed)
        kept = [design.storage(one.ops, run, technology) for one in blocks]
        storage = [one for one in kept if one is not None and one.rooms]
        if not storage:
            raise _nothing_kept(design, any(one is not None for one in kept))
        place = max(range(len(blocks)), key=lambda i: len(blocks[i].ops))
        held = plan_block(blocks, storage, placed.batch, place)
        known.append((blocks[place], held))
        return {
            "batch": placed.batch,
            "together": held.together,
            "capacity": [room.capacity for room in held.rooms],
            "bits": held.bits,
            "off_chip": held.off_chip,
        }

    found = compile_function(answer, list(table)).grid(dict(table))
    block, held = known[-1]
    designs = len(next(iter(table.values()), [0]))  # one, where nothing moves

    def column(number: Any) -> Rows:
        return np.broadcast_to(np.asarray(number, float), designs)

    def columns(numbers: Sequence[Any]) -> Rows:
        return np.stack([column(number) for number in numbers])

    return LiveValues(
        ops=block.ops,
        layers=block.repeats,
        moments=held.moments,
        rooms=tuple(room.name for room in held.rooms),
        batch=column(found["batch"]),
        together=column(found["together"]),
        capacity=columns(found["capacity"]),
        bits={maker: columns(bits) for maker, bits in found["bits"].items()},
        off_chip={maker: column(share) for maker, share in found["off_chip"].items()},
    )


def _nothing_kept(design: Engine, unbounded: bool) -> InputError:
    name = type(design).__name__
    if unbounded:
        return InputError(
            f"the buffers of this `{name}` have no bounds by its conventions, so that "
            "no value is ever off chip; take `conventions=dse.PHYSICAL`."
        )
    return InputError(
        f"`{name}` runs attention alone and keeps no values of a layer; plot a pair, "
        "as `dse.Pair(host=dse.TileEngine.edge(), coprocessor=...)`."
    )
