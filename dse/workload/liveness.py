"""Which results of a chain of ops are alive at the same time, and until when."""

from __future__ import annotations

from typing import NamedTuple

from dse.workload.attention import attention_places
from dse.workload.kinds import WITH_WEIGHTS
from dse.workload.ops import Ops

_BEHIND = ("activation", "layer_norm")  # take results as they leave the lanes
BEFORE = -1  # the maker of what a block reads: the block before it
ENCODED = -2  # the encoder, whose result lives through all layers of a decoder


class Value(NamedTuple):
    """A result that later ops read: who made it, who reads it, what lives beside it.

    `beside` holds, for each moment of its life that may be the fullest, the makers of
    the values that are kept before it, and its own. `at_birth` holds the same for the
    moment in which the last op of a block makes it; it is read by the next block.
    """

    maker: int
    uses: tuple[int, ...]
    beside: tuple[frozenset[int], ...]


class Moment(NamedTuple):
    """A step of a block: its ops, and the makers of all that lives as it ends."""

    ops: tuple[int, ...]
    alive: tuple[int, ...]


class Liveness(NamedTuple):
    """The values of a block, and what lives while its last op makes its result."""

    values: tuple[Value, ...]
    at_birth_of_result: frozenset[int]
    moments: tuple[Moment, ...]

    @property
    def reads_block_before(self) -> bool:
        """Whether the block reads the result of the one before it."""
        return any(value.maker == BEFORE for value in self.values)


def live_values(ops: Ops) -> Liveness:
    """Return the values of a block in the order of their makers.

    Ops whose results stream into the next op are one step with it: scores and softmax
    on their way to the context, head by head, and what a non-linearity takes value by
    value, or a norm row by row, as it leaves the lanes. At each step values are kept in
    the order of their next use. A norm works in place, a sum takes the room of the
    residual that was added, and a head's context that of its queries. Operands of
    attention that nothing in the block makes are left out: they come from elsewhere.
    """
    step = _steps(ops)
    last = len(ops) - 1
    uses = _uses(ops, step)
    made = {maker: step[maker] if maker >= 0 else -1 for maker in uses}
    until = {maker: max(step[use] for use in places) for maker, places in uses.items()}
    if ENCODED in until:
        until[ENCODED] = step[last]  # the next layer reads it too
    beside: dict[int, set[frozenset[int]]] = {maker: set() for maker in uses}
    at_birth = frozenset({last})
    moments = []
    for now in range(step[last] + 1):
        alive = [m for m in uses if made[m] <= now <= until[m]]
        if now == step[last]:
            alive.append(last)
        order = sorted(alive, key=lambda m: (_next_use(m, uses, step, now), m))
        freed = _freed(ops, step, now, until)
        inside = tuple(i for i in range(len(ops)) if step[i] == now)
        moments.append(Moment(inside, tuple(sorted({*alive} - freed))))
        before: set[int] = set()
        for maker in order:
            before.add(maker)
            own = frozenset(before - (freed - {maker}))
            if maker == last:
                at_birth = own
            else:
                beside[maker].add(own)
    values = tuple(
        Value(maker, tuple(places), _largest(beside[maker]))
        for maker, places in sorted(uses.items())
    )
    return Liveness(values, at_birth, tuple(moments))


def _steps(ops: Ops) -> list[int]:
    """Return the step of each op; ops that stream into each other share one."""
    inside = {i + back for i in attention_places(ops) for back in (1, 2)}
    step: list[int] = []
    for i, kind in enumerate(ops.kinds):
        streams = i in inside or (kind in _BEHIND and i and _only_reader(ops, i))
        step.append(step[-1] if streams else len(set(step)))
    return step


def _only_reader(ops: Ops, i: int) -> bool:
    """Say whether an op is the only one that reads the result right before it."""
    readers = [
        j
        for j, reads in enumerate(ops.reads)
        for back in reads
        if back > 0 and j - back == i - 1
    ]
    return readers == [i]


def _uses(ops: Ops, step: list[int]) -> dict[int, list[int]]:
    """Return the ops that read each value that is kept, by its maker."""
    uses: dict[int, list[int]] = {}
    for i, reads in enumerate(ops.reads):
        for back in reads:
            maker = i - back if back > 0 else BEFORE + back
            if back > 0 and step[maker] == step[i]:
                continue  # it streams
            if maker == BEFORE and ops.kinds[i] == "matmul":
                continue  # an operand from elsewhere
            uses.setdefault(maker, []).append(i)
    return uses


def _next_use(maker: int, uses: dict[int, list[int]], step: list[int], now: int) -> int:
    """Return the step in which a value is read next.

    A block's result is read as the next one begins, what an encoder made later there.
    """
    later = len(step) + (maker == ENCODED)
    return min((step[i] for i in uses.get(maker, ()) if step[i] >= now), default=later)


def _freed(ops: Ops, step: list[int], now: int, until: dict[int, int]) -> set[int]:
    """Return the values whose room the result of a step takes, as it replaces them.

    Of a product with weights the residual that is added, of others the left operand.
    """
    first = step.index(now)
    adds = ops.kinds[first] in WITH_WEIGHTS
    reads = ops.reads[first][1:] if adds else ops.reads[first][:1]
    makers = {first - back if back > 0 else BEFORE + back for back in reads}
    return {maker for maker in makers if until.get(maker) == now}


def _largest(sets: set[frozenset[int]]) -> tuple[frozenset[int], ...]:
    """Return the sets that are no part of another one."""
    kept = [one for one in sets if not any(one < other for other in sets)]
    return tuple(sorted(kept, key=sorted))
