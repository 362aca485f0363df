"""How an input is cut into slices, and where the slices are added up again.

An array takes an input a few bits at a time. Its slices are converted one by one and
added up by digital logic (ISAAC, PUMA); or a capacitor below every column takes up
several of them, each as often as its place in the word is worth, and all are converted
at once (NeuRRAM). Sources: shafiee2016isaac; wan2022neurram.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp

from dse.arrays import Number
from dse.smooth import ceil_div
from dse.traced_once import traced_once

if TYPE_CHECKING:
    from dse.engines.crossbar.engine import CrossbarEngine


class Slices(NamedTuple):
    """What becomes of one input on one row, and of the column sums that it is in."""

    fed: Number  # slices
    conversions: Number  # of a column
    integrations: Number  # on a column's capacitor; 0 without one
    bits: Number  # of a conversion: the mean


def has_integrators(design: CrossbarEngine) -> Number:
    """Return whether capacitors take up several slices before a conversion."""
    return design.slices_per_conversion > 1.0


@traced_once()
def slices_of(design: CrossbarEngine) -> Slices:
    """Return how often parts of an array work for one input of `activation_bits`.

        fed = ceil(X / dac_bits),    conversions = ceil(fed / slices_per_conversion)

    A ternary slice is positive, negative or nothing: the sign takes no slice of its
    own, X is a bit less. Slices are spread evenly over the conversions, and one of n
    slices needs sum 2^(k dac_bits) = (2^(n dac_bits) - 1) / (2^dac_bits - 1)
    integrations. Of less significant parts only the bits that count are converted,
    `adc_bits` less those of the parts before.
    """
    ternary = jnp.asarray(design.input_code) > 0.5
    magnitude = jnp.maximum(design.activation_bits - jnp.where(ternary, 1.0, 0.0), 1.0)
    fed = ceil_div(magnitude, design.dac_bits)
    conversions = ceil_div(fed, design.slices_per_conversion)
    most = ceil_div(fed, conversions)
    # Conversions of `most` slices: one at least, which bounds of a box of designs see.
    longer = jnp.maximum(fed - (most - 1.0) * conversions, 1.0)
    base = 2.0**design.dac_bits
    powers = base ** (most - 1.0) * (conversions + (base - 1.0) * longer)
    integrators = has_integrators(design)
    known = 0.5 * (conversions - 1.0) * most * design.dac_bits
    fewer = jnp.maximum(design.adc_bits - known, 1.0)
    integrations = jnp.maximum(powers - conversions, 0.0) / (base - 1.0)
    return Slices(
        fed=fed,
        conversions=conversions,
        integrations=jnp.where(integrators, integrations, 0.0),
        bits=jnp.where(integrators, fewer, design.adc_bits),
    )


def bits_together(design: CrossbarEngine) -> Number:
    """Return the bits of an input that one conversion sees."""
    found = slices_of(design)
    together = ceil_div(found.fed, found.conversions) * design.dac_bits
    return jnp.where(has_integrators(design), together, design.dac_bits)
