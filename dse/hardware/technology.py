"""Technology: the numbers that physics and the process give, as one record."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from dse.hardware.node_scaling import area_factor, energy_factor
from dse.hardware.parameters import load_parameters
from dse.records import Record, record, static


@record
class Technology(Record):
    """Sourced parameters in SI, by their key in `hw_params/`; each one can be varied.

    `technology["lane.area_m16_gelu"]` is a number in SI units; a gradient by a
    technology answers with a technology: it says which parameter buys most.
    """

    name: str = static("the parameter file it was read from")
    values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        """Return one parameter in SI units."""
        return self.values[key]

    def at_node(self, to_nm: float, *, from_nm: float = 14.0) -> Technology:
        """Scale logic and on-chip memory to another process node.

        Areas by the tabulated area factors, powers and access energies by the energy
        polynomials at 0.8 V; clock, main memory and number format stay as they are.
        Raises `InputError` for a node outside the tables. Source:
        stillmaker2017scaling.
        """
        area = area_factor(from_nm, to_nm)
        energy = energy_factor(from_nm, to_nm)
        scaled = {
            key: value * _node_factor(key, area, energy)
            for key, value in self.values.items()
        }
        return self.replace(values=scaled, name=f"{self.name} at {to_nm:g} nm")


def _node_factor(key: str, area: float, energy: float) -> float:
    component, _, what = key.partition(".")
    if component == "main_memory":
        return 1.0
    if what.startswith("area"):
        return area
    if what.startswith(("dynamic_power", "leakage_power", "access_energy")):
        return energy
    return 1.0


def load_technology(name: str | Path = "acceltran") -> Technology:
    """Read a parameter file of `hw_params/` (or any path) as a technology record."""
    return _load(str(name))


@cache
def _load(name: str) -> Technology:
    return Technology(name=Path(name).stem, values=load_parameters(name).si())
