"""Technology: the numbers that physics and the process give, as one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from dse.arguments import one_of
from dse.arrays import Number
from dse.errors import InputError, check_kind, did_you_mean, named
from dse.hardware.changes import check_changed, described, with_derived
from dse.hardware.node_scaling import (
    area_factor,
    energy_factor,
    first_order_area_factor,
    first_order_energy_factor,
    first_order_leakage_factor,
    leakage_factor,
)
from dse.hardware.parameters import load_parameters, own_files
from dse.records import Quantity, Record, record, static
from dse.shipped import hw_params_folder
from dse.shown import Shown
from dse.units import from_si, parse_quantity


class Default(Protocol):
    """A machine that knows the technology of what it was built after."""

    def default_technology(self) -> Technology:
        """Return that technology."""


@record
class Technology(Shown, Record):
    """Sourced parameters in SI, by their key in `hw_params/`; each one can be varied.

    `technology["lane.area_m16_gelu"]` is a number in SI units; a gradient by a
    technology answers with a technology: it says which parameter buys most.

    Examples:
        >>> seven = dse.TileEngine.edge().default_technology().at_node(7)
        >>> print(f"{seven['clock.frequency'] / 1e6:.0f} MHz")
        700 MHz
    """

    name: str = static("the parameter files it was read from, and its node if scaled")
    files: tuple[str, ...] = static("names or paths of its parameter files")
    values: Mapping[str, Number]

    def __getitem__(self, key: str) -> Number:
        """Return one parameter in SI units; raise `InputError` for an unknown key."""
        check_kind("the key of a parameter", key, str, "one, as `clock.frequency`")
        if key not in self.values:
            raise InputError(
                f"technology {self.name} has no `{key}`; add it, or leave the "
                "technology out where the machine wants it: each engine has its own."
                + did_you_mean(key, self.values)
            )
        return self.values[key]

    def part(self, prefix: str) -> Technology:
        """Return the parameters of one part of a joint machine: keys `prefix.*`."""
        check_kind("`prefix`", prefix, str, "the name of a part, as `host`")
        start = f"{prefix}."
        own = {
            k.removeprefix(start): v
            for k, v in self.values.items()
            if k.startswith(start)
        }
        return Technology(name=self.name, files=self.files, values=own)

    def replace(self, **changes: object) -> Technology:
        """Return a copy with some numbers changed, each by its key.

        `technology.replace(**{"clock.frequency": "1 GHz"})`: a text has a unit, a
        number is in SI. What a parameter file derives from a changed number follows it.
        Raises `InputError` for an unknown key, for a unit that measures something else,
        and for what cannot be, as an energy below 0.
        """
        given: dict[str, Any] = dict(changes)
        fields = {name: value for name, value in given.items() if name in _FIELDS}
        whole = fields.pop("values", self.values)
        numbers = {key: value for key, value in given.items() if key not in _FIELDS}
        for key in [*whole, *numbers]:
            self[key]  # an unknown key is an error
        other = {k: v for k, v in whole.items() if v is not self.values[k]}
        values = {**whole, **check_changed(self.files, self.values, other)}
        if numbers:
            checked = check_changed(self.files, self.values, numbers)
            values = with_derived(self.files, values, checked)
            said = described(self.files, numbers)
            fields = {"name": f"{self.name}, {said}" if said else self.name} | fields
        return Technology(
            **{"name": self.name, "files": self.files, "values": values} | fields
        )

    def at_node(
        self,
        to_nm: float | str,
        *,
        rule: str = "stillmaker",
        from_nm: float | None = None,
    ) -> Technology:
        """Scale logic and on-chip memory from their own process node to another.

        To 7, or "7 nm"; areas, energies and leakage by a rule: "stillmaker" (tables,
        0.8 V, the one for comparisons of machines) or "first_order" (for nodes that the
        tables leave out); each part of a joint machine from its own `process.node`,
        or from `from_nm`, which is needed where the numbers are tracers of JAX. Clock,
        main memory, converters and memory cells stay as they are. Raises `InputError`
        for an unknown rule, or a node that the rule does not know. Sources:
        stillmaker2017scaling; wang2024sofa.
        """
        to_nm = read_node("to_nm", to_nm)
        from_nm = None if from_nm is None else read_node("from_nm", from_nm)
        one_of("rule", rule, _RULES)
        area_of, energy_of, leakage_of = _RULES[rule]
        scaled = dict(self.values)
        for node, start in self._nodes().items():
            own_nm = _in_nm(self.values[node]) if from_nm is None else from_nm
            area, energy = area_of(own_nm, to_nm), energy_of(own_nm, to_nm)
            leakage = leakage_of(own_nm, to_nm)
            for key in (key for key in self.values if key.startswith(start)):
                own_key = key.removeprefix(start)
                factor = _node_factor(own_key, area, energy, leakage)
                scaled[key] = self.values[key] * factor
            scaled[node] = self.values[node] * (to_nm / own_nm)
        return self.replace(values=scaled, name=f"{self.name} at {to_nm:g} nm")

    def nodes_nm(self) -> float | dict[str, float] | None:
        """Return the process node in nm, or that of each part of a joint machine."""
        last = "process.node"
        parts = {
            key.removesuffix(last).removesuffix("."): _in_nm(value)
            for key, value in self.values.items()
            if key == last or key.endswith(f".{last}")
        }
        return parts[""] if list(parts) == [""] else parts or None

    def _nodes(self) -> dict[str, str]:
        """Return the key of the process node of every part, and the part's prefix."""
        last = "process.node"
        keys = [k for k in self.values if k == last or k.endswith(f".{last}")]
        if not keys:
            raise InputError(
                f"technology {self.name} does not say its `{last}`; add it."
            )
        return {key: key.removesuffix(last) for key in keys}


