"""What analogue arithmetic costs in precision: converters, read noise, on/off ratio.

The law is ours, checked against a bit-exact simulation of sliced products in the tests:
a column sum of whole steps passes a converter of too few bits and comes back with an
error, and errors add up over all slices with their weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
from jax.lax import erfc

from dse.arrays import Number
from dse.engines.crossbar.slices import bits_together
from dse.hardware.technology import Technology
from dse.sparsity.pieces import interpolate

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine

CLEAN = 2.0**40  # a ratio at which nothing is lost
# Steps by which noise may push a rounded sum; enough for a deviation of four steps.
_STEPS = 16


def swing(technology: Technology) -> Number:
    """Return the usable share of a cell's current, 1 - 1 / (on/off ratio)."""
    return 1.0 - technology["cell.on_resistance"] / technology["cell.off_resistance"]


def largest_sum(design: CrossbarEngine, technology: Technology) -> Number:
    """Return the largest column sum in steps of one cell level.

        rows (2^bits_together - 1) (2^bits_per_cell - 1) / swing

    The current of cells that are off lifts all sums. Stored columns that would exceed
    half of it are flipped where `column_flip` says so: one bit less. Sums of ternary
    inputs fall as far below 0: one bit more.
    """
    signs = jnp.where(jnp.asarray(design.input_code) > 0.5, 2.0, 1.0)
    inputs: Number = signs * (2.0 ** bits_together(design) - 1.0)
    levels: Number = 2.0**design.bits_per_cell - 1.0
    half = jnp.where(jnp.asarray(design.column_flip) > 0.5, 0.5, 1.0)
    return half * design.rows_together * inputs * levels / swing(technology)


def lossless_bits(design: CrossbarEngine, technology: Technology) -> Number:
    """Return the resolution that tells every column sum apart: log2(largest sum + 1).

    ISAAC's 128 rows, 1-bit inputs and 2-bit cells need 9 whole bits, 8 with flips.
    """
    return jnp.log2(largest_sum(design, technology) + 1.0)


def column_error(design: CrossbarEngine, technology: Technology) -> Number:
    """Return the mean squared error of one column sum, in steps squared.

        step^2 (1 - step^-8) / 12 + noise;   step = (largest sum + 1) / 2^adc_bits

    but at least 1. A coarse converter errs evenly over a step; the power of 8 lets that
    fade smoothly to nothing for one that is lossless, which also rounds noise of less
    than half a step away: sum over k of (2k - 1) P(|noise| > k - 1/2).
    """
    step = jnp.maximum(
        (largest_sum(design, technology) + 1.0) / 2.0**design.adc_bits, 1.0
    )
    noise = read_noise(design, technology)
    coarse = jnp.minimum(step - 1.0, 1.0)
    kept = coarse * noise**2 + (1.0 - coarse) * _rounded(noise)
    return (step**2 - step**-6.0) / 12.0 + kept


def read_noise(design: CrossbarEngine, technology: Technology) -> Number:
    """Return the deviation of a column sum by read noise, in steps.

    Half of the rows are driven; each cell adds its own noise, independent of its level,
    in every slice that is converted together, by the place of the slice.
    """
    levels: Number = 2.0**design.bits_per_cell - 1.0
    cell = technology["cell.read_noise"] * levels / swing(technology)
    places: Number = (4.0 ** bits_together(design) - 1.0) / (4.0**design.dac_bits - 1.0)
    return cell * jnp.sqrt(0.5 * design.rows_together * places)


def _rounded(deviation: Number) -> Number:
    steps = jnp.arange(1.0, _STEPS + 1.0)
    safe = jnp.maximum(deviation, 1e-3)
    beyond = erfc((steps - 0.5) / (2.0**0.5 * safe))
    return jnp.sum((2.0 * steps - 1.0) * beyond)


def signal_to_noise(design: CrossbarEngine, technology: Technology) -> Number:
    """Return the power of a full product over that of its error, a ratio.

        rows (rms_x rms_w 2^(X + W))^2 / (error sum_i 4^(i together) sum_j 4^(j cell))

    X and W are the bits of inputs and weights; the sums run over all conversions, of
    `bits_together` bits of an input each, and over all cells of a weight. Inputs and
    weights are centred and independent (assumed), with the root mean squares of the
    technology. An error-free product has the ratio `CLEAN`.
    """
    signal = (
        design.rows_together
        * (technology["signal.input_rms"] * technology["signal.weight_rms"]) ** 2
    )
    pairs = 1.0 + (jnp.asarray(design.weight_code) > 0.5)
    error = (
        pairs
        * column_error(design, technology)
        / (4.0 ** bits_together(design) - 1.0)
        / (4.0**design.bits_per_cell - 1.0)
    )
    return jnp.minimum(signal / jnp.maximum(error, 1e-30), CLEAN)


def measured_drop(curve: tuple[tuple[float, float], ...], ratio: Number) -> Number:
    """Return the accuracy lost at a signal-to-noise ratio, NaN without a curve.

    The curve holds (dB, drop) pairs, dB rising; between them it is straight, past its
    ends level.
    """
    if not curve:
        return jnp.nan
    decibels, drops = (jnp.asarray(column) for column in zip(*curve, strict=True))
    return interpolate(10.0 * jnp.log10(ratio), decibels, drops)
