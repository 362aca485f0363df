"""`dse engines`, `dse models`, `dse memories`: what there is, by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.show.text_table import text_table
from dse.workload.zoo import zoo


def engines(
    name: Annotated[
        str | None,
        typer.Argument(help="An engine, to list its fields; all where left out."),
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """List the kinds of machine and their published ones, or the fields of one."""
    from dse.engines.registry import ENGINES, find_engine

    if name is not None:
        _fields(find_engine(name), as_json)
        return
    rows = [
        {
            "engine": each,
            "class": kind.__name__,
            "presets": list(kind.presets),
            "what": (kind.__doc__ or "").partition("\n")[0].rstrip("."),
        }
        for each, kind in ENGINES.items()
    ]
    _answer("engines", rows, "Fields of one: `dse engines NAME`.", as_json)


def _fields(kind: Any, as_json: bool) -> None:
    import inspect

    signature = inspect.signature(kind)
    rows = []
    for field, meaning in kind.quantities().items():
        default = signature.parameters[field].default
        rows.append(
            {
                "field": field,
                "can be": meaning.range,
                "default": "" if default is inspect.Parameter.empty else default,
                "meaning": meaning.doc,
            }
        )
    _answer("fields", rows, "Set one: `dse evaluate --set FIELD=VALUE`.", as_json)


def models(
    as_json: Json = False, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """List the transformers that are known by name."""
    rows = [
        {
            "name": name,
            "family": entry.shape.family,
            "layers": entry.shape.layers,
            "hidden": entry.shape.hidden,
            "heads": entry.shape.heads,
            "ffn": list(entry.shape.ffn),
            "longest": entry.shape.longest,
            "parameters": entry.shape.parameters,
            "source": entry.source,
        }
        for name, entry in zoo().items()
    ]
    note = "Any other one by the path of its config.json."
    _answer("models", rows, note, as_json)


def memories(
    as_json: Json = False, verbose: Verbose = False, quiet: Quiet = False
) -> None:
    """List the main memories of each engine, and what they cost."""
    from dse.engines.registry import ENGINES, find_preset
    from dse.hardware.parameters import load_parameters

    rows = []
    for engine, kind in ENGINES.items():
        machine = find_preset(engine, kind.presets[0])
        chosen = kind.quantities().get("main_memory")
        choices = chosen.choices if chosen else ()
        for file in machine.default_technology().files:
            for key, entry in load_parameters(file).entries.items():
                if not key.startswith("main_memory.") or "energy" not in key:
                    continue
                named = [choice for choice in choices if key.endswith(f"_{choice}")]
                rows.append(
                    {
                        "engine": engine,
                        "main_memory": named[0] if named else "",
                        "parameter": key,
                        "value": f"{entry.value:.6g} {entry.unit}",
                        "status": entry.status,
                        "file": file,
                    }
                )
    note = (
        "Choose one where it has a name: `dse evaluate --set main_memory=NAME`; "
        "its bandwidth is a field of the engine."
    )
    _answer("memories", rows, note, as_json)


def _answer(what: str, rows: list[dict[str, Any]], note: str, as_json: bool) -> None:
    if as_json:
        print_json({what: rows})
        return
    cells = [[_cell(value) for value in row.values()] for row in rows]
    say(f"{text_table(list(rows[0]), cells)}\n\n{note}")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
