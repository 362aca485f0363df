"""`dse engines`, `dse models`, `dse memories`: what there is, by name."""

from __future__ import annotations

from textwrap import wrap
from typing import Annotated, Any

import typer

from dse.cli.options import Json, Quiet, Verbose
from dse.cli.output import print_json, say
from dse.cli.own import engine_name
from dse.errors import InputError
from dse.show.text_table import prose, text_table
from dse.workload.readers.table import READERS
from dse.workload.zoo import ZooEntry, model_shape, zoo

_SHOWN = ("name", "model_type", "layers", "hidden", "heads", "kv_heads", "parameters")


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
    from dse.engines.registry import find_engine, known_engines

    if name is not None:
        _fields(find_engine(engine_name(name)), as_json)
        return
    rows = []
    for each in known_engines():
        try:
            kind = find_engine(each)
        except InputError as fault:  # a package of somebody else
            rows.append(
                {"engine": each, "class": "", "presets": [], "what": str(fault)}
            )
            continue
        rows.append(
            {
                "engine": each,
                "class": kind.__name__,
                "presets": list(kind.presets),
                "what": (kind.__doc__ or "").partition("\n")[0].rstrip("."),
            }
        )
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
                "range": meaning.range,
                "default": "" if default is inspect.Parameter.empty else default,
                "meaning": meaning.doc,
            }
        )
    _answer("fields", rows, "Set one: `dse evaluate --set FIELD=VALUE`.", as_json)


def models(
    model: Annotated[
        str | None,
        typer.Argument(help="A name or a config.json, to count it; all if left out."),
    ] = None,
    seq_len: Annotated[
        int | None,
        typer.Option("--seq-len", help="Tokens of the sequence to count."),
    ] = None,
    number_format: Annotated[
        str,
        typer.Option("--format", help="Bits of values: bf16, w4a16, int4 g128, kv8."),
    ] = "bf16",
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """List the transformers that are known by name, or count one of any kind."""
    if model is not None:
        _count(model, seq_len, number_format, as_json)
        return
    rows = [_row(name, entry) for name, entry in zoo().items()]
    types = "\n".join(wrap(", ".join(sorted(READERS)), 78))
    note = (
        "Parameters are those of the body, without the head; more of one model by\n"
        "`dse models NAME`.\n"
        f"Any other one by the path of its config.json, of a `model_type` of\n{types}"
    )
    if as_json:
        print_json({"models": rows})
    else:
        shown = [{key: row[key] for key in _SHOWN} for row in rows]
        _answer("models", shown, note, as_json)


def _row(name: str, entry: ZooEntry) -> dict[str, Any]:
    """Say what a model of the zoo is; of an encoder and a decoder the last."""
    shape, main = entry.model, entry.model.main
    attention = main.layers[0][0].attention
    return {
        "name": name,
        "model_type": shape.kind,
        "layers": main.depth,
        "hidden": main.hidden,
        "heads": attention.heads if attention else 0,
        "kv_heads": attention.kv_heads if attention else 0,
        "longest": main.longest,
        "parameters": shape.parameters,
        "head_parameters": shape.head_parameters,
        "source": entry.source,
    }


def _count(model: str, seq_len: int | None, form: str, as_json: bool) -> None:
    """Say how large a model is, and how much work it is to read a sequence."""
    shape = model_shape(model)
    from dse.workload.transformer import sequence_length  # needs JAX

    tokens = sequence_length(shape, seq_len)
    counts: dict[str, Any] = {
        "name": shape.name,
        "model_type": shape.kind,
        "parameters": shape.parameters,
        "head_parameters": shape.head_parameters,
        "seq_len": tokens,
        "macs": shape.macs(tokens),
        "format": form,
        "weight_bytes": shape.weight_bytes(form),
        "cache_bytes_per_token": shape.cache_bytes_per_token(form),
    }
    if as_json:
        print_json(counts)
        return
    cells = [[key, _cell(value)] for key, value in counts.items()]
    say(text_table(["", shape.name], cells[1:]))
    note = (
        "\nParameters are those of the body, tied weights once; weight_bytes hold "
        "those of the head too. The work is that of the body, masked pairs included."
    )
    say(prose(note))


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
                component, _, what = key.partition(".")
                if component not in ("main_memory", *choices) or "energy" not in what:
                    continue
                named = [c for c in choices if c == component or what.endswith(f"_{c}")]
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
    say(text_table(list(rows[0]), cells))
    say(prose(f"\n{note}"))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