_FIELDS = ("name", "files", "values")
_Factor = Callable[[float, float], Number]
_RULES: dict[str, tuple[_Factor, _Factor, _Factor]] = {
    "stillmaker": (area_factor, energy_factor, leakage_factor),
    "first_order": (
        first_order_area_factor,
        first_order_energy_factor,
        first_order_leakage_factor,
    ),
}
# Components that do not follow the rules of digital logic.
_UNSCALED = (
    *("main_memory", "adc", "dac", "sample_hold", "cell", "array", "link"),
    *("ddr4", "ddr5", "lpddr5x", "gddr6", "hbm2", "hbm2e", "hbm3", "hbm3e", "rram"),
    *("interface", "sram"),  # laws of all nodes
)
_ENERGIES = ("dynamic_power", "access_energy", "energy")


def read_node(name: str, node: float | str) -> float:
    """Return a process node in nm, given as 7 or as "7 nm".

    Raises `InputError` for what is neither.
    """
    if isinstance(node, str):
        return round(from_si(parse_quantity(node, "nm"), "nm"), 3)
    return float(
        Quantity("nm", "a node").take_one(f"`{name}`, the process node,", node)
    )


def _in_nm(node: Number) -> float:
    """Return a process node, one or equal draws of it, in nm."""
    return round(float(np.ravel(node)[0]) * 1e9, 3)


def _node_factor(key: str, area: Number, energy: Number, leakage: Number) -> Number:
    component, _, what = key.partition(".")
    if component in _UNSCALED or what.endswith("_share"):
        return 1.0
    if what.startswith("area"):
        return area
    if what.startswith(_ENERGIES):
        return energy
    if what.startswith("leakage_power"):
        return leakage
    return 1.0


def load_technology(*names: str | Path) -> Technology:
    """Read parameter files of `hw_params/` (or any paths) as one technology record.

    Several files are joined. Raises `InputError` where two of them hold the same key.

    Examples:
        >>> edge = dse.TileEngine.edge()
        >>> as_published = dse.load_technology("acceltran")
        >>> dse.evaluate(edge, "bert-tiny", technology=as_published).bottleneck
        'main_memory_port'
    """
    for name in names:
        check_kind("one of `names`", name, (str, Path), "a name of `dse params`")
    own = own_files()
    return _load(*(str(own.get(str(name), name)) for name in names))


@cache
def _load(*names: str) -> Technology:
    values: dict[str, Number] = {}
    for name in names:
        more = load_parameters(name).si()
        if twice := sorted(values.keys() & more.keys()):
            raise InputError(
                f"{name}: `{twice[0]}` stands in {' or '.join(names)} already; "
                "name files of different keys."
            )
        values |= more
    stems = " + ".join(_called(Path(name)) for name in names)
    return Technology(name=stems, files=names, values=values)


def _called(file: Path) -> str:
    """Return the name of a file; with its folder where `dse` ships another of it."""
    is_twin = file.suffix and (hw_params_folder() / file.name).is_file()
    return f"{file.stem} of {file.parent}" if is_twin else file.stem


def read_technology(
    given: Technology | str | Path | None, design: Default
) -> Technology:
    """Return a technology, that of a file by name or path, or the one of a design.

    Raises `InputError` for anything else.
    """
    if given is None:
        return design.default_technology()
    if isinstance(given, str | Path):
        return load_technology(given)
    if not isinstance(given, Technology):
        raise InputError(
            f"{named(given)} is no technology; give `dse.load_technology(...)`, or the "
            'name or path of a parameter file, as "acceltran".'
        )
    return given


def join_technologies(**parts: Technology) -> Technology:
    """Return one technology of several, the keys of each behind its own prefix."""
    values = {
        f"{prefix}.{key}": value
        for prefix, part in parts.items()
        for key, value in part.values.items()
    }
    files = tuple(dict.fromkeys(f for part in parts.values() for f in part.files))
    name = ", ".join(f"{prefix} {part.name}" for prefix, part in parts.items())
    return Technology(name=name, files=files, values=values)
