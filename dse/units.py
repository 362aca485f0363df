"""Units at the door: SI inside, a unit wherever a person or a file sees a number."""

from __future__ import annotations

import math
import re

from dse.errors import InputError, did_you_mean

# unit -> (what it measures, its size in SI); others are known by a prefix, as `MB/s`
UNITS: dict[str, tuple[str, float]] = {
    "1": ("number", 1.0),
    "%": ("number", 1e-2),
    "s": ("time", 1.0),
    "ms": ("time", 1e-3),
    "us": ("time", 1e-6),
    "ns": ("time", 1e-9),
    "ps": ("time", 1e-12),
    "year": ("time", 365.25 * 24 * 3600.0),
    "1/s": ("rate of wear", 1.0),
    "%/year": ("rate of wear", 1e-2 / (365.25 * 24 * 3600.0)),
    "Hz": ("frequency", 1.0),
    "kHz": ("frequency", 1e3),
    "MHz": ("frequency", 1e6),
    "GHz": ("frequency", 1e9),
    "seq/s": ("throughput", 1.0),
    "tokens/s": ("throughput", 1.0),  # of decoding, where each sequence makes one
    "runs/s": ("throughput", 1.0),  # of a suite that reads sequences and makes tokens
    "m^2": ("area", 1.0),
    "mm^2": ("area", 1e-6),
    "um^2": ("area", 1e-12),
    "m^2/B": ("area per byte", 1.0),
    "um^2/MiB": ("area per byte", 1e-12 / 2**20),
    "J": ("energy", 1.0),
    "mJ": ("energy", 1e-3),
    "uJ": ("energy", 1e-6),
    "nJ": ("energy", 1e-9),
    "pJ": ("energy", 1e-12),
    "fJ": ("energy", 1e-15),
    "J s": ("energy delay", 1.0),
    "mJ s": ("energy delay", 1e-3),
    "uJ s": ("energy delay", 1e-6),
    "nJ s": ("energy delay", 1e-9),
    "J/bit": ("energy per bit", 1.0),
    "pJ/bit": ("energy per bit", 1e-12),
    "W": ("power", 1.0),
    "mW": ("power", 1e-3),
    "uW": ("power", 1e-6),
    "W/m^2": ("power density", 1.0),
    "W/mm^2": ("power density", 1e6),
    "W/B": ("power per byte", 1.0),
    "mW/MiB": ("power per byte", 1e-3 / 2**20),
    "V": ("voltage", 1.0),
    "V^2": ("voltage squared", 1.0),
    "ohm": ("resistance", 1.0),
    "F": ("capacitance", 1.0),
    "fF": ("capacitance", 1e-15),
    "K": ("temperature", 1.0),
    "m": ("length", 1.0),
    "mm": ("length", 1e-3),
    "nm": ("length", 1e-9),
    "um": ("length", 1e-6),
    "bit": ("information", 1.0 / 8.0),
    "B": ("information", 1.0),
    "KiB": ("information", 2.0**10),
    "MiB": ("information", 2.0**20),
    "GiB": ("information", 2.0**30),
    "kB": ("information", 1e3),
    "MB": ("information", 1e6),
    "GB": ("information", 1e9),
    "B/s": ("bandwidth", 1.0),
    "GB/s": ("bandwidth", 1e9),
    "bit/s": ("bandwidth", 1.0 / 8.0),
    "B/cycle": ("information per cycle", 1.0),
    "bit/cycle": ("information per cycle", 1.0 / 8.0),
    "cycle": ("cycles", 1.0),
    "op/s": ("rate", 1.0),
    "GOP/s": ("rate", 1e9),
    "TOP/s": ("rate", 1e12),
}

_PREFIXES = {
    **{"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3},
    **{"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15},
}
# Of what is counted there are no thousandths; other things are not counted in 1,024.
_COUNTED = ("B", "bit", "OP")
_OF_COUNTS = {prefix: size for prefix, size in _PREFIXES.items() if size > 1.0} | {
    **{"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
}
_PREFIXED = re.compile(
    r"([KMGT]i|[fpnumkMGTP])((Hz|J|W|V|ohm|F|s|m|B|bit|OP)(?:\^([2-9]))?(?![A-Za-z]).*)"
)
_QUANTITY = re.compile(r"^\s*([-+0-9.eE]+)\s*([^\s].*?)?\s*$")


def to_si(value: float, unit: str) -> float:
    """Return a number given in `unit` in SI; raise `InputError` for an unknown unit."""
    return value * _size(unit)


def from_si(value: float, unit: str) -> float:
    """Return an SI number in `unit`; raise `InputError` for an unknown unit."""
    return value / _size(unit)


def measures(unit: str) -> str:
    """Say what a unit measures, as 'energy per bit'; raise for an unknown unit."""
    return _known(unit)[0]


def si_unit(unit: str) -> str:
    """Return the SI unit of what a unit measures: `J` for `mJ`, `m^2` for `mm^2`."""
    kind = measures(unit)
    sizes = {u: size for u, (measured, size) in UNITS.items() if measured == kind}
    return unit if sizes.get(unit) == 1.0 else next(u for u in sizes if sizes[u] == 1.0)


def parse_quantity(text: str, like: str) -> float:
    """Read '50 mm2' or '5 W' as SI; `like` is a unit of what is wanted ('mm^2').

    Raises `InputError` where the text is no number, where it has no unit, or where its
    unit measures something else.
    """
    number, unit = read_quantity(text, like)
    return to_si(number, unit)


def read_quantity(text: str, like: str) -> tuple[float, str]:
    """Read '50 mm2' as a number and its unit, as `parse_quantity` does."""
    match = _QUANTITY.match(text)
    try:
        number = float(match[1]) if match else None
    except ValueError:
        number = None
    if match is None or number is None or not math.isfinite(number):
        raise InputError(
            f"{text!r} is not a quantity; write a number and a unit: '50 {like}'."
        )
    if match[2] is None:
        units = [unit for unit, (kind, _) in UNITS.items() if kind == measures(like)]
        written = [f"'{text.strip()} {unit}'" for unit in units]
        raise InputError(f"{text!r} has no unit; write {' or '.join(written)}.")
    unit = match[2].replace("mm2", "mm^2").replace("um2", "um^2")
    if measures(unit) != measures(like):
        raise InputError(
            f"{text!r} is {measures(unit)}; give {measures(like)}, as in '50 {like}'."
        )
    return number, unit


def _size(unit: str) -> float:
    return _known(unit)[1]


def _known(unit: str) -> tuple[str, float]:
    """Return what a unit measures, and its size in SI."""
    if unit in UNITS:
        return UNITS[unit]
    found = _PREFIXED.fullmatch(unit)
    rest = found[2].replace("OP", "op") if found is not None else ""
    if found is not None and rest in UNITS:
        prefix, _, base, power = found.groups()
        factors = _PREFIXES if base not in _COUNTED else _OF_COUNTS
        kind, size = UNITS[rest]
        if prefix in factors:
            return kind, size * factors[prefix] ** int(power or 1)
    raise InputError(
        f"`{unit}` is not a unit that dse knows." + did_you_mean(unit, UNITS)
    )
