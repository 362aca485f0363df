"""Pages of the reference, written from the code: nothing on them is typed by hand."""

from __future__ import annotations

import inspect
import json
import math
import re
import statistics
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

import dse
from dse.cli.app import app
from dse.engines.registry import ENGINES, find_preset
from dse.evidence.error_rows import FILE, read_error_rows
from dse.hardware.parameters import load_parameters, parameter_files
from dse.hardware.provenance import Parameter
from dse.records import Record
from dse.shipped import hw_params_folder
from dse.sparsity.curve_tables import CurveFile
from dse.study.schema import for_toml, study_schema

MODELS = "transformers"  # the one file of hw_params/ that is a table of models


def write_all(folder: Path) -> None:
    """Write every page into a folder, and remove pages that are no more."""
    folder.mkdir(exist_ok=True)
    pages = {name: write() for name, write in PAGES.items()}
    for name, text in pages.items():
        file = folder / f"{name}.md"
        if not file.is_file() or file.read_text() != text:
            file.write_text(text)
    for file in folder.glob("*.md"):
        if file.stem not in pages:
            file.unlink()


# -- files ---------------------------------------------------------------------------


def study_page() -> str:
    """Return the page on `study.toml`."""
    schema = study_schema()
    said = [
        "# Reference: study.toml",
        "What may stand in the file of a study, from its own schema (`dse study "
        "--schema` prints it as JSON Schema, for editors). `dse study PATH` checks one "
        "without running it. Numbers in limits have units, as in `area <= 50 mm^2`.",
        _keys("At the top", schema, schema),
    ]
    titles = {
        "WorkloadTable": "In each `[[workload]]`",
        "HostTable": "In `[host]`",
        "ReferenceTable": "In each `[reference]`",
    }
    said += [_keys(title, schema["$defs"][n], schema) for n, title in titles.items()]
    return _page(said)


def curve_page() -> str:
    """Return the page on the files of curves."""
    schema = for_toml(CurveFile.model_json_schema())
    said = [
        "# Reference: curve files",
        "What may stand in the file of a curve. `dse curves --check FILE` reads one; "
        "[curves](../curves.md) says what they are for.",
        _keys("Tables", schema, schema),
    ]
    titles = {
        "About": "In `[about]`",
        "CurveTable": "In `[curve]`",
        "AttentionTable": "In `[attention]`",
        "BalanceTable": "In `[balance]`",
        "LayerLossTable": "In `[layer_loss]`",
    }
    said += [_keys(title, schema["$defs"][n], schema) for n, title in titles.items()]
    return _page(said)


def parameter_file_page() -> str:
    """Return the page on parameter files."""
    schema = for_toml(Parameter.model_json_schema())
    example = inspect.cleandoc(
        """
        ```toml
        inherits = "acceltran"          # what is not here is that of this file

        [activation_buffer.leakage_power]
        value  = 20
        unit   = "mW/MiB"
        status = "assumed"              # quoted | derived | fitted | assumed
        source = "my_notes"             # a key of a references.bib beside this file
        where  = "where in the source it stands"
        why    = "a library with fewer leaking cells"
        low    = 10
        high   = 40
        ```
        """
    )
    return _page(
        [
            "# Reference: parameter files",
            "Each table `[component.parameter]` is one number with its unit, its "
            "status and its source. `dse params --check FILE` checks one, `dse new "
            "technology NAME` begins one.",
            example,
            _keys("In each `[component.parameter]`", schema, schema),
            "A value that is `derived` needs `expression`, one that is `fitted` needs "
            "`fitted_to`, one that is `assumed` needs `why`, `low` and `high`. What is "
            "not in SI is turned into it.",
        ]
    )


