"""What a value costs as far as it finds no room on chip."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax.numpy as jnp

from dse.arrays import Number
from dse.schedule.traffic import Storage
from dse.workload.kinds import WITH_WEIGHTS
from dse.workload.liveness import BEFORE, Value
from dse.workload.ops import Block, Ops


class Fill(NamedTuple):
    """How a value finds room in one buffer; in units of that buffer a sequence."""

    fullest: Number  # H
    size: Number  # S
    capacity: Number  # C

    def lacks(self, together: Number) -> Number:
        """Return the share of it that does not fit; below 0 if room is left."""
        over = jnp.minimum(self.fullest - self.capacity / together, self.size)
        return over / jnp.maximum(self.size, 1e-9)


class Cost(NamedTuple):
    """Bits a sequence that a value costs as far as it is off chip."""

    bits: Number
    fills: tuple[Fill, ...]

    def off_chip(self, together: Number) -> Number:
        """Return the bits a sequence that do not fit: in the buffer that lacks most."""
        shares = [fill.lacks(together) for fill in self.fills]
        return self.bits * jnp.maximum(functools.reduce(jnp.maximum, shares), 0.0)


def read_again(
    block: Block, storage: Storage, use: int, values: Number = 0.0
) -> Number:
    """Return how often more the operand that comes again is read where it is off chip.

    A product whose weights do not fit reads its input once for each buffer-full of
    them, or the weights once for each buffer-full of input, whichever moves less:

        min(max(W / C_w, 1) - 1, W / C)        weights of W bits

    Of m matrices with W_1 = W / m bits each, an input is read for those alone that it
    meets: h of them where it is no larger than what one multiplies, as of experts that
    are chosen, one where each has an input of its own. The first term becomes

        min(h max(W_1 / C_w, 1), max(W / C_w, 1)) - 1

    Attention reads keys and values once for each buffer-full of queries and contexts,
    or the other way round, where a head does not fit:

        min(max(QO / C - 1, 0), 1.5 QO / KV max(KV / C - 1, 0))

    Each is as large as it lies in the buffer, or in the one of several that is fullest;
    values of a cache in words of their own, without masks. No operand is read more
    often than it is multiplied.
    """
    ops = block.ops
    if ops.kinds[use] in WITH_WEIGHTS:
        weights = storage.weights[use]
        whole = weights if storage.whole is None else storage.whole[use]
        matrix = whole / (ops.heads[use] * ops.choices[use])
        shared = values <= ops.rows[use] * ops.inner[use]
        meets = jnp.where(shared, ops.heads[use], 1.0)
        one, all_of_them = (
            jnp.maximum(bits / storage.weight_room, 1.0) for bits in (matrix, weights)
        )
        passes = jnp.minimum(meets * one, all_of_them) - 1.0
        by_input = weights / storage.operand[use] * _share_of_room(storage, use)
        most = meets * ops.columns[use] - 1.0
        return jnp.maximum(jnp.minimum(jnp.minimum(passes, by_input), most), 0.0)
    if ops.kinds[use] == "matmul":
        scores = ops.kinds[use : use + 2] == ("matmul", "softmax")
        width = (ops.inner if scores else ops.columns)[use]
        values = width * (ops.columns if scores else ops.inner)[use]
        cached = ops.cached[use]
        rows = 2.0 * ops.rows[use] * width * _share_of_room(storage, use)
        own = 2.0 * _share_of_room(storage, use, values - cached, cached)
        by_rows = jnp.maximum(rows - 1.0, 0.0)
        by_keys = 1.5 * rows / own * jnp.maximum(own - 1.0, 0.0)
        most = jnp.maximum(ops.rows[use] - 1.0, 0.0)
        return jnp.minimum(jnp.minimum(by_rows, by_keys), most)
    return 0.0


def _share_of_room(
    storage: Storage, use: int, new: Number = 1.0, cached: Number = 0.0
) -> Number:
    """Return the share of the fullest room that some values of an operand take."""
    words, *masks = storage.rooms
    taken = new * words.operand[use] + cached * storage.cached
    shares = [taken / words.capacity]
    shares += [new * room.operand[use] / room.capacity for room in masks]
    return functools.reduce(jnp.maximum, shares)


def comes_again(ops: Ops, use: int, maker: int) -> bool:
    """Say whether a product may read a value again: its input, or keys and values.

    A residual is read once, and so is a query.
    """
    if ops.kinds[use] not in (*WITH_WEIGHTS, "matmul"):
        return False
    back = ops.reads[use][0 if ops.kinds[use] in WITH_WEIGHTS else -1]
    return maker == (use - back if back > 0 else BEFORE + back)


def appended(block: Block, value: Value) -> float:
    """Return which share of a value joins a cache: of new keys, values or latents."""
    return block.ops.kept[value.maker] if value.maker >= 0 else 0.0


def weights_of(block: Block, storage: Storage) -> list[Number]:
    """Return the bits of the weights of each op that has some."""
    kinds = enumerate(block.ops.kinds)
    return [storage.weights[i] for i, kind in kinds if kind in WITH_WEIGHTS]


def of_layer(bits: Number, place: int) -> Number:
    """Return what one layer has, where layers differ."""
    return jnp.asarray(bits)[place] if jnp.ndim(bits) else bits


def mean_over_layers(bits: Number) -> Number:
    """Return the mean over layers, where they differ."""
    return jnp.mean(bits) if jnp.ndim(bits) else bits


def largest(bits: Number) -> Number:
    """Return the most that a layer has, where layers differ."""
    return jnp.max(bits) if jnp.ndim(bits) else bits
