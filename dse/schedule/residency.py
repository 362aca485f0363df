"""What lives where over a whole run, and so what crosses the main-memory port.

Weights and caches live off chip, results of ops in the activation buffer, as far as
they fit. One policy serves all engines that have such a buffer:

    A value that is made in a run is kept on chip from its making to its last use. Where
    those alive together do not fit, they are kept in the order of their next use; of
    the others, what does not fit is written once, as it is made, and read at each use.

A value of S bits a sequence whose fullest moment holds H bits, its own and those kept
before it, leaves of a buffer of C bits

    clip(H - C, 0, S)    bits a sequence off chip.

A batch of B runs in the largest parts of which no more leaves the chip than of one
sequence: where one sequence fits, as many side by side as fit, with H the fullest
moment of the run; else one after another,

    b = min(B, max(1, C / H)).

Weights that do not stay in their buffer are read once a part. So nothing that an op
moves, a sequence, rises with the batch, and neither do its time and its energy.
Attention takes one group of heads after another: scores never leave the chip.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np

from dse.arrays import Column, Number
from dse.errors import InputError
from dse.schedule.spill import (
    Cost,
    Fill,
    appended,
    comes_again,
    largest,
    mean_over_layers,
    of_layer,
    read_again,
    weights_of,
)
from dse.schedule.traffic import Room, Storage, Traffic
from dse.schedule.weights import fetched_share
from dse.workload.kinds import WITH_WEIGHTS
from dse.workload.liveness import BEFORE, ENCODED, Moment, Value, live_values
from dse.workload.ops import Block, Ops

_FIELDS = tuple(Traffic.__dataclass_fields__)
_COMPULSORY = ("cache", "input", "output")  # of these, those that begin so

_Term: TypeAlias = "tuple[Number, Number | Cost]"
_Columns = TypeVar("_Columns", Ops, Storage)


class Residency(NamedTuple):
    """How a batch runs, and what it moves over the main-memory port."""

    together: Number  # sequences of one part of the batch
    traffic: list[Traffic]  # of each block, all parts together, [ops] or [layers, ops]
    compulsory: dict[str, Number]  # bits a sequence that no buffers could spare


class Held(NamedTuple):
    """The values of a block on chip and off it, of the sequences that run together."""

    together: Number
    moments: tuple[Moment, ...]
    rooms: tuple[Room, ...]
    bits: dict[int, list[Number]]  # of each value, by its maker, in each room
    off_chip: dict[int, Any]  # share of each value, by its maker


def plan_residency(
    blocks: Sequence[Block], storage: Sequence[Storage], batch: Number
) -> Residency:
    """Return in which parts a batch runs, and what each op of each block moves.

    Parts follow each other without a gap; a last part that is smaller counts in
    proportion. What differs between repeats of a block is their mean.
    """
    return plan_run(blocks, storage, batch)[0]


def plan_run(
    blocks: Sequence[Block], storage: Sequence[Storage], batch: Number
) -> tuple[Residency, dict[str, Number]]:
    """Return that, and the bits that main memory must hold of it, by what they are."""
    plan = _Plan(blocks, storage)
    part = plan.together(batch)
    moved = Residency(part, plan.traffic(batch, part), plan.compulsory(batch))
    return moved, plan.held(batch, part)


def run_together(
    blocks: Sequence[Block], storage: Sequence[Storage], batch: Number
) -> Number:
    """Return how many sequences run together: of activations alone, not of weights."""
    return _Plan(blocks, storage).together(batch)


def plan_block(
    blocks: Sequence[Block], storage: Sequence[Storage], batch: Number, number: int
) -> Held:
    """Return what of the values of one block is on chip, as `plan_residency` has it.

    What a block reads and makes is as it is between two repeats of it, if it has some;
    a result that no block reads leaves. Sizes that differ between repeats are means.
    """
    plan = _Plan(blocks, storage)
    part, live = plan.together(batch), plan.live[number]
    fewest = plan.fewest(batch)
    makers = {maker for moment in live.moments for maker in moment.alive}
    rooms = plan.storage[number].rooms
    bits, off_chip = {}, {}
    for maker in sorted(makers):
        cost = plan.kept.get((number, maker))
        share = cost.off_chip(fewest) / jnp.maximum(cost.bits, 1e-9) if cost else 1.0
        sizes = [plan._size(number, maker, room) for room in rooms]
        bits[maker] = [part * mean_over_layers(size) for size in sizes]
        off_chip[maker] = mean_over_layers(share)
    return Held(part, live.moments, rooms, bits, off_chip)


class _Plan:
    """What each op of each block moves, as terms that depend on the part's size."""

    def __init__(self, blocks: Sequence[Block], storage: Sequence[Storage]) -> None:
        self.blocks = [block.replace(ops=_by_op(block.ops)) for block in blocks]
        self.storage = [_by_op(own) for own in storage]
        self.sizes: dict[tuple[int, int], Number] = {}  # of a result, by how it is kept
        self.live = [live_values(block.ops) for block in blocks]
        # Bits of the weights of each op: in the first part of a batch, in a later one.
        self.weights: dict[tuple[int, int], tuple[Number, Number]] = {}
        # What each op moves a sequence, by field: bits, or shares of what is off chip.
        self.terms: dict[tuple[int, int, str], list[_Term]] = {}
        self.once: list[tuple[tuple[int, int, str], Any]] = []  # bits a sequence
        self.kept: dict[tuple[int, int], Cost] = {}  # of values that may be kept
        self.fills: list[Fill] = []  # of all values
        self.all_weights = self._all_weights()
        for number in range(len(blocks)):
            self._add_weights(number)
            if storage[number].rooms:
                self._add_cache_and_input(number)
                self._add_values(number)
        self._add_output()

    # -- terms -------------------------------------------------------------------------

    def _add(
        self,
        block: int,
        op: int,
        field: str,
        bits: Number | Cost,
        share: Number = 1.0,
    ) -> None:
        """Let an op move some bits a sequence, or a share of what is off chip."""
        if field.startswith(_COMPULSORY):
            self.once.append(((block, op, field), bits))
        self.terms.setdefault((block, op, field), []).append((share, bits))

    def _add_weights(self, number: int) -> None:
        block, storage = self.blocks[number], self.storage[number]
        later = fetched_share(self.all_weights, storage.weight_room, weights_stay=True)
        shares: list[Number] = [storage.fetched, later]
        if block.shared and block.repeats > 1:
            own = fetched_share(
                sum(weights_of(block, storage)), storage.weight_room, weights_stay=True
            )
            repeats = block.repeats
            shares = [(share + (repeats - 1) * own) / repeats for share in shares]
        for i, kind in enumerate(block.ops.kinds):
            if kind in WITH_WEIGHTS:
                bits = storage.weights[i]
                self.weights[number, i] = bits * shares[0], bits * shares[1]
            elif kind == "embedding":
                self._add(number, i, "input", storage.gathered[i])

    def _all_weights(self) -> Number:
        """Return the bits of all weights of the run, shared ones once."""
        return sum(
            block.weight_sets * mean_over_layers(sum(weights_of(block, storage)))
            for block, storage in zip(self.blocks, self.storage, strict=True)
            if weights_of(block, storage)
        )

    def _add_cache_and_input(self, number: int) -> None:
        """Add the cache that attention reads, and operands that come from elsewhere."""
        block, storage = self.blocks[number], self.storage[number]
        ops = block.ops
        for i, kind in enumerate(ops.kinds):
            if not _reads_cache(ops, i):
                continue
            if kind == "matmul" and storage.hands_over is not None:
                continue
            again = read_again(block, storage, i)
            heads, cached = ops.heads[i], ops.cached[i]
            bits = heads * cached * storage.cached
            self._add(number, i, "cache_read", bits)
            self._add(number, i, "refetched", again * bits)
            if kind == "linear":
                continue
            left, *right = [not back for back in ops.reads[i]]
            if left:
                bits = heads * ops.rows[i] * ops.inner[i]
                self._add(number, i, "input", bits * storage.operand[i])
            if any(right):
                new = _new_values(block, i)
                bits = heads * new * storage.operand[i]
                self._add(number, i, "input", bits)
                self._add(number, i, "refetched", again * bits)

    def _add_values(self, number: int) -> None:
        for value in self.live[number].values:
            if value.maker == BEFORE:
                self._add_block_input(number, value)
            elif value.maker == ENCODED:
                self._add_encoded(number, value)
            else:
                self._add_result(number, value)

    def _add_result(self, number: int, value: Value) -> None:
        block, storage = self.blocks[number], self.storage[number]
        if self._crosses(number, value):
            self._hand_over(number, value)
            return
        size = self._size(number, value.maker)
        new = appended(block, value)
        words = new * size / storage.result[value.maker]
        self._add(number, value.maker, "cache_written", words * storage.cached)
        fullest = self._fullest(number, value.beside)
        cost = self._spill(number, value, fullest)
        self._add(number, value.maker, "spill_written", cost, 1.0 - new)

    def _crosses(self, number: int, value: Value) -> bool:
        """Say whether a value is made on one machine and read on another one."""
        if self.storage[number].hands_over is None:
            return False
        kinds = self.blocks[number].ops.kinds
        places = [value.maker, *value.uses]
        return any(kinds[place] == "matmul" for place in places if place >= 0)

    def _hand_over(self, number: int, value: Value) -> None:
        """Move a value from host to co-processor, or back, through main memory.

        What the co-processor does not count itself is charged to the host.
        """
        kinds, size = self.blocks[number].ops.kinds, self._size(number, value.maker)
        charged = self.storage[number].hands_over or frozenset()
        made_there = kinds[value.maker] == "matmul"
        what = "result" if made_there else "operands"
        on_host = value.uses[0] if made_there else value.maker
        if f"{what} written" not in charged:
            self._add(number, on_host, "spill_written", size)
        for use in value.uses:
            if kinds[use] != "matmul":
                self._add(number, use, "spill_read", size)
            elif f"{what} read" not in charged:
                self._add(number, on_host, "spill_read", size)

    def _add_block_input(self, number: int, value: Value) -> None:
        """Add what a block reads, made by the one before it or a repeat earlier."""
        repeats = self.blocks[number].repeats
        fullest = self._fullest(number, value.beside)
        for maker, times in ((number - 1, 1), (number, repeats - 1)):
            share = times / repeats
            if not times:
                continue
            if maker < 0:
                bits = share * self._size(number, BEFORE)
                self._add(number, value.uses[0], "input", bits)
                self._spill(number, value, fullest, share=share, given=True)
                continue
            born = self._fullest(maker, (self.live[maker].at_birth_of_result,))
            if maker != number:
                born = [of_layer(size, -1) for size in born]
            most = [*map(jnp.maximum, fullest, born)]
            cost = self._spill(number, value, most, share=share)
            if maker != number:
                cost = jax.tree.map(lambda bits: of_layer(bits, 0), cost)
            last = len(self.blocks[maker].ops) - 1
            self.kept.setdefault((maker, last), cost)
            of_maker = times / self.blocks[maker].repeats
            self._add(maker, last, "spill_written", cost, of_maker)

    def _add_encoded(self, number: int, value: Value) -> None:
        """Add what an encoder made: written once, read by all layers of a decoder."""
        made = self._encoder(number)
        if made < 0:
            raise InputError(
                "an op reads -1, the result of an encoder, and no encoder runs before "
                "it; end one with a block behind which a block reads nothing before it."
            )
        last = len(self.blocks[made].ops) - 1
        most = self._fullest(made, (self.live[made].at_birth_of_result,))
        readers = self._decoders(made)
        for reader in readers:
            known = {each.maker: each.beside for each in self.live[reader].values}
            most = [*map(jnp.maximum, most, self._fullest(reader, known[ENCODED]))]
        cost = self._spill(number, value, most)
        if number == readers[0]:
            cost = jax.tree.map(lambda bits: of_layer(bits, 0), cost)
            self.kept.setdefault((made, last), cost)
            of_maker = 1 / self.blocks[made].repeats
            self._add(made, last, "spill_written", cost, of_maker)

    def _encoder(self, number: int) -> int:
        """Return the last block of what ran before the stack of a block; -1: none."""
        stack = range(number, -1, -1)
        starts = (n for n in stack if not self.live[n].reads_block_before)
        return next(starts, 0) - 1

    def _decoders(self, number: int) -> list[int]:
        """Return the blocks that read the result of a block as that of an encoder."""
        return [
            reader
            for reader in range(number + 1, len(self.blocks))
            if any(value.maker == ENCODED for value in self.live[reader].values)
            and self._encoder(reader) == number
        ]

    def _spill(
        self,
        number: int,
        value: Value,
        fullest: Sequence[Number],
        *,
        share: float = 1.0,
        given: bool = False,
    ) -> Cost:
        """Add what reading a value costs that may not fit, in a share of the repeats.

        What was `given` to the run has been read whole at its first use.
        """
        block, storage = self.blocks[number], self.storage[number]
        fills = [
            Fill(most, self._size(number, value.maker, room), room.capacity)
            for most, room in zip(fullest, storage.rooms, strict=True)
        ]
        cost = Cost(self._size(number, value.maker), tuple(fills))
        self.fills += fills
        values = self._values(number, value.maker)
        for place, use in enumerate(value.uses):
            once = 0.0 if given and place == 0 else 1.0
            comes = comes_again(block.ops, use, value.maker)
            again = read_again(block, storage, use, values) if comes else 0.0
            self._add(number, use, "spill_read", cost, share * once)
            self._add(number, use, "refetched", cost, share * again)
        self.kept[number, value.maker] = cost
        return cost

    def _add_output(self) -> None:
        """Add what leaves: the last result, and those that no block reads."""
        for number, block in enumerate(self.blocks):
            last = len(block.ops) - 1
            own = self.live[number].reads_block_before
            after = number + 1 < len(self.blocks)
            read = after and self.live[number + 1].reads_block_before
            read = read or bool(self._decoders(number))
            times = (0 if own else block.repeats - 1) + (0 if read else 1)
            if times and self.storage[number].rooms:
                bits = self._size(number, last) * (times / block.repeats)
                self._add(number, last, "output", bits)

    # -- sizes -------------------------------------------------------------------------

    def _size(self, number: int, maker: int, room: Room | None = None) -> Number:
        """Return the bits of a result of one sequence, or what it takes of a room."""
        kept = room or self.storage[number]
        if (id(kept), maker) not in self.sizes:
            given = maker < 0
            each = (
                self._input_bits(number, maker, kept) if given else kept.result[maker]
            )
            self.sizes[id(kept), maker] = self._values(number, maker) * each
        return self.sizes[id(kept), maker]

    def _values(self, number: int, maker: int) -> Number:
        """Return the values of a result of one sequence."""
        if maker < 0:
            return self._input_values(number, maker)
        ops = self.blocks[number].ops
        return ops.heads[maker] * ops.rows[maker] * ops.columns[maker]

    def _input_values(self, number: int, maker: int) -> Number:
        """Return the values of what a block reads, from the first op that does."""
        ops, first, adds = self.blocks[number].ops, *self._first_reader(number, maker)
        inner, columns = ops.inner[first], ops.columns[first]
        width = columns if adds else jnp.where(inner > 0, inner, columns)
        return ops.rows[first] * width

    def _input_bits(self, number: int, maker: int, kept: Room | Storage) -> Number:
        first, adds = self._first_reader(number, maker)
        return (kept.result if adds else kept.operand)[first]

    def _first_reader(self, number: int, maker: int) -> tuple[int, bool]:
        """Return the first op that reads what a block is given; whether it adds it."""
        reads, back = self.blocks[number].ops.reads, maker - BEFORE
        first = next(i for i, places in enumerate(reads) if back in places)
        return first, reads[first][0] != back

    def _fullest(self, number: int, beside: Sequence[frozenset[int]]) -> list[Number]:
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

    def _held(self, number: int, maker: int, room: Room) -> Number:
        """Return what a result takes of a room; nothing if it changes machines."""
        values = {value.maker: value for value in self.live[number].values}
        if maker in values and self._crosses(number, values[maker]):
            return 0.0
        return self._size(number, maker, room)

    # -- answers -----------------------------------------------------------------------

    def together(self, batch: Number) -> Number:
        """Return how many sequences run together: as many as fit, or the fewest."""
        if isinstance(batch, int | float) and batch <= 1.0:
            return batch
        fit = [
            fill.capacity / jnp.maximum(largest(fill.fullest), 1.0)
            for fill in self.fills
        ]
        if not fit:
            return batch
        most = functools.reduce(jnp.minimum, fit)
        return jnp.minimum(jnp.maximum(most, self.storage[0].grain), batch)

    def fewest(self, batch: Number) -> Number:
        """Return how many sequences run together where not all of that fits."""
        return jnp.minimum(self.storage[0].grain, batch)

    def compulsory(self, batch: Number) -> dict[str, Number]:
        """Return the bits a sequence of weights, cache, input and output, each once.

        What a co-processor must read of the cache depends on what it drops: not known.
        """
        sets = 0.0 if self.storage[0].weights_stay else self.all_weights
        found = dict.fromkeys(("cache", "input", "output"), jnp.zeros(()))
        for (number, _, field), bits in self.once:
            origin, repeats = field.partition("_")[0], self.blocks[number].repeats
            found[origin] = found[origin] + repeats * mean_over_layers(bits)
        if any(storage.hands_over is not None for storage in self.storage):
            del found["cache"]
        return {"weights": jnp.asarray(sets / batch), **found}

    def held(self, batch: Number, together: Number) -> dict[str, Number]:
        """Return the bits of weights, cache and activations that a run must hold.

        Weights with their tables, once, but for those that are on chip when it begins;
        keys and values of all tokens of all sequences; and, of the sequences that run
        together, the results that are alive at the fullest moment, as if there were no
        buffers.
        """
        weights: Number = 0.0
        cache: Number = 0.0
        fullest = jnp.zeros(())
        numbered = enumerate(zip(self.blocks, self.storage, strict=True))
        for number, (block, storage) in numbered:
            each = sum(_matrices(block, storage))
            off_chip = block.weight_sets * storage.fetched
            weights = weights + off_chip * mean_over_layers(each)
            keys = sum(_cached(block, storage))
            cache = cache + block.repeats * mean_over_layers(keys)
            for moment in self.live[number].moments:
                sizes = [self._size(number, maker) for maker in moment.alive]
                fullest = jnp.maximum(fullest, largest(sum(sizes)))
        return {
            "weights": jnp.asarray(weights),
            "cache": batch * jnp.asarray(cache),
            "activations": together * fullest,
        }

    def traffic(self, batch: Number, together: Number) -> list[Traffic]:
        """Return the columns `[ops]` of each block, of a batch in parts of a size."""
        moved: dict[tuple[int, int, str], Any] = {
            (*place, "weights"): first + later * (batch / together - 1.0)
            for place, (first, later) in self.weights.items()
        }
        off_chip: dict[int, Any] = {}  # bits of the batch, by value
        fewest = self.fewest(batch)
        for place, terms in self.terms.items():
            for share, bits in terms:
                if id(bits) not in off_chip:
                    own = bits.off_chip(fewest) if isinstance(bits, Cost) else bits
                    off_chip[id(bits)] = batch * own
                more = share * off_chip[id(bits)]
                moved[place] = moved[place] + more if place in moved else more
        columns: list[dict[str, Any]] = [
            {field: _column(moved, number, field, len(block.ops)) for field in _FIELDS}
            for number, block in enumerate(self.blocks)
        ]
        return [Traffic(**own) for own in columns]


