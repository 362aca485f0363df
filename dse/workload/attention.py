"""The ops of attention within a chain: found, pruned, fused into one, or alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dse.arrays import Column, Values

if TYPE_CHECKING:
    from dse.workload.ops import Ops


_OF_OPS = ("names", "kinds", "reads", "choices", "kept", "crosses", "borrows")


def keep_pairs(ops: Ops, kept: Values) -> Ops:
    """Return ops of which only a share of the query-key pairs is kept."""
    columns = {
        name: jnp.asarray(getattr(ops, name)) * 1.0
        for name in ("input_density", "output_density")
    }
    for scores in attention_places(ops):
        for name, place in (
            ("output_density", scores),
            ("input_density", scores + 1),
            ("output_density", scores + 1),
            ("input_density", scores + 2),
        ):
            columns[name] = _with(columns[name], place, kept)
    return ops.replace(**columns)


def attention_places(ops: Ops) -> list[int]:
    """Return where scores stand that softmax and context follow."""
    wanted = ("matmul", "softmax", "matmul")
    return [i for i in range(len(ops)) if ops.kinds[i : i + 3] == wanted]


def fuse_attention(ops: Ops) -> Ops:
    """Return ops with scores, softmax and context as one op of kind `attention`.

    Its rows are queries, its columns keys, its summed axis is the width of a head; its
    operands are query and key, and its result density is the share of pairs kept.
    """
    first = attention_places(ops)
    inside = {i + step for i in first for step in (1, 2)}
    places = [i for i in range(len(ops)) if i not in inside]
    place_of = {old: new for new, old in enumerate(places)}
    for i in first:
        place_of |= {i + 1: place_of[i], i + 2: place_of[i]}

    def reads(old: int) -> tuple[int, ...]:
        if old not in first:
            return tuple(
                place_of[old] - place_of[old - back] if back > 0 else back
                for back in ops.reads[old]
            )
        inputs = [old - back for back in ops.reads[old] if back]
        values = ops.reads[old + 2][1:]  # of the context, beside the probabilities
        inputs += [old + 2 - back for back in values if back]
        return tuple(place_of[old] - place_of[made] for made in inputs) or (0,)

    def name(old: int) -> str:
        return "attention" + ops.names[old].removeprefix("scores")

    kept = ops.output_density
    for i in first:
        probabilities = jnp.asarray(ops.input_density)[..., i + 2, None]
        kept = _with(kept, i, probabilities)
    taken = take(ops.replace(output_density=kept), places)
    return taken.replace(
        names=tuple(name(i) if i in first else ops.names[i] for i in places),
        kinds=tuple("attention" if i in first else ops.kinds[i] for i in places),
        reads=tuple(reads(i) for i in places),
    )


def _with(column: Column, place: int, value: Values) -> Array:
    """Return a column `[..., ops]` with another value at one place."""
    return jnp.where(np.arange(jnp.shape(column)[-1]) == place, value, column)


def take(ops: Ops, places: list[int]) -> Ops:
    """Return some of the ops; what they read stays as it is written."""
    pick = np.asarray(places, int)
    columns: Ops = jax.tree.map(lambda column: column[..., pick], ops)
    return columns.replace(
        **{name: tuple(getattr(ops, name)[i] for i in places) for name in _OF_OPS}
    )


def only_attention(ops: Ops) -> Ops:
    """Return scores, softmax and context alone, which is nothing where there are none.

    They wait for nothing but each other. A context reads no values where they are parts
    of the keys, as latents are: the scores have read them.
    """
    places = attention_places(ops)
    kept = take(ops, [i + step for i in places for step in range(3)])
    reads: tuple[tuple[int, ...], ...] = ()
    for i in places:
        reads += ((0, 0), (1,), (1, 0) if _values_apart(ops, i) else (1,))
    return kept.replace(reads=reads)


def operand_columns(ops: Ops, window: int | None) -> dict[str, Array]:
    """Return what keys and values of a fused attention are, as columns `[ops]`.

    `value_ratio`: the width of a value over that of a key; `values_apart`: 1 where they
    are read beside the keys, 0 where they are parts of them; `key_ratio`: keys there
    are for each that a query sees, above 1 under a window; `value_density`: the share
    of values that is not zero, which may differ by layer. Else all are 1.
    """
    ratio, apart, keys, dense = (jnp.ones(len(ops)) for _ in range(4))
    first = attention_places(ops)
    for i in first:
        ratio = _with(ratio, i, ops.columns[..., i + 2] / ops.inner[..., i])
        apart = _with(apart, i, float(_values_apart(ops, i)))
        dense = _with(dense, i, jnp.asarray(ops.weight_density)[..., i + 2, None])
        if window is not None:
            new = ops.rows[..., i] / ops.sharing[..., i]
            every = ops.cached[..., i] / ops.inner[..., i] + new
            keys = _with(keys, i, every / ops.columns[..., i])
    inside = {i + step for i in first for step in (1, 2)}
    places = np.asarray([i for i in range(len(ops)) if i not in inside], int)
    found = {
        "value_ratio": ratio,
        "values_apart": apart,
        "key_ratio": keys,
        "value_density": dense,
    }
    return {name: column[..., places] for name, column in found.items()}


def from_cache(ops: Ops) -> Array:
    """Return whether a product multiplies by what a cache holds, as 0 or 1, `[ops]`.

    Values that are parts of the keys, as latents are, come from there with these.
    """
    right = np.asarray([kind == "matmul" for kind in ops.kinds])
    found = jnp.where(right & (jnp.asarray(ops.cached) > 0), 1.0, 0.0)
    for i in attention_places(ops):
        if not _values_apart(ops, i):
            found = _with(found, i + 2, found[..., i])
    return found


def _values_apart(ops: Ops, scores: int) -> bool:
    """Say whether a context reads other values than the keys that scores read."""
    context = scores + 2
    keys = [scores - back for back in ops.reads[scores][1:] if back > 0]
    values = [context - back for back in ops.reads[context][1:] if back > 0]
    return len(ops.reads[context]) > 1 and (not keys or keys != values)
