"""What BERT-Base moves over the memory port of AccelTran's machine, in plain NumPy.

Results wait in the activation buffer for the ops that read them, those that are read
next first; what finds no room is written once and read at each use. A batch runs in
parts that fit, or one by one; each reads the weights that do not stay.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks.speed.by_hand_machine import (
    ACTIVATIONS,
    CONTEXT,
    DOWN,
    FFN,
    GELU,
    HIDDEN,
    KEY,
    LAYER,
    LAYERS,
    NORM_1,
    NORM_2,
    OUTPUT,
    QUERY,
    SCORES,
    STORED,
    STORED_WEIGHT,
    TOKENS,
    UP,
    VALUE,
    WEIGHTS,
    WIDTH,
    WORD,
    Machine,
)

NARROW, WIDE = float(TOKENS * HIDDEN), float(TOKENS * FFN)  # values of a sequence
EMBEDDED = -1


class Kept(NamedTuple):
    """A result that waits for its readers, in values of a sequence.

    `fullest` counts it and what is kept before it, at the moment that leaves it least.
    """

    maker: int
    readers: tuple[int, ...]
    size: float
    fullest: float
    layers: int = LAYERS  # that keep one


KEPT = (
    # Beside key and value as the layer begins; beside the wide result that it ends.
    Kept(EMBEDDED, (QUERY, KEY, VALUE, OUTPUT), NARROW, 3 * NARROW, 1),
    Kept(NORM_2, (QUERY, KEY, VALUE, OUTPUT), NARROW, NARROW + WIDE, LAYERS - 1),
    # The input of the layer is read before any of these.
    Kept(QUERY, (SCORES,), NARROW, 2 * NARROW),
    Kept(KEY, (SCORES,), NARROW, 3 * NARROW),
    Kept(VALUE, (CONTEXT,), NARROW, 4 * NARROW),
    # Beside key, value and, for the residual, the input.
    Kept(CONTEXT, (OUTPUT,), NARROW, 4 * NARROW),
    Kept(NORM_1, (UP, DOWN), NARROW, 2 * NARROW),
    Kept(GELU, (DOWN,), WIDE, NARROW + WIDE),
)


class Port(NamedTuple):
    """What a batch moves, in bits; by op of a layer, the mean over layers."""

    readings: Any  # of all weights: one, and for later parts what does not stay
    read: dict[int, Any]  # and no weight
    written: dict[int, Any]
    written_at_start: Any

    @property
    def total(self) -> Any:
        """All but the weights."""
        layer = sum(self.read.values()) + sum(self.written.values())
        return self.written_at_start + LAYERS * layer


def port_of(m: Machine) -> Port:
    """Return what a batch moves, in parts as large as fit."""
    f, batch, room = m.f, m.d.batch, _values_held(m)
    again = _read_again(m, room)
    every = float(LAYERS * sum(op.weights for op in LAYER))
    missing = f.maximum(1.0 - _weights_held(m) / every, 0.0)
    part = f.minimum(f.maximum(room / (NARROW + WIDE), m.d.tile_batch), batch)
    each = room / f.minimum(m.d.tile_batch, batch)  # of a sequence alone
    gone = {
        how: batch * STORED * f.minimum(f.maximum(how[0] - each, 0.0), how[1])
        for how in {(kept.fullest, kept.size) for kept in KEPT}
    }
    read: dict[int, Any] = {}
    written = {NORM_2: batch * STORED * NARROW / LAYERS}  # the answer
    for kept in KEPT:
        bits = kept.layers / LAYERS * gone[kept.fullest, kept.size]
        if kept.maker != EMBEDDED:
            written[kept.maker] = written.get(kept.maker, 0.0) + bits
        for reader in kept.readers:
            times = 1.0 + _again(again, kept, reader)
            read[reader] = read.get(reader, 0.0) + times * bits
    readings = 1.0 + missing * (batch / part - 1.0)
    return Port(readings, read, written, gone[KEPT[0].fullest, KEPT[0].size])


def _again(again: dict[int, Any], kept: Kept, reader: int) -> Any:
    """Return how often more a result is read: residuals and queries not at all."""
    added = reader in (OUTPUT, DOWN) and kept.maker not in (CONTEXT, GELU)
    return 0.0 if added or kept.maker == QUERY else again[reader]


def _values_held(m: Machine) -> Any:
    """Return the results that their buffer and half of the masks' have room for."""
    words = m.bits["activation_buffer"] / (ACTIVATIONS * WORD)
    return m.f.minimum(words, m.bits["mask_buffer"] / 2.0)


def _weights_held(m: Machine) -> Any:
    """Return the weights that their buffer and half of the masks' have room for."""
    words = m.bits["weight_buffer"] / (WEIGHTS * WORD)
    return m.f.minimum(words, m.bits["mask_buffer"] / 2)


def _read_again(m: Machine, room: Any) -> dict[int, Any]:
    """Return how often more each op reads what it finds off chip.

    A linear one once for each buffer of weights, or else these for each buffer of
    input; attention, whose queries take no more room than its keys, by heads. None
    more often than it is multiplied.
    """
    f, held = m.f, _weights_held(m)
    head = f.maximum(2.0 * TOKENS * WIDTH / room - 1.0, 0.0)
    head = f.minimum(head, TOKENS - 1.0)
    again: dict[int, Any] = {SCORES: head, CONTEXT: head}
    known: dict[tuple[int, int], Any] = {}
    for place, op in enumerate(LAYER):
        shape = op.weights, op.columns
        if op.weights and shape not in known:
            passes = f.maximum(op.weights / held - 1.0, 0.0)
            buffers = STORED_WEIGHT / STORED / room  # of input, by weight
            passes = f.minimum(passes, op.weights * buffers)
            known[shape] = f.minimum(passes, op.columns - 1.0)
        if op.weights:
            again[place] = known[shape]
    return again
