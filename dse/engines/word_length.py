"""What the length of a word costs: accuracy, and the size of what multiplies it.

Accuracies stand in hw_params/accuracy/word_lengths.toml: from 16 bits on nothing is
lost, 8 bits lose next to nothing, and what shorter words cost is not known. Arithmetic
follows the width: a multiplier of a by b bits is a field of a b full adders, an adder
of b bits is a row of b of them.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import jax.numpy as jnp

from dse.arrays import Number
from dse.shipped import hw_params_folder
from dse.sparsity.loss import Loss
from dse.toml_file import read_toml
from dse.workload.formats import Words

FILE = "accuracy/word_lengths.toml"


def multiplier_size(left_bits: Number, right_bits: Number, known_bits: float) -> Number:
    """Return the size of a multiplier over that of one of `known_bits` by as many.

    a b / known^2, of its area and of the energy of a product.
    """
    return left_bits * right_bits / known_bits**2


def adder_size(bits: Number, known_bits: float) -> Number:
    """Return the size of an adder, a register or a wire over that of `known_bits`."""
    return bits / known_bits


def logic_depth(bits: Number, known_bits: float) -> Number:
    """Return the delay of a product of some bits over that of `known_bits`.

    log 2b over log 2 known: its rows are added in a tree, and the sum of 2b bits by a
    carry that looks ahead; both are as deep as the logarithm of their width.
    """
    return jnp.log2(2.0 * bits) / math.log2(2.0 * known_bits)


@cache
def _known() -> dict[str, Any]:
    return read_toml(hw_params_folder() / FILE).data


def word_loss(*bits: Number) -> Loss:
    """Return what words of some bits lose; the shortest of the operands decides.

    NaN below 8 bits: not known.
    """
    exact, short = _known()["exact"], _known()["short"]
    shortest = jnp.min(jnp.stack([jnp.asarray(each) * 1.0 for each in bits]))
    spread = (short["high"] - short["low"]) / 100.0 / math.sqrt(12.0)
    return Loss(
        drop=jnp.where(shortest < short["bits"], jnp.nan, short["drop"]),
        spread=jnp.where(shortest < exact["bits"], spread, 0.0),
        unknown=f"words of less than {short['bits']} bits, which were not measured",
    )


def format_loss(words: Words) -> Loss:
    """Return what the words of a format lose; NaN, not known, of short floats."""
    if words.has_floats and min(words.bits) < _known()["exact"]["bits"]:
        return Loss(
            drop=jnp.nan, unknown="short floating-point words, which were not measured"
        )
    return word_loss(*words.bits)


def fixed_point_loss(integer_bits: Number, fraction_bits: Number) -> Loss:
    """Return what numbers with a fixed point lose; NaN, not known, of shorter ones."""
    known = _known()["fixed_point"]
    least = known["integer_bits"], known["fraction_bits"]
    held = (integer_bits >= least[0]) & (fraction_bits >= least[1])
    return Loss(
        drop=jnp.where(held, known["drop"], jnp.nan),
        unknown=f"words of less than {least[0]} + {least[1]} bits, which were not "
        "measured",
    )