def _by_op(columns: _Columns) -> _Columns:
    """Return columns `[ops]` or `[layers, ops]` as what each op has, one by one.

    Taken apart once, not at each use.
    """

    def apart(column: Any) -> Any:
        if isinstance(column, np.ndarray | jax.Array) and column.ndim:
            return jnp.unstack(column, axis=-1)
        return column

    return cast(_Columns, jax.tree.map(apart, columns))


def _reads_cache(ops: Ops, i: int) -> bool:
    """Say whether a cache may hold what an op multiplies; of a layer, its input."""
    makers = [i - back for back in ops.reads[i] if back > 0]
    of_layer = ops.kinds[i] == "linear" and any(ops.kept[maker] for maker in makers)
    return ops.kinds[i] == "matmul" or of_layer


def _new_values(block: Block, i: int) -> Number:
    """Return the values of keys, or of values, of a head that no cache has.

    Under a window those of all tokens, of which a query sees some.
    """
    ops = block.ops
    scores = ops.kinds[i + 1 : i + 2] == ("softmax",)
    width = (ops.inner if scores else ops.columns)[i]
    own = ops.rows[i] / ops.sharing[i] * width
    if block.window is not None:
        return own
    cached, both = ops.cached[i], ops.inner[i] * ops.columns[i]
    return jnp.where((cached > 0) & (cached < both), own, both - cached)


