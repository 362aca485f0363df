"""Whole-number codes of queries and keys, as low-precision hardware sees them."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def codes(values: jax.Array, real: jax.Array, bits: int) -> tuple[jax.Array, jax.Array]:
    """Return signed codes of `bits` bits and the value of one step.

    Symmetric, one scale per head of a sequence: its largest magnitude gets the largest
    code. Tokens that are not real get the code 0 and set no scale.

    Args:
        values: [batch, heads, tokens, width].
        real: tokens that are no padding, [batch, heads, tokens].
        bits: of a code, its sign included.
    """
    values = jnp.where(real[..., None], values, 0.0)
    largest = jnp.abs(values).max(axis=(-2, -1), keepdims=True)
    top = 2.0 ** (bits - 1) - 1
    step = jnp.maximum(largest, 1e-30) / top
    return jnp.round(values / step), step


def top_bits(code: jax.Array, bits: int, kept: int) -> jax.Array:
    """Return the `kept` most significant bits of codes of `bits` bits.

    An arithmetic shift: rounds down, so that fewer bits of a code are a prefix of more.
    """
    return jnp.floor(code / 2.0 ** (bits - kept))


def products(query: jax.Array, key: jax.Array) -> jax.Array:
    """Return the sums of products of every query with every key.

    Exact in float32 for what comes here: whole numbers whose sums stay below 2^24.
    """
    return jnp.einsum("bhqd,bhkd->bhqk", query, key)
