"""What lives where over a whole run, and so what crosses the main-memory port.

Weights and caches live off chip, results of ops in the activation buffer, as far as
they fit. One policy serves all engines that have such a buffer:

    A value that is made in a run is kept on chip from its making to its last use. Where
    those alive together do not fit, they are kept in the order of their next use; of
    the others, what does not fit is written once, as it is made, and read at each use.

With b sequences side by side in a buffer of C bits, a value of S bits a sequence whose
fullest moment holds H bits, its own and those kept before it, leaves off chip

    clip(H - C / b, 0, S)    bits a sequence.

A batch runs in parts of b sequences where that moves fewer bits: weights are read once
a part, so that a sequence costs W / b + sum of all that is off chip, which is least
where b is the batch or a value begins not to fit, b = C / H. Attention takes one group
of heads after another, so that scores never leave the chip.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from dse.records import Record, quantity, record
from dse.smooth import ceil
from dse.workload.liveness import BEFORE, Value, live_values
from dse.workload.ops import Block

ORIGINS = ("weights", "cache", "input", "output", "spilled", "refetched")
WITH_WEIGHTS = ("linear", "convolution")
_COMPULSORY = ("cache", "input", "output")  # fields of `Traffic` that begin so


@record
class Traffic(Record):
    """What one op moves over the main-memory port, for all sequences of a batch.

    Scalars; ops of one kind together as `[ops]`.
    """

    weights: Any = quantity("bit", "weights read", default=0.0)
    cache_read: Any = quantity("bit", "keys and values of earlier tokens", default=0.0)
    cache_written: Any = quantity("bit", "keys and values appended", default=0.0)
    input: Any = quantity("bit", "what the run is given", default=0.0)
    output: Any = quantity("bit", "what the run answers", default=0.0)
    spill_read: Any = quantity("bit", "results that were off chip", default=0.0)
    spill_written: Any = quantity("bit", "results that did not fit", default=0.0)
    refetched: Any = quantity("bit", "operands that are read again", default=0.0)

    @property
    def read(self) -> Any:
        """Bits that come over the port."""
        return self.weights + self.operands

    @property
    def operands(self) -> Any:
        """Bits that come over the port and are no weights."""
        return self.cache_read + self.input + self.spill_read + self.refetched

    @property
    def written(self) -> Any:
        """Bits that go over the port."""
        return self.cache_written + self.output + self.spill_written

    @property
    def by_origin(self) -> dict[str, Any]:
        """Bits by origin, one of `ORIGINS`, both ways together."""
        return {
            "weights": self.weights,
            "cache": self.cache_read + self.cache_written,
            "input": self.input,
            "output": self.output,
            "spilled": self.spill_read + self.spill_written,
            "refetched": self.refetched,
        }


class Room(NamedTuple):
    """A buffer that values must find room in, and what one value takes of it, [ops]."""

    capacity: Any
    operand: Any  # taken by one value of a left operand
    result: Any  # by one value of a result


class Storage(NamedTuple):
    """How a machine keeps the values of a block: sizes in bits, rooms in bits.

    Columns are `[ops]`, or `[layers, ops]` where layers differ.
    """

    rooms: tuple[Room, ...]  # for activations; none: nothing is ever off chip
    weight_room: Any
    weights: Any  # of each op as they are stored, [ops]
    gathered: Any  # by an embedding, a sequence, [ops]
    operand: Any  # one value of a left operand, [ops]
    result: Any  # one value of a result, [ops]
    cached: Any  # one value of a cache
    fetched: Any = 1.0  # share of the weights that is not on chip when a run begins
    weights_stay: bool = False  # from run to run, if there is room
    hands_over: frozenset[str] | None = None  # see `Pair`; what is charged elsewhere
    grain: Any = 1.0  # sequences that are worked on as one


class _Fill(NamedTuple):
    """How a value finds room in one buffer; in units of that buffer a sequence."""

    fullest: Any  # H
    size: Any  # S
    capacity: Any  # C

    def off_chip(self, together: Any) -> Any:
        """Return the part that does not fit, with some sequences together."""
        return jnp.clip(self.fullest - self.capacity / together, 0.0, self.size)


class _Cost(NamedTuple):
    """Bits a sequence that a value costs as far as it is off chip."""

    factor: Any
    bits: Any
    fills: tuple[_Fill, ...]

    def off_chip(self, together: Any) -> Any:
        """Return the bits a sequence that do not fit: in the buffer that lacks most."""
        shares = [
            fill.off_chip(together) / jnp.maximum(fill.size, 1e-9)
            for fill in self.fills
        ]
        return self.bits * functools.reduce(jnp.maximum, shares)


class _Plan:
    """What each op of each block moves, as terms that hang on the part's size."""

    def __init__(self, blocks: Sequence[Block], storage: Sequence[Storage]) -> None:
        self.blocks = blocks
        self.storage = storage
        self.live = [live_values(block.ops) for block in blocks]
        self.weights: dict[tuple[int, int], Any] = {}  # bits of each op, once a part
        # What each op moves by field, of so many sequences together.
        self.terms: dict[tuple[int, int, str], list[Callable[[Any], Any]]] = {}
        self.once: list[tuple[tuple[int, int, str], Any]] = []  # bits a sequence
        self.costs: list[tuple[Any, _Cost]] = []  # with how often the term is met
        for number in range(len(blocks)):
            self._add_weights(number)
            if storage[number].rooms:
                self._add_cache_and_input(number)
                self._add_values(number)
        self._add_output()

    # -- terms -------------------------------------------------------------------------

    def _add(
        self, block: int, op: int, field: str, bits: Any, share: Any = 1.0
    ) -> None:
        """Let an op move some bits a sequence, or a share of what is off chip."""
        if field.startswith(_COMPULSORY):
            self.once.append(((block, op, field), bits))
        off_chip = bits.off_chip if isinstance(bits, _Cost) else lambda b: bits
        terms = self.terms.setdefault((block, op, field), [])
        terms.append(lambda b: share * b * off_chip(b))

    def _add_weights(self, number: int) -> None:
        block, storage = self.blocks[number], self.storage[number]
        share: Any = storage.fetched
        if block.shared and block.repeats > 1:
            total = sum(_weights(block, storage))
            again = 1.0 - jnp.minimum(storage.weight_room / total, 1.0)
            share = (share + (block.repeats - 1) * again) / block.repeats
        for i, kind in enumerate(block.ops.kinds):
            if kind in WITH_WEIGHTS:
                self.weights[number, i] = _at(storage.weights, i) * share
            elif kind == "embedding":
                self._add(number, i, "input", _at(storage.gathered, i))

    def _add_cache_and_input(self, number: int) -> None:
        """Add the cache that attention reads, and operands that come from elsewhere."""
        block, storage = self.blocks[number], self.storage[number]
        ops = block.ops
        for i, kind in enumerate(ops.kinds):
            if kind != "matmul" or storage.hands_over is not None:
                continue
            again = _read_again(block, storage, i)
            heads, cached = _at(ops.heads, i), _at(ops.cached, i)
            left, *right = [not back for back in ops.reads[i]]
            bits = heads * cached * storage.cached
            self._add(number, i, "cache_read", bits)
            self._add(number, i, "refetched", again * bits)
            if left:
                bits = heads * _at(ops.rows, i) * _at(ops.inner, i)
                self._add(number, i, "input", bits * _at(storage.operand, i))
            if any(right):
                new = _at(ops.inner, i) * _at(ops.columns, i) - cached
                bits = heads * new * _at(storage.operand, i)
                self._add(number, i, "input", bits)
                self._add(number, i, "refetched", again * bits)

    def _add_values(self, number: int) -> None:
        for value in self.live[number].values:
            if value.maker == BEFORE:
                self._add_block_input(number, value)
            else:
                self._add_result(number, value)

    def _add_result(self, number: int, value: Value) -> None:
        block, storage = self.blocks[number], self.storage[number]
        if self._crosses(number, value):
            self._hand_over(number, value)
            return
        size = self._size(number, value.maker)
        appended = _appended(block, value)
        words = size / _at(storage.result, value.maker)
        self._add(
            number, value.maker, "cache_written", appended * words * storage.cached
        )
        fullest = self._fullest(number, value.beside)
        self._spill(number, value, fullest, written=1.0 - appended)

    def _crosses(self, number: int, value: Value) -> bool:
        """Say whether a value is made on one machine and read on another one."""
        if self.storage[number].hands_over is None:
            return False
        kinds = self.blocks[number].ops.kinds
        places = [value.maker, *value.uses]
        return any(kinds[place] == "matmul" for place in places if place != BEFORE)

    def _hand_over(self, number: int, value: Value) -> None:
        """Move a value from host to co-processor, or back, through main memory.

        What the co-processor does not count itself is charged to the host.
        """
        kinds, size = self.blocks[number].ops.kinds, self._size(number, value.maker)
        charged = self.storage[number].hands_over or frozenset()
        made_there = kinds[value.maker] == "matmul"
        what = "result" if made_there else "operands"
        if f"{what} written" not in charged:
            payer = value.uses[0] if made_there else value.maker
            self._add(number, payer, "spill_written", size)
        for use in value.uses:
            if kinds[use] != "matmul" or f"{what} read" not in charged:
                self._add(number, use, "spill_read", size)

    def _add_block_input(self, number: int, value: Value) -> None:
        """Add what a block reads, made by the one before it or a repeat earlier."""
        repeats = self.blocks[number].repeats
        fullest = self._fullest(number, value.beside)
        if number == 0:
            self._add(number, value.uses[0], "input", self._size(number, BEFORE))
            self._spill(number, value, fullest, written=0.0, given=True)
            return
        for maker, times in ((number - 1, 1), (number, repeats - 1)):
            if not times:
                continue
            born = self._fullest(maker, (self.live[maker].at_birth_of_result,))
            if maker != number:
                born = [_layer(size, -1) for size in born]
            most = [*map(jnp.maximum, fullest, born)]
            cost = self._spill(number, value, most, written=0.0, share=times / repeats)
            if maker != number:
                cost = jax.tree.map(lambda bits: _layer(bits, 0), cost)
            self.costs.append((times, cost))
            last = len(self.blocks[maker].ops) - 1
            share = times / self.blocks[maker].repeats
            self._add(maker, last, "spill_written", cost, share)

    def _spill(
        self,
        number: int,
        value: Value,
        fullest: list[Any],
        *,
        written: Any,
        share: float = 1.0,
        given: bool = False,
    ) -> _Cost:
        """Add what a value costs that may not fit, in a share of the repeats.

        What was `given` to the run has been read whole at its first use.
        """
        block, storage = self.blocks[number], self.storage[number]
        fills = [
            _Fill(most, self._size(number, value.maker, room), room.capacity)
            for most, room in zip(fullest, storage.rooms, strict=True)
        ]
        cost = _Cost(1.0, self._size(number, value.maker), tuple(fills))
        if value.maker != BEFORE:
            self._add(number, value.maker, "spill_written", cost, share * written)
        factor: Any = written
        for place, use in enumerate(value.uses):
            once = 0.0 if given and place == 0 else 1.0
            again = _read_again(block, storage, use)
            factor = factor + once + again
            self._add(number, use, "spill_read", cost, share * once)
            self._add(number, use, "refetched", cost, share * again)
        self.costs.append((share * block.repeats, cost._replace(factor=factor)))
        return cost

    def _add_output(self) -> None:
        """Add what leaves: the last result, and those that no block reads."""
        for number, block in enumerate(self.blocks):
            last = len(block.ops) - 1
            own = self.live[number].reads_block_before
            after = number + 1 < len(self.blocks)
            read = after and self.live[number + 1].reads_block_before
            times = (0 if own else block.repeats - 1) + (0 if read else 1)
            if times and self.storage[number].rooms:
                bits = self._size(number, last) * (times / block.repeats)
                self._add(number, last, "output", bits)

    # -- sizes -------------------------------------------------------------------------

    def _size(self, number: int, maker: int, room: Room | None = None) -> Any:
        """Return the bits of a result of one sequence, or what it takes of a room."""
        kept = room or self.storage[number]
        if maker == BEFORE:
            return self._input_values(number) * self._input_bits(number, kept)
        ops = self.blocks[number].ops
        values = _at(ops.heads, maker) * _at(ops.rows, maker) * _at(ops.columns, maker)
        return values * _at(kept.result, maker)

    def _input_values(self, number: int) -> Any:
        """Return the values of what a block reads, from the first op that does."""
        ops, first, adds = self.blocks[number].ops, *self._first_reader(number)
        inner, columns = _at(ops.inner, first), _at(ops.columns, first)
        width = columns if adds else jnp.where(inner > 0, inner, columns)
        return _at(ops.rows, first) * width

    def _input_bits(self, number: int, kept: Room | Storage) -> Any:
        first, adds = self._first_reader(number)
        return _at(kept.result if adds else kept.operand, first)

    def _first_reader(self, number: int) -> tuple[int, bool]:
        """Return the first op that reads the block's input; whether it adds it."""
        reads = self.blocks[number].ops.reads
        first = next(i for i, places in enumerate(reads) if 0 in places)
        return first, bool(reads[first][0])

    def _fullest(self, number: int, beside: Sequence[frozenset[int]]) -> list[Any]:
        """Return what the fullest moment takes of each room."""
        return [
            functools.reduce(
                jnp.maximum,
                [
                    sum(self._held(number, maker, room) for maker in sorted(makers))
                    for makers in beside
                ],
            )
            for room in self.storage[number].rooms
        ]

    def _held(self, number: int, maker: int, room: Room) -> Any:
        """Return what a result takes of a room; nothing if it changes machines."""
        values = {value.maker: value for value in self.live[number].values}
        if maker in values and self._crosses(number, values[maker]):
            return 0.0
        return self._size(number, maker, room)

    # -- answers -----------------------------------------------------------------------

    def together(self, batch: Any) -> Any:
        """Return how many sequences run together: the batch, or a part that pays."""
        if isinstance(batch, int | float) and batch <= 1.0:
            return batch
        weights = sum(
            self.blocks[number].repeats * _mean(bits)
            for (number, _), bits in self.weights.items()
        )

        def cost(b: Any) -> Any:
            total = weights / b
            for times, value in self.costs:
                bits = value.factor * value.off_chip(b)
                total = total + times * _mean(bits)
            return total

        best, least, grain = batch, cost(batch), self.storage[0].grain
        for fill in (fill for _, value in self.costs for fill in value.fills):
            fullest = jnp.maximum(_largest(fill.fullest), 1.0)
            fits = -grain * ceil(-fill.capacity / fullest / grain)
            part = jnp.minimum(jnp.maximum(fits, grain), batch)
            own = cost(part)
            best = jnp.where(own < least, part, best)
            least = jnp.minimum(own, least)
        return best

    def compulsory(self, batch: Any) -> dict[str, Any]:
        """Return the bits a sequence of weights, cache, input and output, each once."""
        sets = sum(
            block.weight_sets * _mean(sum(_weights(block, storage)))
            for block, storage in zip(self.blocks, self.storage, strict=True)
            if not storage.weights_stay and _weights(block, storage)
        )
        found = dict.fromkeys(("cache", "input", "output"), jnp.zeros(()))
        for (number, _, field), bits in self.once:
            origin, repeats = field.partition("_")[0], self.blocks[number].repeats
            found[origin] = found[origin] + repeats * _mean(bits)
        return {"weights": jnp.asarray(sets / batch)} | found

    def traffic(self, number: int, together: Any) -> Traffic:
        """Return the columns `[ops]` of a block, with some sequences together."""
        count = len(self.blocks[number].ops)
        columns = {}
        for field in Traffic.__dataclass_fields__:
            cells = [self._cell(number, i, field, together) for i in range(count)]
            columns[field] = jnp.stack(jnp.broadcast_arrays(*cells), axis=-1)
        return Traffic(**columns)

    def _cell(self, number: int, op: int, field: str, together: Any) -> Any:
        if field == "weights":
            return self.weights.get((number, op), 0.0)
        terms = self.terms.get((number, op, field), [])
        return sum((term(together) for term in terms), jnp.zeros(()))