def _matrices(block: Block, storage: Storage) -> list[Number]:
    """Return the bits of the weights of each op, of an embedding its whole table.

    But for a table that is the matrix of the head as well, which counts there.
    """
    ops = block.ops
    found: list[Number] = [jnp.zeros(())]
    weights = storage.weights if storage.whole is None else storage.whole
    for i, kind in enumerate(ops.kinds):
        if kind in WITH_WEIGHTS:
            found.append(weights[i])
        elif kind == "embedding" and not block.table_of_head:
            found.append(storage.gathered[i] / ops.rows[i] * ops.inner[i])
    return found


def _cached(block: Block, storage: Storage) -> list[Number]:
    """Return the bits of the keys or values of a sequence that each op has cached.

    Those of the newest tokens are among them as they have run.
    """
    ops = block.ops
    found: list[Number] = [jnp.zeros(())]
    for i, kind in enumerate(ops.kinds):
        if not _reads_cache(ops, i):
            continue
        if kind == "matmul":
            values = ops.heads[i] * ops.inner[i] * ops.columns[i]
        else:  # of all rows, and the new ones are those of what it reads
            earlier = ops.rows[i] - ops.rows[i - ops.reads[i][0]]
            values = ops.cached[i] * ops.rows[i] / jnp.maximum(earlier, 1.0)
        found.append(jnp.where(ops.cached[i] > 0, values * storage.cached, 0.0))
    return found


def _column(
    moved: dict[tuple[int, int, str], Any], number: int, field: str, count: int
) -> Column:
    """Return what each op of a block moves of one kind."""
    places = [(number, op, field) for op in range(count)]
    if moved.keys().isdisjoint(places):
        return np.zeros(count)
    cells = [moved.get(place, 0.0) for place in places]
    return jnp.stack(jnp.broadcast_arrays(*cells), axis=-1)
