"""What of the values of a layer lies on chip, op by op."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dse.compile.function import compile_function
from dse.engines.base import Engine, describe_run
from dse.errors import InputError
from dse.hardware.technology import Technology
from dse.schedule.residency import Held, plan_block
from dse.workload.ops import Workload


def live_values(
    design: Engine, workload: Workload, technology: Technology, block: int
) -> Held:
    """Return the live values of a block on chip and off it, as numbers.

    Raises `InputError` for a machine that has no bounded buffer for results.
    """
    known: list[Held] = []

    def answer(moved: Mapping[str, Any]) -> dict[str, Any]:
        placed = workload.replace(**moved)
        run = describe_run(placed)
        kept = [design.storage(one.ops, run, technology) for one in placed.blocks]
        storage = [one for one in kept if one is not None and one.rooms]
        if not storage:
            raise _nothing_kept(design, any(one is not None for one in kept))
        held = plan_block(placed.blocks, storage, placed.batch, block)
        known.append(held)
        return {
            "together": held.together,
            "capacity": [room.capacity for room in held.rooms],
            "bits": held.bits,
            "off_chip": held.off_chip,
        }

    function = compile_function(answer, ["batch"])
    found = function.grid({"batch": np.asarray(float(workload.batch))})
    rooms = zip(known[-1].rooms, found.pop("capacity"), strict=True)
    return known[-1]._replace(
        rooms=tuple(room._replace(capacity=capacity) for room, capacity in rooms),
        **found,
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
