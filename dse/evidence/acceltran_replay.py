"""Replay AccelTran's own simulator: the cycle in which each run ends, without the wait.

The simulator steps cycle by cycle. A cycle first offers the next transfer of every stream
to the ports, then the next batch of tile ops of every stream to the units, then steps all
of them, and at last moves the pointers of what did not stall. Nothing changes in a cycle
in which all stall, so this replay visits only the others.

Three traps decide the cycle count, and are kept:

- *The jump overshoots.* When a cycle stalls everywhere, all units are free and transfers
  are left, the simulator skips ahead by the shortest time left on a busy port. It looks
  *after* the step, so a port or a unit that became free in that very step is not seen: its
  waiting op loses the whole skip.
- *Heads are skipped.* Once some heads have no transfers left, the others are visited by
  their place in the shortened list. A head that is not visited counts as not stalled, and
  loses its transfer.
- *One op too many.* Outside the heads a batch holds one op more than the pointer moves.

Units are occupied one cycle longer than their op takes. Equal priorities of heads are
taken in order of the heads.

Source: tuli2023acceltran, simulator at commit ea7ba16.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from dse.evidence.acceltran_cursor import Batch, Cursor, Stream
from dse.evidence.acceltran_ops import (
    Kind,
    Program,
    Shape,
    Stage,
    StageGroup,
    Transfer,
    build_program,
)
from dse.evidence.acceltran_resources import (
    Buffer,
    Deadlock,
    Failure,
    Unfinished,
    Units,
)
from dse.evidence.acceltran_run import SimulatorRun

__all__ = [
    "Deadlock",
    "Failure",
    "ReplayResult",
    "SimulatorRun",
    "Unfinished",
    "replay",
    "replay_program",
]

POOLS: dict[Kind, str] = {
    "matmul": "lane",
    "conv": "lane",
    "nonlin": "lane",
    "softmax": "softmax",
    "ln": "ln",
}
Stalls = list[bool | None]


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """What the simulator would report of a run.

    `issued` counts tile ops by kind (those issued twice count twice); `port_cycles` the
    busy cycles by purpose and port; `peak_mib` the fullest state of each buffer;
    `skipped` names the data whose transfer was lost.
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
    """Return what AccelTran's simulator reports for a run, exact to the cycle.

    Raises:
        Deadlock: the run would never end; the message says what waits for what.
        Failure: the simulator would stop with an exception.
        InputError: the model dictionary cannot be read.
    """
    shape = Shape(run.batch, run.seq_len, run.vocab, run.tile_b, run.tile_xy)
    return replay_program(build_program(run.model, shape), run)


def replay_program(program: Program, run: SimulatorRun) -> ReplayResult:
    """Return what the simulator reports for op lists of one's own on the run's machine.

    Raises:
        Deadlock: the run would never end; the message says what waits for what.
        Failure: the simulator would stop with an exception.
    """
    return _Scheduler(program, run).result()


