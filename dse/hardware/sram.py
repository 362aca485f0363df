"""On-chip buffers: area and leakage grow with capacity, access energy with its root.

One law by node and size for all engines, where the technology has it (`sram.*`, as in
hw_params/memories.toml); else the figures of a publication for its own buffers.

    area    = cell(node) / efficiency * (bits + periphery)
    leakage = leakage of a bit * bits
    energy  = e(45 nm) * scaling to the node * sqrt(MiB)    for each bit moved
"""

from __future__ import annotations

import jax.numpy as jnp

from dse.arrays import Number
from dse.hardware.node_scaling import energy_at
from dse.hardware.technology import Technology
from dse.smooth import log_interpolate
from dse.traced_once import traced_once

MIB = 2.0**20  # bytes
CELL_NODES = (5.0, 7.0, 14.0, 22.0, 32.0, 45.0, 65.0)  # nm, of cells that are known
_ENERGY_NM = 45.0  # where the energy of an access is known


def has_law(technology: Technology) -> bool:
    """Say whether a technology has the law for buffers of all engines."""
    return "sram.efficiency" in technology.values


def cell_area(technology: Technology) -> Number:
    """Return the area of a bare cell in m^2 at the node of a technology."""
    known = [technology[f"sram.cell_{nm:.0f}"] for nm in CELL_NODES]
    node_nm = technology["process.node"] * 1e9
    return log_interpolate(node_nm, CELL_NODES, known)


def area(technology: Technology, buffer: str, mib: Number) -> Number:
    """Return the area of a buffer in m^2, linear in its MiB."""
    if not has_law(technology):
        return technology[f"{buffer}.area"] * mib * MIB
    bits = 8.0 * (mib * MIB + technology["sram.periphery"])
    return cell_area(technology) / technology["sram.efficiency"] * bits


def leakage(technology: Technology, buffer: str, mib: Number) -> Number:
    """Return the leakage power of a buffer in W: linear in its MiB."""
    of = "sram" if has_law(technology) else buffer
    return technology[f"{of}.leakage_power"] * mib * MIB


def access_energy(technology: Technology, buffer: str, mib: Number) -> Number:
    """Return the energy of one access of a whole block in J, e * sqrt(MiB)."""
    if not has_law(technology):
        return technology[f"{buffer}.access_energy"] * jnp.sqrt(mib)
    return bit_energy(technology, mib) * technology[f"{buffer}.block"] * 8.0


def bit_energy(technology: Technology, mib: Number) -> Number:
    """Return the energy in J of one bit into or out of a buffer, by the law."""
    return _bit_energy(technology["sram.energy_45"], technology["process.node"], mib)


@traced_once()
def _bit_energy(at_45_nm: Number, node: Number, mib: Number) -> Number:
    return at_45_nm * energy_at(node, _ENERGY_NM) * jnp.sqrt(mib)
