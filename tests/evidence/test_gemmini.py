"""Layers at given loop nests: what is counted, by hand, and how near cycles come."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.csv_file import read_rows
from dse.evidence.gemmini import cycles, read_run, validate
from dse.evidence.loop_nest import Layer, LoopNest, Work, work_of
from dse.hardware.technology import load_technology
from dse.shipped import hw_params_folder

NUMBERS = load_technology("gemmini")
TABLE = hw_params_folder() / "reported" / "gemmini_rtl.csv"
IMAGE = Layer({"R": 3, "S": 3, "P": 8, "Q": 8, "C": 32, "K": 64, "N": 1}, 1)
NEST = LoopNest.from_text(
    "L3[WIO] K2 Q2 R3 - L2[WI] N1 K16X - L1[O] K2 S3 Q4 C2 C16X - L0[W] P8"
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return validate(progress=False)


def test_runs_that_nothing_was_fitted_to_are_ranked_and_met(
    found: dict[str, Any],
) -> None:
    """DOSA's own model: 57 % in the mean, at a rank correlation of 0.873."""
    errors = found["quantities"]["cycles"]
    assert errors["rows"] == 1410
    assert errors["mean"] < 0.2
    assert errors["median"] < 0.12
    assert errors["spearman"] > 0.98
    fitted = [run for run in found["runs"] if run["fitted"]]
    assert len(fitted) == 157


def test_arrays_of_every_size_are_met(found: dict[str, Any]) -> None:
    errors: dict[int, list[float]] = {}
    for run, (place, row) in zip(found["runs"], read_rows(TABLE, ""), strict=True):
        if not run["fitted"]:
            size = read_run(place, row)[0].array
            errors.setdefault(size, []).append(abs(run["errors"]["cycles"]))
    assert sorted(errors) == [4, 8, 16, 32, 64]
    assert all(np.median(of) < 0.2 for of in errors.values())


def test_a_tile_of_a_convolution_is_counted_by_hand() -> None:
    """A call: 4 rows of 8 results of 32 channels, a kernel column of 3, 32 inputs.

    Array of 16: 2 x 2 blocks of channels, 3 of a kernel, 12 blocks of weights in all.
    Inputs: 4 + 3 - 1 rows of 8 pixels (8 + 1 - 1) of 32 bytes.
    """
    work = work_of(IMAGE, NEST)
    assert (work.array, work.calls) == (16, 2 * 2 * 3)
    assert work.blocks == 12
    assert work.commands == 4 * 1 * 12
    assert work.rows == 4 * 8 * 12
    pixels, weights, results = 6 * 8, 3 * 32, 4 * 8 / 3
    assert work.moved == pytest.approx(pixels * 32 + weights * 32 + results * 32)
    assert work.fetches == pixels + weights
    assert work.results == pytest.approx(results * 2)
    # 6 of the 8 rows of 256 bytes: less than a page; weights: 64 bytes a channel.
    assert work.pages == 1.0 + 3 * 1.0


def test_a_tile_of_a_product_is_counted_by_hand() -> None:
    """[128, 64] x [64, 100] on 8 x 8: tiles of 64 // 16 = 4, 1 and 4 blocks."""
    layer = Layer({"R": 1, "S": 1, "P": 128, "Q": 1, "C": 64, "K": 100, "N": 1}, 1)
    nest = LoopNest.from_text(
        "L3[WIO] P2 K4 - L2[WI] N1 K5X - L1[O] K5 C8 P8 C8X - L0[W] P8"
    )
    work = work_of(layer, nest)
    assert (work.array, work.calls) == (8, 4 * 13 * 2)
    assert work.commands == 16 * 13 * 8 / work.calls
    assert work.rows == work.commands * 8
    assert work.moved == pytest.approx(32 * 32 + 32 * 100 / 13 + 32 * 100 / 13 / 2)


def test_work_is_all_work_however_it_is_cut() -> None:
    """Rows fed in all calls are the multiplications over those of a block."""
    for text in (
        "L3[WIO] K2 Q2 R3 - L2[WI] N1 K16X - L1[O] K2 S3 Q4 C2 C16X - L0[W] P8",
        "L3[WIO] P2 C2 - L2[WI] N1 K16X - L1[O] K4 R3 S3 Q8 P4 C16X - L0[W] N1",
        "L3[WIO] N1 - L2[WI] N1 K16X - L1[O] K4 R3 S3 Q8 P8 C2 C16X - L0[W] N1",
    ):
        work = work_of(IMAGE, LoopNest.from_text(text))
        products = 8 * 8 * 9 * 32 * 64
        assert work.rows * work.calls == pytest.approx(products / 16**2)


@pytest.mark.parametrize("part", ["issue", "feed", "move"])
def test_the_slowest_part_of_a_call_sets_its_pace(part: str) -> None:
    number = {
        key.removeprefix("gemmini."): value for key, value in NUMBERS.values.items()
    }
    idle = Work(True, 10, 16, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    busy = {
        "issue": (idle, number["issue_product"]),
        "feed": (
            replace(idle, commands=100.0, rows=900.0, blocks=100.0),
            100 * number["command"] + 1600,
        ),
        "move": (
            replace(idle, moved=1e4, fetches=100.0, pages=5.0, results=7.0),
            1e4 / number["bandwidth"]
            + 100 * number["fetch"]
            + 5 * number["page"]
            + 7 * number["result"],
        ),
    }
    work, each = busy[part]
    assert cycles(work, NUMBERS) == pytest.approx(number["latency"] + 10 * each)


@pytest.mark.parametrize("name", [key for key in NUMBERS.values])
def test_fitted_numbers_are_the_best_for_the_runs_they_name(name: str) -> None:
    """A tenth more or less of one of them, and those runs are missed by more."""
    fitted = [read_run(p, r) for p, r in read_rows(TABLE, "") if r["fitted"]]

    def loss(times: float) -> float:
        moved = NUMBERS.replace(values=NUMBERS.values | {name: NUMBERS[name] * times})
        errors = [math.log(cycles(work, moved) / taken) for work, taken in fitted]
        return float(np.sum(np.sqrt(1.0 + np.square(np.array(errors) / 0.1)) - 1.0))

    best = loss(1.0)
    assert loss(0.9) > best
    assert loss(1.1) > best


HEADER = TABLE.read_text().splitlines()[0].removesuffix(",fitted")
GOOD = "L3[WIO] K2 - L2[WI] N1 K16X - L1[O] C32X - L0[W] P8"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"{GOOD},1,1,8,1,32,33,1,1,900", "runs K 2 x 16 times, and the layer has 33"),
        (f"{GOOD},1,1,8,1,32,32,1,1,0", "`target.gemmini_cycle` is 0"),
        (f"{GOOD},1,1,8.5,1,32,32,1,1,9", "`prob.P` is 8.5; write a whole number"),
        (
            f"{GOOD.replace('P8', 'p8')},1,1,8,1,32,32,1,1,9",
            "'p8' of a mapping is no l",
        ),
        (f"{GOOD[8:]},1,1,8,1,32,32,1,1,9", "does not name the levels"),
        (
            "L3[WIO] N1 - L2[WI] K300X - L1[O] N1 - L0[W] P8,1,1,8,1,1,300,1,1,9",
            "an array of 512; make it 128 at most",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, row: str, message: str
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(f"{HEADER}\n{row}\n")
    with pytest.raises(dse.InputError, match=message) as told:
        validate(table, progress=False)
    assert "mine.csv, line 2" in str(told.value)
