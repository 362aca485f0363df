"""Replay AccelTran's own simulator: in which cycle a run ends, without the long wait.

The simulator steps cycle by cycle. A cycle offers the next transfer of every stream
to the ports, then the next batch of tile ops of every stream to the units, steps them
all, and moves the pointers of what did not stall. A cycle in which all stall changes
nothing, and this replay visits only the others. Three traps decide the cycle count:

- *The jump overshoots.* When all transfers stall and all units are free, the simulator
  skips ahead by the shortest time left on a busy port. It looks *after* the step, so a
  port or a unit that became free in that very step is not seen, and the op that waited
  for it waits on for the whole skip.
- *Heads are skipped.* Once some heads have no transfers left, the others are visited by
  their place in the shortened list. A head that is not visited counts as not stalled,
  and loses its transfer.
- *One op too many* in every batch outside the heads.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dse.evidence.acceltran_run import SimulatorRun
from dse.evidence.acceltran_simulator.batches import Batches, TileTimes
from dse.evidence.acceltran_simulator.buffers import Buffer
from dse.evidence.acceltran_simulator.ops import Program, Shape, build_program
from dse.evidence.acceltran_simulator.transfers import Rates, Transfers
from dse.evidence.acceltran_simulator.unfinished import Deadlock, Failure, Unfinished
from dse.evidence.acceltran_simulator.units import POOLS, Units

__all__ = [
    "Deadlock",
    "Failure",
    "ReplayResult",
    "SimulatorRun",
    "Unfinished",
    "replay",
    "replay_program",
]

_MIB = 8 * 2**20  # bits


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """What the simulator reports of a run.

    `issued` counts tile ops by kind, those issued twice twice; `port_cycles` the busy
    cycles by purpose and port ('embedding weight', 'load mask', 'store activation');
    `peak_mib` the most that each buffer held; `skipped` names the data whose transfer
    never took place.
    """

    cycles: int
    embedding_cycles: int
    loads: int
    stores: int
    issued: dict[str, int]
    port_cycles: dict[str, int]
    peak_mib: dict[str, float]
    skipped: tuple[str, ...]


def replay(run: SimulatorRun) -> ReplayResult:
    """Return what AccelTran's simulator reports of a run, exact to the cycle.

    Raises:
        Deadlock: the run never ends; the message says which op waits for what.
        Failure: the simulator stops with an exception.
        InputError: the model dictionary cannot be read.
    """
    shape = Shape(run.batch, run.seq_len, run.vocab, run.tile_b, run.tile_xy)
    return replay_program(build_program(run.model, shape), run)


def replay_program(program: Program, run: SimulatorRun) -> ReplayResult:
    """Return what the simulator reports of given op lists on the machine of a run.

    Raises:
        Deadlock: the run never ends; the message says which op waits for what.
        Failure: the simulator stops with an exception.
    """
    transfers, batches = _memory(program, run), _compute(program, run)
    cycle = 0
    while not batches.finished:
        cycle = _next_cycle(cycle, transfers, batches)
    return ReplayResult(
        cycles=cycle,
        embedding_cycles=transfers.port_cycles["embedding weight"],
        loads=transfers.started["load"],
        stores=transfers.started["store"],
        issued={kind: batches.issued[kind] for kind in POOLS},
        port_cycles=dict(transfers.port_cycles),
        peak_mib={buffer.name: buffer.peak / _MIB for buffer in transfers.buffers},
        skipped=tuple(transfers.skipped),
    )


def _next_cycle(cycle: int, transfers: Transfers, batches: Batches) -> int:
    """Run one cycle and return the next one in which anything can happen."""
    transfer_stalls = transfers.offer(cycle, batches.complete)
    batch_stalls = batches.offer(cycle, transfers.shows)
    after = cycle + 1
    changed = [transfers.settle(after), batches.settle(after)]
    if transfers.unmarked or batches.unmarked:
        changed.append(transfers.mark(batches.needed(), batches.released()))
    stuck = False not in transfer_stalls and not transfers.exhausted
    if stuck and batches.units.idle:
        skip = min(transfers.ends, default=after) - after
        if skip > 1:
            transfers.settle(after + skip)
            return after + skip
    changed += [transfers.move_on(transfer_stalls), batches.move_on(batch_stalls)]
    if any(changed):
        return after
    event = min(batches.units.next_end, *transfers.ends, math.inf)
    if event == math.inf:
        waits = batches.waits(transfers.shows) + transfers.waits(batches.complete)
        raise Deadlock(_explain(cycle, waits, transfers.skipped))
    return max(after, int(event) - 1)  # the cycle whose step brings the event


def _explain(cycle: int, waits: list[str], skipped: list[str]) -> str:
    more = f", and {len(waits) - 3} more wait" if len(waits) > 3 else ""
    told = f" It had skipped {len(skipped)} transfers." if skipped else ""
    return (
        f"AccelTran's simulator never ends this run; from cycle {cycle} on "
        f"{'; '.join(waits[:3])}{more}.{told} Choose an issue batch that divides "
        "every op count and that the units can hold, and at most two heads per layer."
    )


def _memory(program: Program, run: SimulatorRun) -> Transfers:
    weight_bits = run.word_bits * (1.0 - run.weight_sparsity)
    activation_bits = run.word_bits * (1.0 - run.activation_sparsity)
    return Transfers(
        program.transfers,
        weight=Buffer("weight", run.weight_buffer_mib * _MIB, weight_bits),
        activation=Buffer(
            "activation", run.activation_buffer_mib * _MIB, activation_bits
        ),
        mask=Buffer("mask", run.mask_buffer_mib * _MIB, 1.0),
        rates=Rates(load=run.load_bandwidth, store=run.store_bandwidth),
    )


def _compute(program: Program, run: SimulatorRun) -> Batches:
    return Batches(
        program.stages,
        issue_batch=run.issue_batch,
        units=Units(
            pes=run.pes,
            lanes_per_pe=run.lanes_per_pe,
            softmax_per_pe=run.softmax_per_pe,
        ),
        times=TileTimes(
            tile_b=run.tile_b,
            tile_xy=run.tile_xy,
            multipliers=run.multipliers_per_lane,
            density=1.0 - run.activation_sparsity,
        ),
    )
