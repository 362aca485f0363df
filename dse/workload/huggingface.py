"""The shape of a transformer from the `config.json` that Hugging Face ships with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from dse.errors import InputError, did_you_mean, quoted
from dse.files import is_folder
from dse.json_file import read_json
from dse.workload.model_shape import ModelShape
from dse.workload.readers.config import Config
from dse.workload.readers.table import NO_ATTENTION, READERS

_WANTED = "the `config.json` of a model"
_OTHERS = {
    "saved": "holds what `dse.save` wrote: a run as it is, not a model to run; give it "
    "to `dse.evaluate` or `--workload`.",
    "dictionary": "holds a model dictionary of AccelTran, whose ops are known and no "
    "more; give it to `dse.acceltran_model`, `dse.evaluate` or `--workload`.",
}


def shape_from_config(config: str | Path | Mapping[str, object]) -> ModelShape:
    """Return the shape that a `config.json` describes.

    A key that is missing takes the default of its class in the reference library.

    Args:
        config: the file, the folder that holds it, or its contents as a dictionary.

    Raises:
        InputError: where the file cannot be read, its `model_type` is not one that dse
            can read, a value is odd, or a key that may change the ops is not known; the
            message names file and key.
    """
    if isinstance(config, Mapping):
        return read_config(config, place="the config", name=None)
    path = Path(config)
    path = path / "config.json" if is_folder(path) else path
    name = path.parent.resolve().name if path.name == "config.json" else path.stem
    return read_config(read_json(path, _WANTED), place=str(path), name=name)


def other_kind(data: Mapping[str, object]) -> Literal["saved", "dictionary"] | None:
    """Return what else than a config an object is: a saved run, AccelTran's model."""
    if {"dse", "saved"} <= data.keys():
        return "saved"
    is_dictionary = "model_type" not in data and {"l", "o", "h", "f"} & data.keys()
    return "dictionary" if is_dictionary else None


def read_config(
    config: Mapping[str, object], *, place: str, name: str | None
) -> ModelShape:
    """Return the shape that the keys of a config describe; faults are told of a place.

    A model without a name has that of its type. Raises `InputError` as
    `shape_from_config` does.
    """
    kind = config.get("model_type")
    if isinstance(kind, str) and kind in NO_ATTENTION:
        raise InputError(
            f"{place}: `model_type` is {kind!r}, {NO_ATTENTION[kind]}; give a "
            "transformer, whose layers are attention and feed-forward nets."
        )
    if other := other_kind(config):
        raise InputError(f"{place}: {_OTHERS[other]}")
    if not isinstance(kind, str) or kind not in READERS:
        found = (
            "is missing"
            if kind is None
            else f"is {quoted(kind)}, which dse cannot read"
        )
        raise InputError(
            f"{place}: `model_type` {found}." + did_you_mean(str(kind), READERS)
        )
    keys = Config(config, kind, place)
    try:
        shape = READERS[kind](keys, name or kind)
    except InputError as error:
        text = str(error)
        raise InputError(
            text if text.startswith(place) else f"{place}: {text}"
        ) from None
    keys.finish()
    return shape
