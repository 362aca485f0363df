"""Where energy, area and time of designs go, for a page that shows any one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.compile.function import compile_function
from dse.engines.base import Engine
from dse.errors import InputError
from dse.evaluation import Metrics
from dse.explore.basis import Basis
from dse.explore.grid import answer_for
from dse.explore.live_values import live_values_of_designs
from dse.explore.space import Space
from dse.explore.timeline import layer_timelines
from dse.show.labels import component_label, shown_unit
from dse.show.memory_figure import LiveBars, live_bars
from dse.show.roofline import Roofline, rooflines
from dse.show.scale import Scale, rounded, scaled_unit
from dse.show.schedule_figure import Schedule, schedule_of
from dse.units import from_si
from dse.workload.ops import Workload

MOST_DESIGNS = 400  # of which a page holds the parts
SMALL = 0.005  # share of the total below which a component is merged with others
KINDS = ("work", "leakage", "area", "needed", "further")
STAGES = ("load", "compute", "store")
BY_OP = (*STAGES, "op_work", "op_bytes")
_COSTS = (  # what has a table of its own, and its kinds
    ("energy", ("work", "leakage")),
    ("area", ("area",)),
    ("bytes", ("needed", "further")),
)

Table = dict[str, dict[str, Rows]]  # kind -> component, unit or op -> [designs]


def some_rows(count: int, keep: Sequence[int]) -> list[int]:
    """Return which rows of a front have their parts on a page, `keep` among them."""
    if count <= MOST_DESIGNS:
        return list(range(count))
    spread = np.linspace(0, count - 1, MOST_DESIGNS).astype(int)
    return [int(row) for row in np.union1d(spread, np.asarray(keep, int))]


def parts_of_designs(space: Space, basis: Basis, index: Rows) -> Table:
    """Return the parts of designs by their index.

    Energies in J, areas in m^2, bytes off chip, `busy` shares, the seconds that ops
    load, compute and store, their work and bytes, and `whole`: peak rate and batch.
    """

    def told(found: Metrics) -> dict[str, Any]:
        named = {
            f"{kind}|{name}": value
            for kind, parts in _parts(found).items()
            for name, value in parts.items()
        }
        return {name: np.float64(1.0) * value for name, value in named.items()}

    function = compile_function(answer_for(space, basis, told), space.names)
    digits = space.digits(index)
    table = {name: space.values(name)[at] for name, at in digits.items()}
    found: Table = {kind: {} for kind in (*KINDS, "busy", *BY_OP, "whole")}
    for name, column in function.rows(table, float, backend="numpy").items():
        kind, _, part = name.partition("|")
        found[kind][part] = np.broadcast_to(column, len(index))
    return found


def parts_of_machine(found: Metrics) -> Table:
    """Return the parts of one machine in the same form."""
    return {
        kind: {name: np.asarray([float(value)]) for name, value in parts.items()}
        for kind, parts in _parts(found).items()
    }


def _parts(found: Metrics) -> dict[str, Mapping[str, Any]]:
    ops = range(len(found.op_names))
    by_op = {**found.op_busy, "op_work": found.op_work, "op_bytes": found.op_bytes}
    needed = {
        origin: found.compulsory_bytes.get(origin, 0.0)
        for origin in found.off_chip_bytes
    }
    return {
        "work": found.dynamic_energy,
        "leakage": found.leakage_energy,
        "area": found.area_by_component,
        "needed": needed,
        "further": {o: b - needed[o] for o, b in found.off_chip_bytes.items()},
        "busy": found.utilization,
        **{what: {f"{op:04d}": by_op[what][op] for op in ops} for what in BY_OP},
        "whole": {
            "peak": found.peak_rate,
            "batch": found.throughput * found.latency,
        },
    }


def costs_data(designs: Table, machines: Mapping[str, Table], scale: Scale) -> Any:
    """Return energy, area and bytes by component, of designs and of machines.

    Plain data in the units of the page; components that are small everywhere are one.
    """
    all_of_them = [designs, *machines.values()]
    told = []
    for what, kinds in _COSTS:
        if not any(table[kind] for table in all_of_them for kind in kinds):
            continue
        unit, title = _unit_and_title(what, kinds, all_of_them, scale)
        names = _large(all_of_them, kinds)
        told.append(
            {
                "title": title,
                "kinds": list(kinds),
                "components": [*map(component_label, names), "others"],
                "designs": [_columns(designs, k, names, unit) for k in kinds],
                "machines": {
                    name: [_columns(machine, k, names, unit) for k in kinds]
                    for name, machine in machines.items()
                },
            }
        )
    return told


def _unit_and_title(
    what: str, kinds: Sequence[str], tables: Sequence[Table], scale: Scale
) -> tuple[str, str]:
    if what != "bytes":
        return scale.units[what], scale.axis_title(what)
    sums = [sum(v for k in kinds for v in table[k].values()) for table in tables]
    unit = scaled_unit(np.concatenate([np.ravel(each) for each in sums]), "information")
    return unit, f"Off-chip traffic per {scale.counted} ({shown_unit(unit)})"


def roofline_data_of(designs: Table, op_names: Sequence[str]) -> Roofline:
    """Return the rooflines of designs."""
    columns = {
        what.removeprefix("op_"): np.stack(
            [c for _, c in sorted(designs[what].items())]
        )
        for what in BY_OP
    }
    whole = designs["whole"]
    return rooflines(op_names, columns, whole["batch"], whole["peak"])


def schedule_of_designs(space: Space, basis: Basis, index: Rows) -> Schedule:
    """Return when ports and units of designs work for a layer of one workload."""
    [(workload, _)] = basis.suite
    return schedule_of(
        layer_timelines(*_asked(space, workload, index), basis.technology)
    )


def live_bars_of_designs(space: Space, basis: Basis, index: Rows) -> LiveBars | None:
    """Return what of one workload lives when in designs; none where nothing is kept."""
    [(workload, _)] = basis.suite
    try:
        found = live_values_of_designs(
            *_asked(space, workload, index), basis.technology
        )
    except InputError:  # nothing of a layer is kept
        return None
    return live_bars(found, workload.name)


def _asked(
    space: Space, workload: Workload, index: Rows
) -> tuple[Callable[[Mapping[str, Any]], tuple[Engine, Workload]], dict[str, Rows]]:
    """Return how designs of a space are made, and the numbers they are made of."""
    table = {name: space.values(name)[at] for name, at in space.digits(index).items()}
    return lambda moved: space.place(space.complete(moved), workload), table


def time_data(designs: Table, op_names: Sequence[str], scale: Scale) -> Any:
    """Return how busy ports and units are, and what each op asks, as plain data."""
    unit = scale.units["latency"]
    units = [*designs["busy"]]
    stages = {s: [c for _, c in sorted(designs[s].items())] for s in STAGES}
    return {
        "units": [*map(component_label, units)],
        "busy": [rounded(designs["busy"][name]) for name in units],
        "ops": [component_label(name) for name in op_names],
        "unit": scale.shown_unit("latency"),
        "stages": {
            s: [rounded(from_si_all(column, unit)) for column in columns]
            for s, columns in stages.items()
        },
    }


def from_si_all(values: Rows, unit: str) -> Rows:
    """Return SI numbers in a unit that people read."""
    return np.asarray(values, float) * from_si(1.0, unit)


def _large(tables: Sequence[Table], kinds: Sequence[str]) -> list[str]:
    """Return the components that count somewhere, the largest of the designs first."""
    names = dict.fromkeys(n for t in tables for k in kinds for n in t[k])

    def share(table: Table, name: str) -> float:
        total = sum(v for k in kinds for v in table[k].values())
        own = sum(table[k].get(name, 0.0 * total) for k in kinds)
        return float(np.max(own / np.maximum(total, 1e-300)))

    large = [n for n in names if max(share(table, n) for table in tables) >= SMALL]
    return sorted(large, key=lambda name: -share(tables[0], name))


def _columns(table: Table, kind: str, names: Sequence[str], unit: str) -> Any:
    """Return amounts by component, then of all others: a list over designs each."""
    count = len(next(iter(table["area"].values())))
    none = np.zeros(count)
    own = [np.asarray(table[kind].get(name, none)) for name in names]
    rest = sum((v for n, v in table[kind].items() if n not in names), none)
    return [rounded(from_si_all(column, unit)) for column in (*own, rest)]
