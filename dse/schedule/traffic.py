"""What ops move over the main-memory port, and how a machine keeps values."""

from __future__ import annotations

from typing import NamedTuple

from dse.arrays import Column, Number
from dse.records import Record, quantity, record

ORIGINS = ("weights", "cache", "input", "output", "spilled", "refetched")


@record
class Traffic(Record):
    """What one op moves over the main-memory port, for all sequences of a batch.

    Scalars; ops of one kind together as `[ops]`.
    """

    weights: Number = quantity("bit", "weights read", default=0.0)
    cache_read: Number = quantity(
        "bit", "keys and values of earlier tokens", default=0.0
    )
    cache_written: Number = quantity("bit", "keys and values appended", default=0.0)
    input: Number = quantity("bit", "what the run is given", default=0.0)
    output: Number = quantity("bit", "what the run answers", default=0.0)
    spill_read: Number = quantity("bit", "results that were off chip", default=0.0)
    spill_written: Number = quantity("bit", "results that did not fit", default=0.0)
    refetched: Number = quantity("bit", "operands that are read again", default=0.0)

    @property
    def read(self) -> Number:
        """Bits that come over the port."""
        return self.weights + self.operands

    @property
    def operands(self) -> Number:
        """Bits that come over the port and are no weights."""
        return self.cache_read + self.input + self.spill_read + self.refetched

    @property
    def written(self) -> Number:
        """Bits that go over the port."""
        return self.cache_written + self.output + self.spill_written

    @property
    def by_origin(self) -> dict[str, Number]:
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

    capacity: Number
    operand: Column  # taken by one value of a left operand
    result: Column  # by one value of a result
    name: str = "activation buffer"


class Storage(NamedTuple):
    """How a machine keeps the values of a block: sizes in bits, rooms in bits.

    Columns are `[ops]`, or `[layers, ops]` where layers differ.
    """

    rooms: tuple[Room, ...]  # for activations; none: nothing is ever off chip
    weight_room: Number
    weights: Column  # of each op as they are stored, [ops]
    gathered: Column  # by an embedding, a sequence, [ops]
    operand: Column  # one value of a left operand, [ops]
    result: Column  # one value of a result, [ops]
    cached: Number  # one value of a cache
    fetched: Number = 1.0  # share of the weights that is not on chip when a run begins
    weights_stay: bool = False  # from run to run, if there is room
    hands_over: frozenset[str] | None = None  # see `Pair`; what is charged elsewhere
    grain: Number = 1.0  # sequences that are worked on as one
    whole: Column | None = None  # weights with the experts that no token chose
