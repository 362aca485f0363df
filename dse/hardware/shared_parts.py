"""Arithmetic that engines share where they are compared: multipliers, vector lanes.

Where a technology holds them, every engine charges its products, its vector lanes and
the leakage of its logic by these; else by what its own publication says. Numbers:
hw_params/shared_parts.toml, in words of 16 bits.
"""

from __future__ import annotations

from typing import NamedTuple

from dse.arrays import Number
from dse.hardware.technology import Technology, load_technology

FILE = "shared_parts"
KNOWN_BITS = 16.0
# Passes of a lane over a value: the maximum, the sum of exponentials, the division.
SOFTMAX_PASSES = 3.0


class Part(NamedTuple):
    """Area in m^2, energy of an operation in J, leakage power in W of one unit."""

    area: Number
    energy: Number
    leakage_power: Number

    def times(self, size: Number) -> Part:
        """Return a unit of so many times the size."""
        return Part(self.area * size, self.energy * size, self.leakage_power * size)


def are_shared(technology: Technology) -> bool:
    """Say whether a technology has the arithmetic of all engines."""
    return "mac.energy" in technology.values


def with_shared_parts(technology: Technology, node_nm: float) -> Technology:
    """Return a technology at a node, with the arithmetic of all engines at that node.

    Not for a joint technology of a pair: give each of its parts. Raises `InputError`
    for a node that the rules of scaling do not know.
    """
    own, shared = technology.at_node(node_nm), load_technology(FILE).at_node(node_nm)
    return Technology(
        name=f"{own.name} with shared parts",
        files=(*own.files, *shared.files),
        values=dict(own.values) | dict(shared.values),
    )


def multiplier(technology: Technology, left_bits: Number, right_bits: Number) -> Part:
    """Return a multiply-accumulate of a by b bits.

        its size over that of 16 by 16 bits = s a b / 256 + (1 - s) (a + b) / 32

    with the share s that grows with the square of the width.
    """
    share = technology["mac.multiplier_share"]
    product = left_bits * right_bits / KNOWN_BITS**2
    width = 0.5 * (left_bits + right_bits) / KNOWN_BITS
    return _part(technology, "mac").times(share * product + (1.0 - share) * width)


def vector_lane(technology: Technology, bits: Number) -> Part:
    """Return a lane of a vector unit, a value a cycle, linear in the width."""
    return _part(technology, "vector_lane").times(bits / KNOWN_BITS)


def logic_leakage(technology: Technology, area: Number) -> Number:
    """Return the leakage power in W of logic of some area in m^2."""
    return area * technology["mac.leakage_power"] / technology["mac.area"]


def _part(technology: Technology, name: str) -> Part:
    return Part(*(technology[f"{name}.{what}"] for what in Part._fields))
