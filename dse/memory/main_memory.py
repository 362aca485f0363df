"""Main memory for all engines: what bandwidth costs on the chip, and what bits cost.

A machine has as many channels or stacks of a kind as its bandwidth asks for, at least
one, and for each an interface (PHY and controller) on its own die:

    units = max(1, bandwidth / bandwidth of a unit)

Numbers: hw_params/memories.toml; laws, sources and ranges: docs/buildable.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp

from dse.hardware.node_scaling import area_at
from dse.hardware.technology import Technology

FILE = "memories"
KINDS = (
    "ddr4",
    "hbm2",
    "ddr5",
    "lpddr5x",
    "gddr6",
    "hbm2e",
    "hbm3",
    "hbm3e",
    "rram",
)
_CONTROLLER_NM = 7.0  # where areas of controllers are known


class MainMemory(NamedTuple):
    """The main memory of one machine, in SI."""

    read_energy: Any  # J/bit of the device
    write_energy: Any  # J/bit of the device
    interface_energy: Any  # J/bit on the chip, beyond what it draws at rest
    idle_power: Any  # W of the devices at rest
    interface_idle_power: Any  # W on the chip, always
    area: Any  # m^2 on the chip: PHY and controller
    edge: Any  # m along the edge of the chip
    wear: Any  # share of the cells' life that a bit written takes

    def energy(self, read: Any, written: Any) -> dict[str, Any]:
        """Return the energy in J of bits read and written, by component."""
        return {
            "main_memory": read * self.read_energy + written * self.write_energy,
            "memory_interface": (read + written) * self.interface_energy,
        }

    def at_rest(self, seconds: Any) -> dict[str, Any]:
        """Return the energy in J of being switched on, by component."""
        return {
            "main_memory": self.idle_power * seconds,
            "memory_interface": self.interface_idle_power * seconds,
        }


def is_described(technology: Technology) -> bool:
    """Say whether a technology has the memories of all engines.

    One without them keeps the conventions of a publication.
    """
    return "interface.idle_share" in technology.values


def with_memories(technology: Technology) -> Technology:
    """Return a technology with the memories of all engines beside its own numbers."""
    from dse.hardware.technology import load_technology

    memories = load_technology(FILE)
    return Technology(
        name=f"{technology.name} + {memories.name}",
        files=(*technology.files, *memories.files),
        values=dict(technology.values) | dict(memories.values),
    )


def main_memory(technology: Technology, kind: Any, bandwidth: Any) -> MainMemory:
    """Return main memory of a kind, its place in `KINDS`, and a bandwidth in B/s."""

    def of(what: str) -> Any:
        return _chosen([technology[f"{name}.{what}"] for name in KINDS], kind)

    units = jnp.maximum(1.0, bandwidth / of("bandwidth"))
    controller = of("controller_area") * area_at(
        technology["process.node"], _CONTROLLER_NM
    )
    energy = of("energy")
    is_rram = _chosen([1.0 * (name == "rram") for name in KINDS], kind)
    rest = technology["interface.idle_share"]
    full = of("interface_energy")
    cells = technology["rram.capacity"] * 8.0 * units
    life = technology["rram.endurance"] * technology["rram.wear_levelling"] * cells
    written = technology["rram.write_energy"]
    return MainMemory(
        read_energy=energy,
        write_energy=jnp.where(is_rram > 0.5, written, energy),
        interface_energy=(1.0 - rest) * full,
        idle_power=units * of("idle_power"),
        interface_idle_power=rest * full * 8.0 * units * of("bandwidth"),
        area=units * (of("phy_area") + controller),
        edge=units * of("edge"),
        wear=is_rram / life,
    )


def _chosen(values: list[Any], kind: Any) -> Any:
    return jnp.stack([jnp.asarray(v) * 1.0 for v in values])[
        jnp.asarray(kind).astype(int)
    ]