def _keys(title: str, table: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return a section with a row for each key of a table of a file."""
    needed = table.get("required", [])
    rows = [
        [
            f"`{name}`",
            key.get("description", ""),
            _kind(key, schema),
            key.get("unit", ""),
            _default(name, key, needed),
            _toml(name, key["examples"][0]) if "examples" in key else f"`[{name}]`",
        ]
        for name, key in table["properties"].items()
    ]
    header = ["key", "what to write", "kind and range", "unit", "default", "example"]
    return f"## {title}\n\n{_table(header, rows)}"


def _default(name: str, key: dict[str, Any], needed: list[str]) -> str:
    if name in needed:
        return "needed"
    return f"`{json.dumps(key['default'])}`" if "default" in key else "none"


def _kind(key: dict[str, Any], schema: dict[str, Any]) -> str:
    """Return what a key takes, in words, with its range."""
    if "enum" in key:
        return " or ".join(f"`{json.dumps(each)}`" for each in key["enum"])
    if "$ref" in key:
        return "a table"
    if "anyOf" in key:
        return " or ".join(_kind(each, schema) for each in key["anyOf"])
    words = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "array": "list",
        "object": "table",
    }
    signs = {
        "minimum": ">=",
        "exclusiveMinimum": ">",
        "maximum": "<=",
        "exclusiveMaximum": "<",
    }
    told = [f"{sign} {key[limit]:g}" for limit, sign in signs.items() if limit in key]
    if "minItems" in key:
        told.append(f"{key['minItems']} or more")
    kind = ", ".join([words[key["type"]], *told])
    return f"{kind}; each {_kind(key['items'], schema)}" if "items" in key else kind


def _toml(name: str, value: Any) -> str:
    """Return an example as the file has it."""
    return f"`{name} = {_value(value)}`"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inside = (f"{_bare(k)} = {_value(v)}" for k, v in value.items())
        return "{ " + ", ".join(inside) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


def _bare(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else json.dumps(key)


# -- numbers -------------------------------------------------------------------------


def parameters_page() -> str:
    """Return the page of all numbers of `hw_params/`."""
    said = [
        "# Reference: parameters",
        "Every number of the models, by the file that holds it (`dse params NAME`), in "
        "the unit of its file, with its status and its source, a key of "
        "`hw_params/references.bib`.",
    ]
    for name in sorted(parameter_files()):
        if name == MODELS:
            continue
        rows = [
            [f"`{row.key}`", f"{row.value:.6g}", row.unit, row.status, row.source]
            for row in load_parameters(name).table()
        ]
        header = ["parameter", "value", "unit", "status", "source"]
        said.append(f"## {name}\n\n{_table(header, rows)}")
    return _page(said)


def engines_page() -> str:
    """Return the page of the engines, with their machines and their fields."""
    said = [
        "# Reference: engines and their fields",
        "What may be set of each machine: `dse evaluate --set FIELD=VALUE`, `[space]` "
        "of a study, `dse.Space(design, FIELD=[...])`.",
    ]
    for name, kind in ENGINES.items():
        signature = inspect.signature(kind)
        rows = []
        for field, meaning in kind.quantities().items():
            default = signature.parameters[field].default
            shown = "" if default is inspect.Parameter.empty else str(default)
            rows.append([f"`{field}`", meaning.doc, meaning.range, shown])
        machines = ", ".join(f"`{preset}`" for preset in kind.presets)
        first = find_preset(name, kind.presets[0]).default_technology()
        said.append(
            f"## {name}\n\n`dse.{kind.__name__}`: {_first_line(kind)}\n\nMachines: "
            f"{machines}. Numbers: {first.name}.\n\n"
            + _table(["field", "meaning", "can be", "default"], rows)
            + f"\n\n**Evidence.**\n\n<!-- evidence: {name} -->\n\n{_evidence(name)}\n\n"
            + "<!-- end -->"
        )
    return _page(said)


def _evidence(engine: str) -> str:
    """Return how far figures that were not fitted lie from an engine's answers."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for row in read_error_rows(hw_params_folder() / FILE):
        if row.family == engine and not row.over:
            key = (row.table, row.machine, row.kind, row.metric)
            groups.setdefault(key, []).append(math.exp(abs(row.error)))
    if not groups:
        return (
            "None that the model was not made from (runs of simulators state the same "
            "rules): its error is borrowed from the other engines."
        )
    rows = [
        [
            f"`{table}`",
            machine.replace("_", " "),
            *rest,
            str(len(factors)),
            f"{statistics.median(factors):.3g}",
            f"{max(factors):.3g}",
        ]
        for (table, machine, *rest), factors in groups.items()
    ]
    header = ["`dse validate`", "machine", "ran", "metric", "figures"]
    return (
        "Published or measured over modelled, or the other way about, of figures to "
        "which nothing was fitted:\n\n"
        + _table([*header, "median factor", "largest"], rows)
    )


# -- names ---------------------------------------------------------------------------


def python_page() -> str:
    """Return the page of everything that `import dse` gives."""
    said = [
        "# Reference: Python",
        "All of it is imported as `dse.NAME`; examples begin after `import dse`.",
    ]
    for name in sorted(dse.__all__, key=str.lower):
        said.append(_entry(name, inspect.unwrap(getattr(dse, name))))
    return _page(said)


def _entry(name: str, value: Any) -> str:
    """Return the directive of one public name; docstrings are Markdown."""
    kind = "class" if isinstance(value, type) else "function"
    if not callable(value):
        return f"````{{py:data}} dse.{name}\n\n{type(value).__name__}.\n````"
    lines = [f"````{{py:{kind}}} dse.{name}{_signature(value)}", ""]
    lines += [_docstring(value), ""]
    if isinstance(value, type):
        for own, method in _methods(value):
            lines += [f"```{{py:method}} {own}{_signature(method)}", ""]
            lines += [_docstring(method), "```", ""]
    return "\n".join([*lines, "````"])


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for own, value in vars(kind).items():
        value = getattr(value, "__func__", value)
        if inspect.isfunction(value) and not own.startswith("_") and value.__doc__:
            yield own, value


def _signature(value: Any) -> str:
    """Return the names of arguments and their defaults, as a person types them."""
    try:
        known = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return "()"
    if isinstance(value, type) and issubclass(value, Record) and len(known) > 6:
        return "(**fields)"
    plain = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in known
        if each.name not in ("self", "cls")
    ]
    told = [
        each.replace(default=_Shown(each.default))
        if each.default is not inspect.Parameter.empty
        else each
        for each in plain
    ]
    return str(inspect.Signature(told))