class Residency(NamedTuple):
    """How a batch runs, and what it moves over the main-memory port."""

    together: Any  # sequences of one part of the batch
    traffic: list[Traffic]  # of each block, all parts together, [ops] or [layers, ops]
    compulsory: dict[str, Any]  # bits a sequence that no buffers could spare, by origin


def plan_residency(
    blocks: Sequence[Block], storage: Sequence[Storage], batch: Any
) -> Residency:
    """Return in which parts a batch runs, and what each op of each block moves.

    Parts follow each other without a gap; a last part that is smaller counts in
    proportion. What differs between repeats of a block is their mean.
    """
    plan = _Plan(blocks, storage)
    part = plan.together(batch)
    traffic = [
        jax.tree.map(lambda bits: bits * (batch / part), plan.traffic(number, part))
        for number in range(len(blocks))
    ]
    return Residency(part, traffic, plan.compulsory(batch))


def _layer(bits: Any, place: int) -> Any:
    """Return what one layer has, where layers differ."""
    return bits[place] if jnp.ndim(bits) else bits


def _mean(bits: Any) -> Any:
    """Return the mean over layers, where they differ."""
    return jnp.mean(bits) if jnp.ndim(bits) else bits


def _largest(bits: Any) -> Any:
    return jnp.max(bits) if jnp.ndim(bits) else bits


