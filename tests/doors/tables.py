"""Doors for tables, and for what models are measured with."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np

from dse.shipped import hw_params_folder
from tests.doors.door import Draw, Open, door, is_number, write_changed
from tests.doors.files import CONFIG
from tests.doors.mutations import (
    changed_table,
    changed_text,
    json_text,
    odd,
)

PARAMS = hw_params_folder()
TABLE = """\
name,throughput_seq_per_s,energy_mj,feasible
a,100,3,true
b,200,5,true
c,150,9,false
d,50,1,true
e,,2,true
"""
MEASURE = Path(__file__).parents[1] / "measure"
REFERENCE = MEASURE / "reference" / "bert-gelu"


@door
def pareto(draw: Draw, folder: Path) -> Open:
    """A table of anybody's."""
    from dse.cli.pareto import _front, _read

    path = folder / "table.csv"
    path.write_bytes(changed_table(draw, TABLE))
    asked = ["max:throughput_seq_per_s", "min:energy_mj"]
    if draw.random() < 0.2:
        asked[draw.randrange(2)] = str(odd(draw))

    def open_it() -> None:
        front, rows, lost = _front(iter([_read(path)]), asked, str(path), False, True)
        assert len(front) + lost <= rows
        for text in asked:
            assert is_number(front[text.partition(":")[2]], -math.inf)
        if "feasible" in front:
            said = {str(word).strip().lower() for word in front["feasible"]}
            assert not said & {"no", "false", "0", "nan", "", "none"}

    return open_it


@door
def scalesim_runs(draw: Draw, folder: Path) -> Open:
    """Finished runs of SCALE-Sim."""
    from dse.evidence.scalesim import validate

    lines = (PARAMS / "reported" / "scalesim_sparse.csv").read_text().splitlines()
    path = folder / "runs.csv"
    path.write_bytes(changed_table(draw, "\n".join(lines[:4])))

    def open_it() -> None:
        for run in validate(path, progress=False)["runs"]:
            for value in run.values():
                assert not isinstance(value, float) or math.isfinite(value)

    return open_it


MEASURED = {
    "a100": "silicon_a100",
    "h800": "silicon_h800",
    "rtx3090": "silicon_rtx3090",
    "neurram": "silicon_neurram",
    "gemmini": "gemmini_rtl",
}


@door
def silicon_runs(draw: Draw, folder: Path) -> Open:
    """What was measured on chips, of one row or two."""
    from dse.evidence.registry import find_validation

    system = draw.choice(list(MEASURED))
    table = PARAMS / "reported" / f"{MEASURED[system]}.csv"
    header, *rows = table.read_text().splitlines()
    path = folder / "runs.csv"
    text = "\n".join([header, *draw.sample(rows, 2)])
    path.write_bytes(changed_table(draw, text))

    def open_it() -> None:
        for run in find_validation(system).run(path, progress=False)["runs"]:
            assert is_number([*run["claimed"].values(), *run["found"].values()])
            assert all(math.isfinite(error) for error in run["errors"].values())

    return open_it


@door
def acceltran_runs(draw: Draw, folder: Path) -> Open:
    """Finished runs of AccelTran's simulator; read, not run."""
    from dse.csv_file import read_rows
    from dse.evidence.acceltran import _claimed
    from dse.evidence.acceltran_run import SimulatorRun

    lines = (PARAMS / "reported" / "acceltran_golden.csv").read_text().splitlines()
    path = folder / "runs.csv"
    text = "\n".join(lines[:2])
    how = changed_table if draw.random() < 0.7 else changed_text
    path.write_bytes(how(draw, text))

    def open_it() -> None:
        for place, row in read_rows(path, "a CSV with one row per run"):
            run = SimulatorRun.from_row(
                row, load_bandwidths={"lb": 1.0}, store_bandwidth=1.0, place=place
            )
            for value in _claimed(place, row).values():
                assert is_number(value, -math.inf)
            assert is_number(run.pes, 1)

    return open_it


@door
def sprint_figures(draw: Draw, folder: Path) -> Open:
    """SPRINT's figures by model."""
    from dse.evidence.sprint_cases import read_cases

    lines = (PARAMS / "reported" / "sprint_figures.csv").read_text().splitlines()
    path = folder / "figures.csv"
    path.write_bytes(changed_table(draw, "\n".join(lines[:4])))

    def open_it() -> None:
        for case in read_cases(path):
            assert case.seq_len >= 1
            assert is_number([case.padded, case.pruned], 0, 1)
            assert is_number(list(case.printed.values()))

    return open_it


@door
def checkpoint(draw: Draw, folder: Path) -> Open:
    """A checkpoint of Hugging Face."""
    from flax import nnx

    from dse.measure.checkpoint import load_checkpoint

    place = Path(shutil.copytree(REFERENCE, folder / "model"))
    tree = json.loads((place / "config.json").read_text())
    how = draw.randrange(4)
    if how == 0:
        write_changed(draw, place / "config.json", tree, json_text)
    elif how == 1:
        weights = place / "model.safetensors"
        data = bytearray(weights.read_bytes())
        for _ in range(draw.choice((1, 3, 20))):
            data[draw.randrange(draw.choice((300, len(data))))] = draw.randrange(256)
        weights.write_bytes(data[: draw.choice((len(data), len(data) // 2, 7, 0))])
    elif how == 2:
        weights = place / "model.safetensors"
        weights.rename(place / "part.safetensors")
        index = {"metadata": {}, "weight_map": {"a": "part.safetensors"}}
        write_changed(draw, place / "model.safetensors.index.json", index, json_text)
    else:
        write_changed(draw, place / "config.json", CONFIG, json_text)

    def open_it() -> None:
        found = load_checkpoint(place)
        for _, variable in nnx.to_flat_state(nnx.state(found.model)):
            assert is_number(np.asarray(variable[...]), -math.inf)

    return open_it


@door
def tokenizer(draw: Draw, folder: Path) -> Open:
    """A `tokenizer.json`."""
    from dse.measure.tokenizer import load_tokenizer
    from dse.measure.vocabulary import choose_pieces

    path = folder / "tokenizer.json"
    choose_pieces(["bread soup rice", "run jump"] * 4, pieces=20).save(str(path))
    write_changed(draw, path, json.loads(path.read_text()), json_text)

    def open_it() -> None:
        found = load_tokenizer(folder).encode(["bread soup", "run"], 8)
        assert found.ids.shape == (2, 8)
        assert (found.ids >= 0).all()

    return open_it
