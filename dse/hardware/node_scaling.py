"""Node scaling: area and energy of the same logic at another process node.

Two published rules: Stillmaker and Baas's tables (`area_factor`, `energy_factor`), and
the first-order rule of SOFA's comparison, for the nodes that the tables leave out.
Neither says what leakage does; `leakage_factor` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dse.errors import InputError, check_kind
from dse.hardware.parameters import load_parameters

if TYPE_CHECKING:
    from dse.arrays import Number

_REFERENCE_NODE = "65"


def area_factor(from_nm: float, to_nm: float) -> float:
    """Return the area of a circuit at `to_nm` relative to its area at `from_nm`.

    A(to)/A(from), each relative to 65 nm; the table has two digits, so a factor is good
    to 5 % or so. Unit: 1. Raises `InputError` for a node that is not in the table.
    Source: stillmaker2017scaling, area factors, row 65 nm.
    """
    areas = _areas()
    return areas[_node(to_nm)] / areas[_node(from_nm)]


def energy_factor(
    from_nm: float, to_nm: float, *, supply_from: Number = 0.8, supply_to: Number = 0.8
) -> Number:
    """Return the energy of an operation at `to_nm` relative to that at `from_nm`.

    g_to(supply_to)/g_from(supply_from) with g(V) = a V^2 + b V + c of each node.
    Supplies in volts, numbers or JAX arrays of any shape; unit: 1. Raises `InputError`
    for a node that is not in the table. Source: stillmaker2017scaling, energy
    coefficients.
    """
    return _energy(to_nm, supply_to) / _energy(from_nm, supply_from)


def leakage_factor(
    from_nm: float, to_nm: float, *, supply_from: Number = 0.8, supply_to: Number = 0.8
) -> Number:
    """Return the leakage power of a circuit at `to_nm` relative to that at `from_nm`.

    (to / from) (supply_to / supply_from): transistors of one kind let the same current
    through for their width when off, at every node, and widths follow the node.
    Supplies in volts; unit: 1. Source: neurosim2023, Technology.cpp, currentOffNmos at
    300 K: 100 nA/um of fast transistors at 130, 90 and 65 nm; 100 pA/um of low-power
    ones there and at 14 nm, 127 at 10 and 147 at 7.
    """
    return to_nm / from_nm * (supply_to / supply_from)


def _energy(nm: float, supply: Number) -> Number:
    table = _table()
    a, b, c = (table[f"energy_{_node(nm)}.{name}"] for name in "abc")
    return (a * supply + b) * supply + c


def _node(nm: float) -> str:
    check_kind("`nm`", nm, (int, float, np.number), "a number in nm")
    node, known = f"{nm:g}", _areas()
    if node not in known:
        raise InputError(
            f"{node} nm is not in the scaling tables. Known: {', '.join(known)} nm."
        )
    return node


@cache
def _areas() -> dict[str, float]:
    stem = f"area.from_{_REFERENCE_NODE}_to_"
    tabulated = {k.removeprefix(stem): v for k, v in _table().items() if stem in k}
    return {_REFERENCE_NODE: 1.0} | tabulated


@cache
def _table() -> dict[str, float]:
    return load_parameters("stillmaker2017").si()


def area_at(node: Number, from_nm: float) -> Number:
    """Return the area of logic at a node, in m, relative to that at `from_nm`.

    Between the nodes of the table on log axes, beyond them by its last slopes; a number
    or a tracer of JAX.
    """
    return _between(node, {nm: area_factor(from_nm, nm) for nm in _nodes()})


def energy_at(node: Number, from_nm: float) -> Number:
    """Return the energy of an operation at a node, in m, relative to `from_nm`."""
    return _between(node, {nm: energy_factor(from_nm, nm) for nm in _nodes()})


def _nodes() -> list[float]:
    return sorted(float(nm) for nm in _areas())


def _between(node: Number, known: Mapping[float, Number]) -> Number:
    from dse.smooth import log_interpolate

    return log_interpolate(node * 1e9, tuple(known), list(known.values()))


def first_order_area_factor(from_nm: float, to_nm: float) -> float:
    """Return the area at `to_nm` relative to that at `from_nm`: (to / from)^2.

    Unit: 1. Source: wang2024sofa, table II.
    """
    return (to_nm / from_nm) ** 2


def first_order_energy_factor(from_nm: float, to_nm: float) -> float:
    """Return energy, or power at one clock, at `to_nm` relative to that at `from_nm`.

    (to / from) (V_to / V_from)^2, with the supply V of each node. Unit: 1. Raises
    `InputError` for a node whose supply is not known. Source: wang2024sofa, table II.
    """
    return to_nm / from_nm * (_supply(to_nm) / _supply(from_nm)) ** 2


def first_order_leakage_factor(from_nm: float, to_nm: float) -> float:
    """Return the leakage power at `to_nm` relative to that at `from_nm`.

    (to / from) (V_to / V_from), with the supply V of each node. Unit: 1. Raises
    `InputError` for a node whose supply is not known. Sources: see `leakage_factor`;
    wang2024sofa, table II.
    """
    return float(
        leakage_factor(
            from_nm, to_nm, supply_from=_supply(from_nm), supply_to=_supply(to_nm)
        )
    )


def _supply(nm: float) -> float:
    stem = "supply.at_"
    volts = load_parameters("sofa_scaling").si()
    known = {key.removeprefix(stem): value for key, value in volts.items()}
    node = f"{nm:g}"
    if node not in known:
        raise InputError(
            f"the supply at {node} nm is not known. Known: {', '.join(known)} nm."
        )
    return known[node]
