"""What a name or a path stands for: a model, a dictionary of AccelTran, a saved run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dse.errors import InputError, named
from dse.files import is_file
from dse.json_file import read_json
from dse.workload.huggingface import other_kind
from dse.workload.zoo import model_shape, zoo

if TYPE_CHECKING:  # needs JAX, which waits until all is in order
    from dse.workload.ops import Workload

Kind = Literal["model", "dictionary", "saved"]

WANTED = (
    "a config.json, a model dictionary of AccelTran, or a workload that `dse.save` "
    "wrote"
)


def kind_of(model: str) -> Kind:
    """Return what the name of a model, or the path of a file, stands for.

    Raises `InputError` for a name that is unknown and for a file that cannot be read;
    dictionaries and saved runs are read when they are built.
    """
    if model not in zoo() and is_file(Path(model)):
        data = read_json(Path(model), WANTED)
        if other := other_kind(data):
            return other
    model_shape(model)
    return "model"


def dictionary_workload(model: str, **how: Any) -> Workload:
    """Return the run of the model dictionary in a file, which is named as the file."""
    from dse.workload.acceltran_models import acceltran_model

    path = Path(model)
    try:
        return acceltran_model(read_json(path, WANTED), name=path.stem, **how)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def saved_workload(model: str) -> Workload:
    """Return the workload that a file holds; raise `InputError` for another record."""
    from dse.record_json import read_record
    from dse.workload.ops import Workload

    path = Path(model)
    found = read_record(path, read_json(path, WANTED))
    if not isinstance(found, Workload):
        raise InputError(f"{path}: holds {named(found)}; give {WANTED}.")
    return found


def usual_run(model: str) -> Workload:
    """Return what a name or a path stands for, a model at its usual length, dense."""
    from dse.workload.transformer import transformer

    kind = kind_of(model)
    if kind == "saved":
        return saved_workload(model)
    return (
        dictionary_workload(model, batch=1)
        if kind == "dictionary"
        else transformer(model)
    )