def _at(column: Any, place: int) -> Any:
    return jnp.asarray(column)[..., place]


def _weights(block: Block, storage: Storage) -> list[Any]:
    """Return the bits of the weights of each op that has some."""
    kinds = enumerate(block.ops.kinds)
    return [_at(storage.weights, i) for i, kind in kinds if kind in WITH_WEIGHTS]


def _read_again(block: Block, storage: Storage, use: int) -> Any:
    """Return how often more a bit that is off chip is read at a use.

    A product whose weights do not fit reads its input once for each buffer-full of
    them, or the weights once for each buffer-full of input, whichever moves less:

        min(max(W / C_w - 1, 0), W / C)        weights of W bits

    Attention reads keys and values once for each buffer-full of queries and contexts,
    or the other way round, where a head does not fit:

        min(max(QO / C - 1, 0), 1.5 QO / KV max(KV / C - 1, 0))
    """
    ops, room = block.ops, storage.rooms[0].capacity
    if ops.kinds[use] in WITH_WEIGHTS:
        weights = _at(storage.weights, use)
        passes = jnp.maximum(weights / storage.weight_room - 1.0, 0.0)
        return jnp.minimum(passes, weights / room)
    if ops.kinds[use] == "matmul":
        scores = ops.kinds[use : use + 2] == ("matmul", "softmax")
        width = _at(ops.inner if scores else ops.columns, use)
        keys = _at(ops.columns if scores else ops.inner, use)
        bits = _at(storage.operand, use)
        rows = 2.0 * _at(ops.rows, use) * width * bits
        own = 2.0 * keys * width * bits
        by_rows = jnp.maximum(rows / room - 1.0, 0.0)
        by_keys = 1.5 * rows / own * jnp.maximum(own / room - 1.0, 0.0)
        return jnp.minimum(by_rows, by_keys)
    return 0.0


def _appended(block: Block, value: Value) -> Any:
    """Return 1 for new keys or values of a cache, 0 for other values."""
    ops, found = block.ops, jnp.zeros(())
    for use in value.uses:
        if ops.kinds[use] == "matmul" and use - ops.reads[use][-1] == value.maker:
            found = jnp.where(_at(ops.cached, use) > 0, 1.0, found)
    return found