class _Shown:
    """A default as it is written, or `...` where that is long."""

    def __init__(self, value: Any) -> None:
        self._text = repr(value)

    def __repr__(self) -> str:
        short = len(self._text) < 40 and "<" not in self._text
        return self._text if short else "..."


def _docstring(value: Any) -> str:
    """Return the text of a docstring, its lists as lists, its example as code."""
    said = inspect.cleandoc(value.__doc__ or "")
    text, heading, example = said.partition("\n\nExamples:\n")
    text = _LISTED.sub(_as_list, text)
    if not heading:
        return text
    return f"{text}\n\n~~~pycon\n{textwrap.dedent(example)}\n~~~"


_LISTED = re.compile(r"^(Fields|Args|Raises):\n((?:    .*(?:\n|$))+)", re.MULTILINE)


def _as_list(found: re.Match[str]) -> str:
    """Return the names and meanings under a heading of a docstring as a list."""
    heading, body = found.groups()
    whole = re.sub(r"\n +", " ", textwrap.dedent(body).strip())  # of an item each line
    told = [line.partition(": ") for line in whole.splitlines()]
    items = "\n".join(f"- `{name}`: {text}" for name, _, text in told)
    return f"**{heading}**\n\n{items}\n"


def _first_line(value: Any) -> str:
    return _docstring(value).partition("\n")[0]


def command_page() -> str:
    """Return the page of the verbs and their options."""
    group: Any = typer.main.get_command(app)
    said = [
        "# Reference: the command line",
        "`dse VERB --help` says the same. Every verb takes `--json`, `-v` and `-q`; "
        "`--hw-params FOLDER` adds parameter files of your own.",
    ]
    for path, command in _commands(group, "dse"):
        rows = [
            [f"`{_call(parameter)}`", _help(parameter)]
            for parameter in command.params
            if not parameter.hidden and parameter.name not in ("help",)
        ]
        text = inspect.cleandoc(command.help or "")
        said.append(f"## {path}\n\n{text}\n\n{_table(['option', 'meaning'], rows)}")
    return _page(said)


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, own in getattr(command, "commands", {}).items():
        yield from _commands(own, f"{path} {name}")
    if not getattr(command, "commands", {}):
        yield path, command


def _call(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return ", ".join([*parameter.opts, *parameter.secondary_opts])


def _help(parameter: Any) -> str:
    return getattr(parameter, "help", "") or ""


# -- Markdown ------------------------------------------------------------------------


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in lines)


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _page(parts: list[str]) -> str:
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "study_file": study_page,
    "curve_file": curve_page,
    "parameter_file": parameter_file_page,
    "parameters": parameters_page,
    "engines": engines_page,
    "python": python_page,
    "command_line": command_page,
}
