from __future__ import annotations

from typing import Any

import pytest

from dse.errors import InputError
from dse.evidence.acceltran_run import SimulatorRun
from dse.evidence.acceltran_simulator.model import Head, read_model

RATES: dict[str, Any] = {"load_bandwidths": {"slow": 800.0}, "store_bandwidth": 9000.0}
MODEL: dict[str, Any] = {"l": 1, "o": [["sa_sdp_64"]], "h": [128], "f": [[512]]}
ROW = {
    "model_json": '{"l": 1, "o": [["sa_sdp_64"]], "h": [128], "f": [[512]]}',
    "seq": "128",
    "vocab": "30522",
    "batch": "4",
    "act_sparsity": "0.5",
    "wt_sparsity": "0.25",
    "pe": "64",
    "lanes_per_pe": "16",
    "mac_per_lane": "16",
    "softmax_per_pe": "4",
    "act_buf_MB": "4",
    "wgt_buf_MB": "8.5",
    "mask_buf_MB": "1",
    "tile_b": "1",
    "tile_xy": "16",
    "mem_mode": "slow",
    "issue_batch": "8",
    "IL": "4",
    "FL": "16",
    "out_cycles": "79324",
}


def test_a_row_is_read_by_its_column_names() -> None:
    run = SimulatorRun.from_row(ROW, **RATES)
    assert run.model == MODEL
    assert (run.pes, run.multipliers_per_lane, run.word_bits) == (64, 16, 20)
    assert (run.weight_sparsity, run.weight_buffer_mib) == (0.25, 8.5)
    assert (run.load_bandwidth, run.store_bandwidth) == (800.0, 9000.0)


def test_every_kind_of_head_is_read() -> None:
    heads = ["sa_sdp_64", "sa_wma_32", "c_9_64", "l_dft_64"]
    (layer,) = read_model(MODEL | {"o": [heads]})
    assert layer.heads == (
        Head("sa", weighted=False, width=64),
        Head("sa", weighted=True, width=32),
        Head("c", weighted=False, width=9),
        Head("l", weighted=False, width=0),
    )
    assert layer.feed_forward == (512,)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("act_buf_MB", None, "line 2: there is no column `act_buf_MB`. Did you mean"),
        ("pe", "2.5", "runs.csv, line 2, column `pe`: is '2.5'; write a whole number."),
        ("pe", "many", "line 2, column `pe`: is 'many'; write a whole number."),
        ("mem_mode", "xb", "runs.csv, line 2, `mem_mode`: 'xb' is no memory mode."),
        ("model_json", "[", "column `model_json`: is '['; write a model dictionary"),
        ("issue_batch", "0", "runs.csv, line 2: `issue_batch` of a run is 0; write"),
        ("wt_sparsity", "1", "`weight_sparsity` of a run is 1.0; write a number"),
    ],
)
def test_an_unreadable_row_names_its_place_and_column(
    column: str, value: str | None, message: str
) -> None:
    row = {key: text for key, text in ROW.items() if key != column}
    if value is not None:
        row[column] = value
    with pytest.raises(InputError) as caught:
        SimulatorRun.from_row(row, **RATES, place="runs.csv, line 2")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ('{"l": 1}', "the model dictionary lacks `o`; add its heads."),
        ('{"l": 0}', "lacks `o`"),
        (ROW["model_json"].replace("128", "0"), "`h[0]` of the model dictionary is 0"),
        (ROW["model_json"].replace("sa_sdp", "sa"), "head 0 in `o[0]` of the model"),
        (ROW["model_json"].replace("512", "2.5"), "a width in `f[0]` of the model"),
        (ROW["model_json"].replace("512", ""), "write a list of its widths."),
        (ROW["model_json"].replace('"l": 1', '"l": 2'), "each of its `l` = 2 layers"),
    ],
)
def test_a_model_that_is_none_is_refused_with_the_row_that_holds_it(
    model: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        SimulatorRun.from_row(ROW | {"model_json": model}, **RATES, place="r.csv, 2")
    assert message in str(caught.value)
    assert str(caught.value).startswith("r.csv, 2: ")