class _Scheduler:
    """The simulator's state between two cycles, and the rules of one cycle."""

    def __init__(self, program: Program, run: SimulatorRun) -> None:
        self.run = run
        word, bits = run.word_bits, 8 * 1024 * 1024
        self.weight = Buffer(
            "weight", run.weight_buffer_mib * bits, word * (1.0 - run.weight_sparsity)
        )
        self.activation = Buffer(
            "activation",
            run.activation_buffer_mib * bits,
            word * (1.0 - run.activation_sparsity),
        )
        self.mask = Buffer("mask", run.mask_buffer_mib * bits, 1.0)
        self.buffers = (self.weight, self.activation, self.mask)
        self.units: Units[Batch] = Units(
            lanes=run.pes * run.lanes_per_pe,
            pes=run.pes,
            softmax_per_pe=run.softmax_per_pe,
        )
        self.transfers = Cursor(program.transfers, step=1, ops_in=lambda transfer: 1)
        self.compute = Cursor(
            program.stages, step=run.issue_batch, ops_in=lambda stage: stage.tiles
        )
        self.outer = Stream(program.stages)
        self.groups = {
            index: [Stream(head) for head in entry]
            for index, entry in enumerate(program.stages)
            if isinstance(entry, tuple)
        }
        self.last = program.stages[-1]
        self.complete: set[Stage | StageGroup] = set()
        self.released_from = 0
        self.marks_stale = True
        self.issued: Counter[str] = Counter()
        self.port_cycles: Counter[str] = Counter()
        self.moved: Counter[str] = Counter()
        self.skipped: list[str] = []
        self.moves = self._next_transfers()
        self.batches = self._next_batches()

    def result(self) -> ReplayResult:
        """Run until the last tile op is done."""
        cycle = 0
        while self.last not in self.complete:
            cycle = self._cycle(cycle)
        return ReplayResult(
            cycles=cycle,
            embedding_cycles=self.port_cycles["embedding weight"],
            loads=self.moved["load"],
            stores=self.moved["store"],
            issued={kind: self.issued[kind] for kind in POOLS},
            port_cycles=dict(self.port_cycles),
            peak_mib={b.name: b.peak / 2**23 for b in self.buffers},
            skipped=tuple(self.skipped),
        )

    def _cycle(self, cycle: int) -> int:
        """Run one cycle and return the next one in which something can happen."""
        transfer_stalls = self._offer_transfers(cycle)
        batch_stalls = self._offer_batches(cycle)
        changed = self._settle(cycle + 1)
        stuck = self.transfers.position is not None and False not in transfer_stalls
        if stuck and self.units.idle:
            skip = min(self._port_ends(), default=cycle + 1) - (cycle + 1)
            if skip > 1:
                for buffer in self.buffers:
                    self.marks_stale |= buffer.settle(cycle + 1 + skip)
                return cycle + 1 + skip
        if self._move_on(transfer_stalls, batch_stalls) or changed:
            return cycle + 1
        event = min([self.units.next_end, *self._port_ends()])
        if event == math.inf:
            raise self._deadlock(cycle)
        return max(cycle + 1, int(event) - 1)

    def _offer_transfers(self, cycle: int) -> Stalls:
        """Offer each stream's next transfer to the ports, the heads behind going first."""
        moves = self.moves
        stalls: Stalls = [None] * len(moves)
        order = list(range(len(moves)))
        waiting = [at for at in self.transfers.heads if at is not None]
        if sum(move is not None for move in moves) > 1:
            order = sorted(range(len(waiting)), key=waiting.__getitem__)
        for head in order:
            move = moves[head]
            if move is not None:
                stalls[head] = not self._start_transfer(move, cycle)
        return stalls

    def _start_transfer(self, move: Transfer, cycle: int) -> bool:
        """Start a transfer if ports, space and its result allow; say whether it went."""
        buffer = self.activation if move.is_store else self.weight
        if buffer.arriving is not None or self.mask.arriving is not None:
            return False
        data, elements = move.data, move.elements
        if not (buffer.has_room(data, elements) and self.mask.has_room(data, elements)):
            return False
        if move.after is not None and move.after not in self.complete:
            return False
        way = "store" if move.is_store else "embedding" if move.pinned else "load"
        rate = self.run.store_bandwidth if move.is_store else self.run.load_bandwidth
        for place in (buffer, self.mask):
            self.port_cycles[f"{way} {place.name}"] += place.receive(
                data, elements, cycle=cycle, rate=rate, pinned=move.pinned
            )
        self.moved["store" if move.is_store else "load"] += buffer.arriving is not None
        return True

    def _offer_batches(self, cycle: int) -> Stalls:
        """Offer each stream's next batch to the units, head by head."""
        stalls: Stalls = [None] * len(self.batches)
        for head, batch in enumerate(self.batches):
            if batch is None:
                continue
            pool = POOLS[batch.kind]
            if not self.units.fit(pool, batch.ops) or self._missing(batch):
                stalls[head] = True
                continue
            self.units.occupy(pool, batch.ops, self._end(batch, cycle), batch)
            self.issued[batch.kind] += batch.ops
        return stalls

    def _end(self, batch: Batch, cycle: int) -> float:
        """Return when the units of a batch are free again: one cycle after its last."""
        tile, dense = self.run.tile_xy, 1 - self.run.activation_sparsity
        if batch.kind == "nonlin":
            busy = 1
        elif batch.kind == "softmax":
            busy = math.ceil(tile * tile * dense)
        elif batch.kind == "ln":
            busy = math.ceil(self.run.tile_b * (tile + tile) * dense)
        else:
            steps = batch.multiplications / self.run.multipliers_per_lane
            busy = math.ceil(steps * dense)
        return cycle + busy + 1 if busy >= 0 else math.inf

    def _missing(self, batch: Batch) -> str | None:
        """Name a datum that a batch needs and that is in neither buffer."""
        for data in batch.needs:
            if not (self.activation.shows(data) or self.weight.shows(data)):
                return data
        return None

    def _settle(self, cycle: int) -> bool:
        """Step ports and units up to `cycle`; say whether anything ended."""
        changed = False
        for buffer in self.buffers:
            changed |= buffer.settle(cycle)
        self.marks_stale |= changed
        for batch in self.units.settle(cycle):
            changed = True
            for index, first, last in batch.runs:
                self.marks_stale |= batch.stream.finish(first, last)
                if last == batch.stream.ends[index]:
                    self.complete.add(batch.stream.entries[index])
        if self.marks_stale:
            changed |= self._mark_required()
        return changed

    def _mark_required(self) -> bool:
        """Mark what the heads of the issue lists need; release what done ops needed."""
        self.marks_stale = False
        needed = {name for batch in self.batches if batch for name in batch.needs}
        released: set[str] = set()
        for index in self.outer.done_from(self.released_from):
            streams = [(self.outer, range(index, index + 1))]
            if index in self.groups:
                streams = [(head, head.done_from(0)) for head in self.groups[index]]
            for stream, done in streams:
                for stage in (stream.entries[at] for at in done):
                    released.update(stage.needs if isinstance(stage, Stage) else ())
        self.released_from = max(self.released_from, self.outer.last_done_op)
        return any([buffer.mark(needed, released) for buffer in self.buffers])

    def _move_on(self, transfer_stalls: Stalls, batch_stalls: Stalls) -> bool:
        """Move the pointers of what did not stall; say whether any moved."""
        for move, stall in zip(self.moves, transfer_stalls, strict=True):
            if move is not None and stall is None:
                self.skipped.append(move.data)
        moved = self.transfers.update(transfer_stalls)
        if moved:
            self.moves = self._next_transfers()
        if not self.compute.update(batch_stalls):
            return moved
        needs = [batch and batch.needs for batch in self.batches]
        self.batches = self._next_batches()
        self.marks_stale |= needs != [batch and batch.needs for batch in self.batches]
        return True

    def _next_transfers(self) -> list[Transfer | None]:
        """Return the transfer that each stream waits to start."""
        if self.transfers.position is None:
            return [None]
        entry = self.transfers.entries[self.transfers.index]
        if isinstance(entry, Transfer):
            return [entry]
        heads = zip(entry, self.transfers.heads, strict=True)
        return [None if at is None else head[at] for head, at in heads]

    def _next_batches(self) -> list[Batch | None]:
        """Return the batch that each stream waits to issue."""
        position, size = self.compute.position, self.run.issue_batch
        if position is None:
            return [None]
        group = self.groups.get(self.compute.index)
        if group is None:
            width = size + 1 if size > 1 else 1
            return [self.outer.batch(position, width, unbroken=True)]
        return [
            None if at is None else stream.batch(at, size, unbroken=False)
            for stream, at in zip(group, self.compute.heads, strict=True)
        ]

    def _port_ends(self) -> list[int]:
        """Return when the busy ports will be idle."""
        return [
            buffer.free_at for buffer in self.buffers if buffer.arriving is not None
        ]

    def _deadlock(self, cycle: int) -> Deadlock:
        """Say which ops wait, and for what, in a run that will never end."""
        waits = [self._why_batch(batch) for batch in self.batches if batch]
        waits += [self._why_transfer(move) for move in self.moves if move]
        lost = f" Lost transfers: {', '.join(self.skipped)}." if self.skipped else ""
        return Deadlock(
            f"The simulator waits for ever from cycle {cycle} on: {'; '.join(waits)}."
            f"{lost} Change the issue batch, the machine or the heads, or use the model "
            "of the machine instead of its simulator."
        )

    def _why_batch(self, batch: Batch) -> str:
        stages = [batch.stream.entries[index] for index, _, _ in batch.runs]
        names = " with ".join(f"`{s.name}`" for s in stages if isinstance(s, Stage))
        data = self._missing(batch)
        if data is not None:
            return f"{names} waits for `{data}`"
        pool = POOLS[batch.kind]
        return f"{names} waits for {batch.ops} {pool} units at once"

    def _why_transfer(self, move: Transfer) -> str:
        way = "store" if move.is_store else "load"
        if move.after is not None and move.after not in self.complete:
            return f"the {way} of `{move.data}` waits for the last op of `{move.after.name}`"
        return f"the {way} of `{move.data}` waits for room in its buffers"
