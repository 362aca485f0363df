"""Designs and results as files: saved and loaded in one call each.

A design, or any other record, is a JSON file. Results are a Parquet file: the columns
that people read, and in its metadata what they rest on; or a study of their machines.
Nothing in them is run.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from dse.engines.base import Engine
from dse.engines.registry import load_all_engines
from dse.errors import InputError, check_kind
from dse.explore.basis import Basis
from dse.explore.objectives import read_objectives
from dse.explore.runs import Runs, column_name, file_units
from dse.explore.space import Space, meaning_of
from dse.files import check_regular, is_folder, write_whole
from dse.json_file import read_json
from dse.record_json import (
    DAMAGE,
    FORM,
    SEAL,
    WANTED,
    check_seal,
    from_json,
    read_at,
    read_record,
    record_text,
    to_json,
)
from dse.records import Record
from dse.study.written import study_files, write_beside
from dse.sweeps.table_file import arrow_table
from dse.units import to_si

KEY = b"dse"  # of the metadata
FRONT = "front.parquet"  # the results in the folder of a sweep


def save(what: Record | Runs, path: str | Path) -> Path:
    """Write a design (.json) or results (.parquet), and return where.

    `dse.save(front, "front.parquet")`; `dse.load` brings it back. Workloads and
    technologies are saved as designs are, but only a design is read again after a
    person changed its file. A front is saved as a study of its machines,
    too: `dse.save(front, "again/study.toml")`, for `dse.load_study` or `dse sweep` to
    ask the same again, or another workload of them; a workload that no key says whole
    is written beside it. Raises `InputError` for anything else, for a name that ends
    otherwise, for what a study has no words for, and where a file beside it that is
    not to be lost has that name.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[16, 32, 64], batch=[1, 4])
        >>> front = dse.sweep(space, "bert-tiny", front=["max:throughput", "min:area"])
        >>> print(dse.save(front, "front.parquet"), dse.save(front, "again/study.toml"))
        front.parquet again/study.toml
    """
    wanted = (
        "a design or results; of other answers save their `design` or `runs`, or write "
        "their `to_pandas()` as a table"
    )
    check_kind("what is to be saved", what, (Record, Runs), wanted)
    check_kind("`path`", path, (str, Path), "the path of the file to write")
    place = Path(path)
    endings = (".parquet", ".toml") if isinstance(what, Runs) else (".json",)
    if place.suffix not in endings:
        wanted = " or ".join(endings)
        raise InputError(f"{place}: give it a name that ends in {wanted}.")
    if place.suffix == ".toml" and isinstance(what, Runs):
        write_beside(place, study_files(what, place))
    elif isinstance(what, Runs):
        table = io.BytesIO()
        parquet.write_table(results_table(what), table)
        write_whole(place, table.getvalue())
    else:
        sealed = not isinstance(what, Engine)
        write_whole(place, record_text(what, sealed=sealed))
    return place


def load(path: str | Path) -> Record | Runs:
    """Return what was saved: a design or another record, or results.

    The folder of a finished sweep gives its front. Metrics of results are those that
    were saved to a rounding. Raises `InputError` for what is neither.

    Examples:
        >>> path = dse.save(dse.TileEngine.edge(), "edge.json")
        >>> dse.load(path) == dse.TileEngine.edge()
        True
    """
    check_kind("`path`", path, (str, Path), WANTED)
    place = Path(path)
    if is_folder(place):
        if not (place / FRONT).is_file():
            raise InputError(f"{place}: has no {FRONT}; give {WANTED}.")
        place = place / FRONT
    check_regular(place, WANTED)
    if place.suffix == ".toml":
        raise InputError(f"{place}: is a study; read it by `dse.load_study`.")
    if place.suffix == ".parquet":
        return _read_results(place)
    found = read_json(place, WANTED)
    saved = read_record(place, found, load_all_engines)
    if SEAL not in found and not isinstance(saved, Engine):
        raise InputError(f"{place}: holds no design, and no `{SEAL}`; give {WANTED}.")
    return saved


def results_table(runs: Runs) -> pa.Table:
    """Return results as an Arrow table that knows what they rest on.

    Each column with a unit says it, in the metadata of its field: `unit`.
    """
    space, basis = runs.space, runs.basis
    about = {
        "dse": FORM,
        "design": to_json(space.design),
        "axes": {name: list(axis.values) for name, axis in space.axes.items()},
        "rows": {name: places.tolist() for name, places in space.rows.items()},
        "tied": {name: tie.expression for name, tie in space.tied.items()},
        "legal": space.legal,
        "suite": [[to_json(workload), weight] for workload, weight in basis.suite],
        "technology": to_json(basis.technology),
        "timing": basis.timing,
        "accept_foreign_accuracy": basis.accept_foreign_accuracy,
        "evaluated": int(runs.evaluated),
        "objectives": [str(objective) for objective in runs.objectives],
        "metrics": list(runs.metrics),
    }
    table = _with_units(arrow_table(runs.columns), runs)
    text = json.dumps(about, ensure_ascii=False, default=float)
    seal = _seal(text, table)
    return table.replace_schema_metadata({KEY: text.encode(), SEAL.encode(): seal})


def _seal(text: str, table: Any = None) -> str:
    """Return the hash of a text and of all columns of a table."""
    found = hashlib.sha256(text.encode())
    columns = () if table is None else zip(table.schema, table.columns, strict=True)
    for field, column in columns:
        values = column.to_numpy()
        plain = values.tobytes()
        if values.dtype == object:
            plain = json.dumps(values.tolist()).encode()
        found.update(f"{field.name} {field.type} ".encode() + plain)
    return found.hexdigest()


def _with_units(table: pa.Table, runs: Runs) -> pa.Table:
    """Return a table whose fields say their units."""
    shown = file_units(runs.basis.counted)
    units = {
        column_name(metric, shown[metric]): shown[metric] for metric in runs.metrics
    }
    units |= {n: meaning_of(runs.space.design, n).unit for n in runs.designs}
    fields = [
        field.with_metadata({"unit": units[field.name]})
        if units.get(field.name)
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _read_results(path: Path) -> Runs:
    try:
        with path.open("rb") as file:  # a path may look like a URI
            table = parquet.read_table(file)
        about = json.loads((table.schema.metadata or {}).get(KEY, b"null"))
    except (pa.ArrowException, OSError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot be read ({why}); give {WANTED}.") from None
    if not isinstance(about, dict) or about.get("dse") != FORM:
        raise InputError(
            f"{path}: does not say what it rests on; give {WANTED} with this version, "
            "or read it as a table with pandas."
        )
    text, seal = (table.schema.metadata.get(key, b"") for key in (KEY, SEAL.encode()))
    damage = (*DAMAGE, pa.ArrowException)
    found = read_at(path, lambda: _seal(text.decode(), table), damage)
    check_seal(path, found, seal.decode(errors="replace"))
    runs: Runs = read_at(path, lambda: _results(table, about), damage)
    return runs


def _record(data: Any) -> Any:
    return from_json(data, load_all_engines)


def _results(table: pa.Table, about: dict[str, Any]) -> Runs:
    from dse.explore.axes import choice, tied

    design, axes = _record(about["design"]), about["axes"]
    if rows := about.get("rows"):
        columns = {name: [axes[name][at] for at in rows[name]] for name in axes}
        space = Space.listed(design, legal=about["legal"], **columns)
    else:
        ties = {name: tied(text) for name, text in about["tied"].items()}
        choices = {name: choice(*values) for name, values in axes.items()}
        space = Space(design, legal=about["legal"], **choices, **ties)
    suite = tuple((_record(w), float(weight)) for w, weight in about["suite"])
    basis = Basis(
        suite,
        _record(about["technology"]),
        about["timing"],
        about["accept_foreign_accuracy"],
    )
    units = file_units(basis.counted)

    def column(name: str) -> Any:
        return table.column(name).to_numpy()

    return Runs(
        space=space,
        basis=basis,
        index=column("design"),
        metrics={
            name: column(column_name(name, units[name])) * to_si(1.0, units[name])
            for name in about["metrics"]
        },
        reason=column("reason").astype(object),
        evaluated=int(about["evaluated"]),
        objectives=read_objectives(about["objectives"]) if about["objectives"] else (),
    )
