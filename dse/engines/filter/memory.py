"""What a filter engine fetches from main memory, and reads from its buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.filter.work import HeadWork, Pairs, query_block
from dse.engines.masks import cached_keys

if TYPE_CHECKING:
    from dse.engines.filter.engine import FilterEngine

KIB = 2.0**10


def fetched_bits(
    design: FilterEngine, op: Op, run: Run, pairs: Pairs
) -> dict[str, Number]:
    """Return the bits that cross the main-memory port for one head, by buffer.

        K, V = held * once(all queries) + (1 - held) * blocks * seen * once(a block)
        once(q) = n d (b1 + (b2 - b1) u1 + (w - b2) u) + n d' w u

    seen: the share of all keys that the mean block sees, (blocks + 1) / (2 blocks) of
    the tokens under a causal mask, 1 without. u1 and u: shares of the keys that one or
    more of q queries keep after the first and the last round. Keys are stored in slices
    by precision; all of them are scored, so their first bits always come, and the rest
    on demand. What the buffers hold of K and V is fetched once, the remainder again for
    every block of queries, under a window those that the block sees. Queries come, and
    results go, once and at full width. Values of d' numbers that are parts of the keys
    (latents) have come with these.
    """
    block, word = query_block(design, op, run), key_bits(design, op, run)
    blocks = pairs.queries / jnp.minimum(block, pairs.queries)
    if run.causal:  # the mean block ends half-way through the tokens
        hidden = 0.5 * pairs.tokens * (1.0 - 1.0 / blocks)
        blocks = blocks * (1.0 - hidden / pairs.keys)

    every, ratio = pairs.every, pairs.every / pairs.keys
    of_block = jnp.minimum(pairs.keys + block / op.sharing - 1.0, every)
    of_block = jnp.where(ratio > 1.0, of_block, pairs.keys)

    def traffic(
        buffer_kib: Number, width: Number, bits_once: Callable[[Number], Number]
    ) -> Number:
        size = jnp.maximum(every * width * word / 8.0, 1.0)
        held = jnp.minimum(buffer_kib * KIB / size, 1.0)
        together = every * bits_once(pairs.queries / ratio)
        apart = blocks * of_block * bits_once(block)
        return width * (held * together + (1.0 - held) * jnp.maximum(apart, together))

    fetched_values = traffic(
        design.value_buffer_kib,
        pairs.value_width,
        lambda q: _value_bits(design, run, pairs, word, q),
    )
    return {
        "key_buffer": traffic(
            design.key_buffer_kib,
            pairs.width,
            lambda q: _key_bits(design, run, pairs, word, q),
        ),
        "value_buffer": op.values_apart * fetched_values,
        "query_buffer": pairs.queries * pairs.width * _query_bits(design, run)
        + result_bits(design, run, pairs),
    }


def result_bits(design: FilterEngine, run: Run, pairs: Pairs) -> Number:
    """Return the bits that one head writes to main memory."""
    return pairs.queries * pairs.value_width * _query_bits(design, run)


def key_bits(design: FilterEngine, op: Op, run: Run) -> Number:
    """Return the bits of a key or value, in the mean over new ones and cached ones."""
    _, new, cached = design.words(run).kept
    return new + cached_keys(op) * (cached - new)


def cached_share(design: FilterEngine, op: Op, run: Run) -> Number:
    """Return the share of the bits of keys and values that are from a cache."""
    ratio = design.words(run).kept.cache_bits / key_bits(design, op, run)
    return cached_keys(op) * ratio


def _query_bits(design: FilterEngine, run: Run) -> Number:
    return design.words(run).kept.activation_bits


def _key_bits(
    design: FilterEngine, run: Run, pairs: Pairs, word: Number, queries: Number
) -> Number:
    """Return the bits of a key that come for some queries, in the mean over all."""
    first = jnp.minimum(design.first_round_bits, word)
    second = jnp.minimum(design.second_round_bits, word)
    second = jnp.where(design.rounds > 1.5, second, first)
    after_first = run.attention.union(queries, pairs.kept_first_round)
    on_demand = (
        first
        + (second - first) * after_first
        + (word - second) * _union(run, pairs, queries)
    )
    return jnp.where(_on_demand(design), on_demand, word)


def _value_bits(
    design: FilterEngine, run: Run, pairs: Pairs, word: Number, queries: Number
) -> Number:
    """Return the bits of a value that come for some queries, in the mean over all."""
    share = jnp.where(_on_demand(design), _union(run, pairs, queries), 1.0)
    return share * word


def _on_demand(design: FilterEngine) -> Number:
    asked = jnp.asarray(design.on_demand_fetch) > 0.5
    return asked & (jnp.asarray(design.rounds) > 0.5)


def _union(run: Run, pairs: Pairs, queries: Number) -> Number:
    return run.attention.union(queries, pairs.kept)


def buffer_reads(
    design: FilterEngine, op: Op, run: Run, pairs: Pairs, work: HeadWork
) -> dict[str, Number]:
    """Return the bits that one head reads from each buffer.

    As many queries are scored side by side as the multipliers have rows of a head's
    width; a key, or value, that several of them need is read once.
    """
    filtered = jnp.maximum(design.low_bit_multipliers / pairs.width, 1.0)
    attended = jnp.clip(design.high_bit_multipliers / pairs.width, 1.0, pairs.queries)
    low_bits = (
        work.low_bit_macs
        * design.first_round_bits
        / jnp.minimum(filtered, pairs.queries)
    )
    passes = pairs.queries / attended
    read = passes * _union(run, pairs, attended) * pairs.keys
    word = key_bits(design, op, run)
    full = read * word * pairs.pairs / (pairs.queries * pairs.keys)
    return {
        "key_buffer": low_bits + full * pairs.width,
        "value_buffer": full * pairs.value_width,
        "query_buffer": pairs.queries * pairs.width * _query_bits(design, run)
        + result_bits(design, run, pairs),
    }
