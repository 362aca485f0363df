"""On-chip buffers: area and leakage grow with capacity, access energy with its root."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from dse.hardware.technology import Technology

MIB = 2.0**20  # bytes


def area(technology: Technology, buffer: str, mib: Any) -> Any:
    """Return the area of a buffer in m^2, linear in its MiB."""
    return technology[f"{buffer}.area"] * mib * MIB


def leakage(technology: Technology, buffer: str, mib: Any) -> Any:
    """Return the leakage power of a buffer in W: linear in its MiB."""
    return technology[f"{buffer}.leakage_power"] * mib * MIB


def access_energy(technology: Technology, buffer: str, mib: Any) -> Any:
    """Return the energy of one access of a whole block in J, e * sqrt(MiB)."""
    return technology[f"{buffer}.access_energy"] * jnp.sqrt(mib)
