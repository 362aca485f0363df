"""From a workload back to a `[[workload]]`: by its keys, or as a file beside the study.

The keys have words for most runs of the zoo. Models of one's own, and what no key says,
as a threshold for each layer, stand whole in a file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from dse.errors import InputError
from dse.explore.hashes import hash_of_records
from dse.record_json import record_text
from dse.study.file import WorkloadTable
from dse.workload.kinds import TRAINED
from dse.workload.ops import Workload
from dse.workload.spec import Place
from dse.workload.zoo import zoo

WHY = "as in the results that these machines are of"


def workload_table(
    workload: Workload, moved: set[str], path: Path, files: dict[str, str]
) -> dict[str, Any]:
    """Return the table of a workload; `files` takes what its keys cannot say."""
    if workload.model in zoo():
        table = _in_words(workload, moved, path)
        if _says(table, workload, moved, path):
            return table
    told = workload.replace(batch=1) if "batch" in moved else workload
    words = re.sub(r"[^a-z0-9.]+", "-", told.name.lower()).strip("-.")
    name = f"{words or 'workload'}-{hash_of_records(told)[:8]}.json"
    files[name] = record_text(told, sealed=True)
    return {"model": name}


def _says(
    table: dict[str, Any], workload: Workload, moved: set[str], path: Path
) -> bool:
    """Say whether a table stands for a workload, but for what axes `moved`."""
    anyhow = {"batch": 1.0} if "batch" in moved else {}
    try:
        read = WorkloadTable.model_validate(table, context=Place(path.parent)).build()
    except (ValidationError, InputError):
        return False
    told = [hash_of_records(each.replace(**anyhow)) for each in (read, workload)]
    return told[0] == told[1]


def _in_words(workload: Workload, moved: set[str], path: Path) -> dict[str, Any]:
    """Return the keys that a workload of the zoo is asked for by, or may be."""
    found: dict[str, Any] = {"model": workload.model}
    if "batch" not in moved and workload.batch != 1:
        found["batch"] = int(workload.batch)
    if workload.format is not None:
        found["format"] = workload.format
    if workload.steps:
        found |= {"prompt": workload.prompt, "new_tokens": workload.new_tokens}
        if workload.seq_len < workload.prompt:
            found["chunk"] = workload.seq_len
    elif workload.mode == "decode":
        found |= {"mode": "decode", "context_len": workload.seq_len}
    else:
        found["seq_len"] = workload.seq_len
    if workload.padded_fraction:
        found["padded_fraction"] = workload.padded_fraction
    if workload.name != workload.model:
        found["part"] = "attention"
    if workload.curve is not None and np.ndim(workload.threshold) == 0:
        found["density"] = seen_from(path, workload.curve.name)
        found["threshold"] = float(workload.threshold)
        found["stand_in"] = bool(workload.curve_misfit(workload.curve))
        return found | {"why_density": WHY}
    shares = {
        "activation_density": _share(workload, "output_density"),
        "weight_density": _share(workload, "weight_density", *TRAINED),
        "kept_pairs": _share(workload, "output_density", "softmax"),
        "kept_first_round": _short(workload.attention.kept_first_round),
    }
    if shares["kept_pairs"] == shares["activation_density"]:
        shares["kept_pairs"] = 1.0
    pruned = {name: share for name, share in shares.items() if share < 1}
    return found | pruned | ({"why_density": WHY} if pruned else {})


def _share(workload: Workload, name: str, *kinds: str) -> float:
    """Return a density of the last op that is of some kinds, or of any."""
    shares = [
        _short(np.asarray(getattr(block.ops, name))[..., place].flat[0])
        for block in workload.blocks
        for place, kind in enumerate(block.ops.kinds)
        if kind in kinds or not kinds
    ]
    return shares[-1] if shares else 1.0


def _short(number: Any) -> float:
    """Return a number; one that single precision has, in the digits of that."""
    short = float(str(np.float32(number)))
    return short if float(np.float32(short)) == float(number) else float(number)


def seen_from(path: Path, name: str) -> str:
    """Return a name as it is, and the path of a file as a study's folder sees it."""
    return os.path.relpath(name, path.parent) if name.endswith(".toml") else name
