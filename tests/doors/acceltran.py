"""Doors for AccelTran's model dictionaries, and for runs of its simulator."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import dse
from dse.shipped import hw_params_folder
from tests.doors.door import Draw, Open, door, is_number
from tests.doors.mutations import changed_table, changed_text, changed_tree, odd

MIXED = {
    "l": 2,
    "o": [["sa_sdp_32", "c_5_32"], ["l_dct_32", "sa_wma_64"]],
    "h": [128, 256],
    "f": [[512], [256, 1024]],
}
RUNS = hw_params_folder() / "reported" / "acceltran_golden.csv"


@door
def model_dictionary(draw: Draw, folder: Path) -> Open:
    """One of AccelTran's model dictionaries, and how it is run."""
    tree = changed_tree(draw, MIXED) if draw.random() < 0.8 else MIXED
    given: dict[str, Any] = {"seq_len": 32}
    if tree is MIXED:
        given[draw.choice(["seq_len", "vocab", "batch", "name"])] = odd(draw)

    def open_it() -> None:
        run = dse.acceltran_model(tree, **given)
        assert is_number([run.macs, run.weights], 1, 1e40)
        assert sum(block.repeats for block in run.blocks) >= 1 + tree["l"]
        for name, value in given.items():
            kept = getattr(run, name, value)
            assert kept == (float(value) if isinstance(kept, float) else value)
        for hidden, widths in zip(tree["h"], tree["f"], strict=True):
            assert run.weights >= 2 * hidden * min(widths)

    return open_it


@door
def simulator_runs(draw: Draw, folder: Path) -> Open:
    """A run of AccelTran's simulator, with the model that it ran, to be run again."""
    from dse.evidence.acceltran import validate

    header, row = list(csv.reader(io.StringIO(RUNS.read_text())))[:2]
    cells = dict(zip(header, row, strict=True))
    model = json.loads(cells["model_json"])
    model = {key: model[key][:1] for key in ("o", "h", "f")} | {"l": 1}
    cells["seq"] = "16"
    how = draw.randrange(4)
    if how <= 1:
        model = changed_tree(draw, model)
    cells["model_json"] = json.dumps(model)
    if how == 2:
        name = draw.choice([name for name in header if not name.startswith("out_")])
        cells[name] = str(odd(draw))
    text = io.StringIO()
    csv.writer(text).writerows([cells.keys(), cells.values()])
    path, data = folder / "runs.csv", text.getvalue().encode(errors="replace")
    if how == 3:
        change = changed_table if draw.random() < 0.5 else changed_text
        data = change(draw, text.getvalue())
    path.write_bytes(data)

    def open_it() -> None:
        for run in validate(path, progress=False)["runs"]:
            assert is_number(list(run["found"].values()))
            assert all(math.isfinite(error) for error in run["errors"].values())
            assert run["note"] or run["found"]["cycles"] >= 1

    return open_it
