"""The weight files of a checkpoint: one safetensors file, or shards with an index."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from dse.errors import InputError, quoted
from dse.files import check_regular
from dse.json_file import read_json

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
FLOATS = ("F64", "F32", "F16", "BF16")  # what safetensors calls the kinds we read

_WANTED = "a safetensors file; copy it anew, or convert other formats to it"


class WeightFiles:
    """The tensors of a checkpoint by name, read when they are asked for.

    Names of the first BERT checkpoints, `LayerNorm.gamma` and `LayerNorm.beta`, are
    known by those of today. Raises `InputError` for files that are missing or torn.
    """

    def __init__(self, folder: Path) -> None:
        self.paths = _paths(folder)
        self._places = {
            _todays(name): (path, name) for path in self.paths for name in _names(path)
        }

    def names(self) -> list[str]:
        """Return the names of all tensors."""
        return list(self._places)

    def read(self, name: str) -> np.ndarray:
        """Return one tensor as float32; `InputError` where it is no finite floats."""
        if name not in self._places:
            raise InputError(
                f"{self.paths[0]}: tensor `{name}` is missing; the config promises it. "
                "Give the config and the weights of one model."
            )
        path, own = self._places[name]
        with safe_open(path, "numpy") as file:
            kind = file.get_slice(own).get_dtype()
            if kind not in FLOATS:
                raise InputError(
                    f"{path}: tensor `{own}` holds {kind}; convert it to F32."
                )
            with np.errstate(over="ignore", invalid="ignore"):
                values = np.asarray(file.get_tensor(own), np.float32)
        if not np.isfinite(values).all():
            raise InputError(
                f"{path}: tensor `{own}` holds values that are not finite; take the "
                "weights from where they came from again."
            )
        return values

    def sha256(self) -> str:
        """Return the hash of the file, or of the hashes of all shards."""
        digests = []
        for path in self.paths:
            with path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256("".join(digests).encode()).hexdigest()


def _todays(name: str) -> str:
    for old, new in ((".gamma", ".weight"), (".beta", ".bias")):
        if name.endswith(f"LayerNorm{old}"):
            return name.removesuffix(old) + new
    return name


def _names(path: Path) -> list[str]:
    check_regular(path, _WANTED)
    try:
        with safe_open(path, "numpy") as file:
            return list(file.keys())
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: cannot be read ({error}); give {_WANTED}.") from None


def _paths(folder: Path) -> list[Path]:
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    index = folder / INDEX
    if not index.exists():
        raise InputError(
            f"{folder}: holds neither {WEIGHTS} nor {INDEX}. Convert other formats "
            "with the tools of Hugging Face first."
        )
    files = read_json(index, "the index of a sharded checkpoint").get("weight_map")
    if not isinstance(files, Mapping) or not files:
        raise InputError(
            f"{index}: `weight_map` is {quoted(files)}; write an object that maps each "
            "tensor to its file."
        )
    names = list(files.values())
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise InputError(
                f"{index}: {quoted(name)} names no file beside it; write its plain "
                "name."
            )
    return [folder / name for name in sorted(set(names))]
