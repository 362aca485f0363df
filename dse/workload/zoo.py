"""Transformers known by name: their shapes, and what was published about their size."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dse.errors import Faults, InputError, check_kind, did_you_mean, quoted
from dse.files import exists
from dse.shipped import hw_params_folder
from dse.toml_file import TomlFile, read_toml
from dse.workload.huggingface import read_config, shape_from_config
from dse.workload.model_shape import ModelShape
from dse.workload.shapes import TransformerShape

_UNITS = {"k": 1e3, "M": 1e6, "B": 1e9}
_SIZES = {field.name for field in fields(TransformerShape)} - {"name"}
_SOURCES = {"source", "where"}
_REQUIRED = _SOURCES | {
    field.name
    for field in fields(TransformerShape)
    if field.default is MISSING and field.name != "name"
}


@dataclass(frozen=True, kw_only=True)
class Published:
    """A parameter count as somebody printed it: `110M`, or `109482240` in full."""

    parameters: str
    with_head: bool  # whether it counts the head beside the body
    source: str  # key of references.bib
    where: str

    def agrees_with(self, count: int) -> bool:
        """Say whether a count rounds to the printed digits.

        A figure in full must match exactly; zeros before the unit are not digits that
        were printed, so 110M stands for anything from 105M to 115M.
        """
        unit = _UNITS.get(self.parameters[-1])
        if unit is None:
            return count == int(self.parameters)
        digits = self.parameters[:-1]
        decimals = len(digits.partition(".")[2])
        zeros = 0 if decimals else len(digits) - len(digits.rstrip("0"))
        step = unit * 10.0 ** (zeros - decimals)
        return abs(count - float(digits) * unit) <= step / 2


@dataclass(frozen=True, kw_only=True)
class ZooEntry:
    """A transformer of the zoo with the sources of its sizes and of their count."""

    model: ModelShape
    sizes: TransformerShape | None  # None where a `config.json` has them
    source: str  # key of references.bib
    where: str
    checked: str  # on which day the sizes were held against what; '': they were not
    published: tuple[Published, ...]


def model_shape(
    model: str | Path | Mapping[str, object] | TransformerShape | ModelShape,
) -> ModelShape:
    """Return what a model consists of, and so its parameters, work, weights and cache.

        shape = dse.model_shape("llama/config.json")
        shape.parameters, shape.head_parameters, shape.macs(2048)
        shape.weight_bytes("w4a16"), shape.cache_bytes_per_token("w4a16 kv8")

    Args:
        model: a name of the zoo, a Hugging Face `config.json`, the folder that holds
            one or its contents as a dictionary, or sizes of your own.

    Raises:
        InputError: with the closest name for a model that is none of these; with file
            and key for a config that cannot be read.

    Examples:
        >>> llama = dse.model_shape("llama-3-8b")
        >>> print(f"{llama.parameters:,} parameters")
        7,504,924,672 parameters
        >>> llama.weight_bytes("w4a16") / 2**30
        3.739381790161133
    """
    if isinstance(model, ModelShape):
        return model
    if isinstance(model, TransformerShape):
        return model.model
    if isinstance(model, Mapping):
        return shape_from_config(model)
    check_kind("`model`", model, (str, Path), "a name of the zoo or a path")
    if isinstance(model, str) and model in zoo():
        return zoo()[model].model
    path = Path(model)
    if path.suffix == ".json" or exists(path):
        return shape_from_config(path)
    raise InputError(
        f"`{model}` is neither a model of the zoo nor a path to a `config.json`."
        + did_you_mean(path.name.lower(), zoo())
    )


def listed_sizes(name: str) -> TransformerShape:
    """Return the sizes of a transformer of the zoo that lists them, as all BERTs do.

    Raises `InputError` for another name, and for a model whose sizes are those of a
    `config.json`.
    """
    entry = zoo().get(name)
    if entry is None or entry.sizes is None:
        listed = [key for key, each in zoo().items() if each.sizes is not None]
        raise InputError(
            f"`{name}` is no model of the zoo with sizes of `TransformerShape`."
            + did_you_mean(name, listed)
        )
    return entry.sizes


@functools.cache
def zoo() -> Mapping[str, ZooEntry]:
    """Return all transformers known by name."""
    return MappingProxyType(read_zoo(hw_params_folder() / "transformers.toml"))


def read_zoo(path: Path) -> dict[str, ZooEntry]:
    """Read a table of shapes, of sizes or of keys of a `config.json`.

    Raises one `InputError` with file, line and model of every key that is missing or
    unknown, and of sizes that do not fit together.
    """
    file = read_toml(path)
    faults, entries = Faults(), {}
    for name in file.data:
        with faults.gathered(file.line(name)):
            entries[name] = _entry(name, file)
    faults.tell()
    return entries


def _entry(name: str, file: TomlFile) -> ZooEntry:
    place, line = f"{file.path}:{file.line(name)}: [{name}]", file.line(name)
    check_kind(place, file.data[name], dict, "a table with the sizes of a model")
    row, faults = dict(file.data[name]), Faults()
    of_config = "config" in row
    missing = (_SOURCES if of_config else _REQUIRED) - row.keys()
    if missing:
        faults.note(line, f"{place} needs `{'`, `'.join(sorted(missing))}`; add it.")
    texts = {key: row.pop(key, "") for key in ("source", "where", "checked")}
    figures = row.pop("published", ())
    known = {"config"} if of_config else _SIZES
    for key in row.keys() - known:
        at, meant = file.line(name, key), did_you_mean(key, known)
        faults.note(at, f"{file.path}:{at}: [{name}] has no key `{key}`.{meant}")
    for key, value in texts.items():
        with faults.gathered(line):
            check_kind(f"{place} `{key}`", value, str, "a text")
    published = []
    with faults.gathered(line):
        check_kind(f"{place} `published`", figures, (list, tuple), "a list of tables")
        published = [_published(f"{place} `published`", each) for each in figures]
    faults.tell()
    if of_config:
        place = f"{file.path}:{file.line(name, 'config')}: [{name}.config]"
        check_kind(place, row["config"], dict, "a table with keys of a `config.json`")
        sizes, model = None, read_config(row["config"], place=place, name=name)
    else:
        sizes = _listed(name, place, row)
        model = sizes.model
    return ZooEntry(model=model, sizes=sizes, published=tuple(published), **texts)


def _listed(name: str, place: str, row: dict[str, Any]) -> TransformerShape:
    """Return the sizes that an entry lists; raise `InputError` that tells its place."""
    check_kind(f"{place} `ffn`", row["ffn"], list, "a list of widths")
    try:
        return TransformerShape(name=name, **row | {"ffn": tuple(row["ffn"])})
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def _published(place: str, figure: Any) -> Published:
    """Return a published size; raise `InputError` for a table of another form."""
    kinds = {"parameters": str, "with_head": bool, "source": str, "where": str}
    check_kind(place, figure, dict, f"tables with {', '.join(kinds)}")
    for key in figure.keys() - kinds:
        raise InputError(f"{place} has no key `{key}`." + did_you_mean(key, kinds))
    for key, kind in kinds.items():
        wanted = "true or false" if kind is bool else "a text"
        check_kind(f"{place} `{key}`", figure.get(key), kind, wanted)
    if not re.fullmatch(r"\d+|\d+(\.\d+)?[kMB]", figure["parameters"]):
        raise InputError(
            f"{place} `parameters` is {quoted(figure['parameters'])}; write it as "
            "`110M` or in full, as `109482240`."
        )
    return Published(**figure)
