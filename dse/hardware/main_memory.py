"""Main memory for all engines: what bandwidth costs on the chip, and what bits cost.

A machine has as many channels or stacks of a kind as its bandwidth asks for, at least
one, and for each an interface (PHY and controller) on its own die:

    units = max(1, bandwidth / bandwidth of a unit)

Numbers: hw_params/memories.toml; laws, sources and ranges: docs/buildable.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp

from dse.arrays import Choice, Number
from dse.hardware.node_scaling import area_at
from dse.hardware.technology import Technology, load_technology
from dse.traced_once import traced_once

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
    """The main memory of one machine; what is asked of it is worked out, in SI.

    Of a kind, its place in `KINDS`, and a bandwidth in B/s. A machine asks it for few
    of its figures at a time, many times in one evaluation.
    """

    technology: Technology
    kind: Choice
    bandwidth: Number

    @property
    def units(self) -> Number:
        """Channels or stacks."""
        return jnp.maximum(1.0, self.bandwidth / self._of("bandwidth"))

    @property
    def capacity(self) -> Number:
        """Bytes that all channels or stacks hold."""
        return self.units * self._of("capacity")

    @property
    def read_energy(self) -> Number:
        """Energy of a bit that the device reads, in J."""
        return self._of("energy")

    @property
    def write_energy(self) -> Number:
        """Energy of a bit that the device writes, in J."""
        written = self.technology["rram.write_energy"]
        return jnp.where(self._is_rram > 0.5, written, self.read_energy)

    @property
    def interface_energy(self) -> Number:
        """Energy of a bit on the chip, beyond what it draws at rest, in J."""
        rest = self.technology["interface.idle_share"]
        return (1.0 - rest) * self._of("interface_energy")

    @property
    def idle_power(self) -> Number:
        """Power of the devices at rest, in W."""
        return self.units * self._of("idle_power")

    @property
    def interface_idle_power(self) -> Number:
        """Power on the chip that is always drawn, in W."""
        full = self._of("interface_energy") * 8.0 * self.units * self._of("bandwidth")
        return self.technology["interface.idle_share"] * full

    @property
    def area(self) -> Number:
        """Area of PHY and controller on the chip, in m^2."""
        scaled = area_at(self.technology["process.node"], _CONTROLLER_NM)
        controller = self._of("controller_area") * scaled
        return self.units * (self._of("phy_area") + controller)

    @property
    def edge(self) -> Number:
        """What it takes of the edge of the chip, in m."""
        return self.units * self._of("edge")

    @property
    def wear(self) -> Number:
        """Share of the cells' life that a bit written takes."""
        cells = self.technology["rram.capacity"] * 8.0 * self.units
        levelling = self.technology["rram.wear_levelling"]
        return self._is_rram / (self.technology["rram.endurance"] * levelling * cells)

    @property
    def _is_rram(self) -> Number:
        return self._chosen([1.0 * (name == "rram") for name in KINDS])

    def _of(self, what: str) -> Number:
        return self._chosen([self.technology[f"{name}.{what}"] for name in KINDS])

    def _chosen(self, values: Sequence[Number]) -> Number:
        return choose(values, self.kind)

    def energy(self, read: Number, written: Number) -> dict[str, Number]:
        """Return the energy in J of bits read and written, by component."""
        return {
            "main_memory": read * self.read_energy + written * self.write_energy,
            "memory_interface": (read + written) * self.interface_energy,
        }

    def at_rest(self, seconds: Number) -> dict[str, Number]:
        """Return the energy in J of being switched on, by component."""
        return {
            "main_memory": self.idle_power * seconds,
            "memory_interface": self.interface_idle_power * seconds,
        }


@traced_once()
def choose(values: Sequence[Number], place: Choice) -> Number:
    """Return the value at a place, a whole number."""
    return jnp.stack(values)[jnp.asarray(place).astype(int)]


def is_described(technology: Technology) -> bool:
    """Say whether a technology has the memories of all engines.

    One without them keeps the conventions of a publication.
    """
    return "interface.idle_share" in technology.values


def with_memories(technology: Technology) -> Technology:
    """Return a technology with the memories of all engines beside its own numbers."""
    memories = load_technology(FILE)
    return Technology(
        name=f"{technology.name} + {memories.name}",
        files=(*technology.files, *memories.files),
        values=dict(technology.values) | dict(memories.values),
    )
