from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from dse.evidence.acceltran_replay import (
    Deadlock,
    Failure,
    SimulatorRun,
    replay,
    replay_program,
)
from dse.evidence.acceltran_simulator.buffers import Buffer, Datum
from dse.evidence.acceltran_simulator.ops import Program, Stage, Transfer
from dse.hardware.parameters import load_parameters
from dse.shipped import hw_params_folder

CONSTANTS = load_parameters("acceltran")
RATES: dict[str, Any] = {
    "load_bandwidths": {
        "lb": CONSTANTS["simulator.bandwidth_low"].value,
        "hb": CONSTANTS["simulator.bandwidth_high"].value,
    },
    "store_bandwidth": CONSTANTS["simulator.buffer_bandwidth"].value,
}
with open(hw_params_folder() / "reported" / "acceltran_golden.csv") as table:
    ROWS = list(csv.DictReader(table))
NAMES = [f"{line}-{row['run']}" for line, row in enumerate(ROWS, start=2)]
EDGE = SimulatorRun.from_row(
    next(r for r in ROWS if r["run"] == "no_debug_flag"), **RATES
)
ATTENTION = "sa_sdp_64"


def with_heads(*heads: str) -> dict[str, Any]:
    """A model dictionary of one layer, 128 wide."""
    return {"l": 1, "o": [list(heads)], "h": [128], "f": [[512]]}


def edge(**changes: Any) -> SimulatorRun:
    return dataclasses.replace(EDGE, **changes)


def toy(**changes: Any) -> SimulatorRun:
    """One PE with one lane; words of 20 bits; 200 bits per cycle on every port."""
    values: dict[str, Any] = {
        "activation_sparsity": 0,
        "weight_sparsity": 0,
        "pes": 1,
        "lanes_per_pe": 1,
        "multipliers_per_lane": 1,
        "softmax_per_pe": 1,
        "issue_batch": 1,
        "tile_b": 1,
        "tile_xy": 2,
        "load_bandwidth": 200.0,
        "store_bandwidth": 200.0,
    }
    return edge(**values | changes)


def reported(row: Mapping[str, str]) -> dict[str, float]:
    """What the simulator printed, where the row has it."""
    columns = {
        "cycles": "out_cycles",
        "embedding_cycles": "out_emb_cycles",
        "loads": "out_n_loads",
        "stores": "out_n_stores",
        "embedding weight": "out_cyc_emb_weight",
        "embedding mask": "out_cyc_emb_mask",
        "load weight": "out_cyc_load_weight",
        "load mask": "out_cyc_load_mask",
        "store activation": "out_cyc_store_activation",
        "store mask": "out_cyc_store_mask",
        "weight": "out_peak_used_MB_weight",
        "activation": "out_peak_used_MB_activation",
        "mask": "out_peak_used_MB_mask",
        **{
            kind: f"out_n_assigned_{kind}"
            for kind in ("matmul", "conv", "nonlin", "ln", "softmax")
        },
    }
    return {key: float(row[column]) for key, column in columns.items() if row[column]}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_the_replay_reports_what_the_simulator_reported(row: dict[str, str]) -> None:
    result = dataclasses.asdict(replay(SimulatorRun.from_row(row, **RATES)))
    skipped = result.pop("skipped")
    parts = [result.pop(name) for name in ("issued", "port_cycles", "peak_mib")]
    computed = result | parts[0] | parts[1] | parts[2]
    expected = reported(row)
    assert {key: computed[key] for key in expected} == pytest.approx(expected, abs=1e-9)
    assert bool(skipped) == (int(row["heads"]) > 2)


def test_a_load_two_products_a_store_and_a_non_linearity_take_35_cycles() -> None:
    """Solved by hand.

    The load of 100 elements keeps the weight port busy for 10 cycles, 0 to 9, and the
    mask port for one. The first product issues in cycle 10, works for 8 and frees the
    lane for cycle 19; the second frees it for cycle 28. The store of 50 elements takes
    cycles 28 to 32, the non-linearity issues in 33, works for 1 and is done for 35.
    """
    product = Stage("product", "matmul", 2, ("a",), multiplications=8)
    program = Program(
        transfers=(Transfer("a", 100), Transfer("b", 50, after=product)),
        stages=(product, Stage("activation", "nonlin", 1, ("b",))),
    )
    result = replay_program(program, toy())
    assert result.cycles == 35
    assert (result.loads, result.stores) == (1, 1)
    assert (result.issued["matmul"], result.issued["nonlin"]) == (2, 1)
    assert result.port_cycles == {
        "load weight": 10,
        "load mask": 1,
        "store activation": 5,
        "store mask": 1,
    }


@pytest.mark.parametrize(("unrelated", "cycles"), [(100, 33), (1000, 103)])
def test_the_jump_carries_a_store_past_the_end_of_an_unrelated_load(
    unrelated: int, cycles: int
) -> None:
    """Solved by hand: 29 cycles of work, free for cycle 30.

    The store could start in cycle 30 and does, if the load of an unrelated `a` has
    ended by then. Else the simulator finds the units idle in the step to cycle 30, does
    not look at the store again and jumps to the end of the load, in cycle 100.
    """
    product = Stage("product", "matmul", 1, multiplications=29)
    program = Program(
        transfers=(Transfer("a", unrelated), Transfer("b", 10, after=product)),
        stages=(product, Stage("activation", "nonlin", 1, ("b",))),
    )
    assert replay_program(program, toy()).cycles == cycles


def test_a_window_that_reaches_past_its_stage_skips_ops_in_silence() -> None:
    """Ops 0-2, 3-4 and 5; a batch holds three ops, and the pointer moves by two."""
    stages = (
        Stage("product", "matmul", 3, multiplications=1),
        Stage("activation", "nonlin", 2),
        Stage("norm", "ln", 1),
    )
    result = replay_program(
        Program((Transfer("a", 1),), stages), toy(issue_batch=2, lanes_per_pe=8)
    )
    issued = {kind: ops for kind, ops in result.issued.items() if ops}
    assert issued == {"matmul": 3 + 1, "nonlin": 1, "ln": 1}


def test_a_layer_with_a_single_head_is_left_after_its_first_ops() -> None:
    result = replay(edge(model=with_heads(ATTENTION)))
    assert result.loads == 4, "embedding, query weights and two feed-forward layers"
    assert result.issued["softmax"] == 0


def test_space_for_the_newest_data_is_taken_for_space_for_the_next() -> None:
    buffer = Buffer("weight", capacity=10.0, bits_per_element=1.0)
    for datum in (Datum("a", 6, required=True), Datum("b", 1, required=False)):
        assert buffer.has_room(datum)
        buffer.receive(datum, cycle=0, rate=10.0)
        assert buffer.settle(1)
    large = Datum("c", 8, required=False)
    assert buffer.has_room(large)
    with pytest.raises(Failure, match="`c` takes"):
        buffer.receive(large, cycle=1, rate=10.0)


def test_the_oldest_data_that_nothing_requires_make_room() -> None:
    buffer = Buffer("weight", capacity=10.0, bits_per_element=1.0)
    for name, required in (("a", True), ("b", False), ("c", False), ("d", False)):
        datum = Datum(name, 4, required=required)
        assert buffer.has_room(datum)
        buffer.receive(datum, cycle=0, rate=10.0)
        assert buffer.settle(1)
    assert list(buffer.held) == ["a", "d"]
    assert buffer.peak == 8.0


@pytest.mark.parametrize("mebibytes", [5.2, 6.0, 8.0, 64.0])
def test_a_smaller_weight_buffer_costs_no_time_while_the_run_goes_through(
    mebibytes: float,
) -> None:
    result = replay(edge(weight_buffer_mib=mebibytes))
    assert result.cycles == replay(EDGE).cycles
    assert result.peak_mib["weight"] <= mebibytes


def test_data_larger_than_a_buffer_stop_the_simulator() -> None:
    with pytest.raises(Failure, match=r"`embedding` takes 4\.677 MiB, more than the"):
        replay(edge(weight_buffer_mib=0.125))


@pytest.mark.parametrize(
    ("changes", "wait"),
    [
        pytest.param(
            {"issue_batch": 70},
            "`layer 1 head 1 value` with `layer 1 head 1 scores` waits for "
            "`layer 1 head 1 value`",
            id="a batch fuses dependent products",
        ),
        pytest.param(
            {"issue_batch": 64},
            "`layer 1 layer norm 1` waits for 65 layer-norm units at once",
            id="a batch of layer norms is larger than the PEs",
        ),
        pytest.param(
            {"issue_batch": 32, "lanes_per_pe": 1, "pes": 16},
            "`layer 1 head 1 query` waits for 32 MAC lanes at once",
            id="a batch of products is larger than the lanes",
        ),
        pytest.param(
            {"model": with_heads(*[ATTENTION] * 3)},
            "`layer 1 head 3 output` waits for `layer 1 head 3 output weights`",
            id="the load of a third head is skipped",
        ),
    ],
)
def test_a_deadlock_says_what_waits_for_what(
    changes: dict[str, Any], wait: str
) -> None:
    with pytest.raises(Deadlock) as caught:
        replay(edge(**changes))
    assert wait in str(caught.value)


def test_the_server_deadlocks_on_a_layer_of_bert_base() -> None:
    server = edge(
        model={"l": 1, "o": [[ATTENTION] * 12], "h": [768], "f": [[3072]]},
        pes=512,
        lanes_per_pe=32,
        softmax_per_pe=32,
        activation_buffer_mib=32,
        weight_buffer_mib=64,
        mask_buffer_mib=8,
        issue_batch=128,
        load_bandwidth=RATES["load_bandwidths"]["hb"],
    )
    with pytest.raises(Deadlock, match=r"from cycle 51853 on .* 23 transfers"):
        replay(server)


def test_more_softmax_ops_than_free_pes_stop_the_simulator() -> None:
    with pytest.raises(Failure, match=r"24 softmax ops .* 16 PEs free: .* 64 free"):
        replay(edge(issue_batch=24))


def test_a_kernel_wider_than_the_tile_never_ends() -> None:
    model = with_heads("c_99_64", "c_99_64")
    with pytest.raises(Deadlock, match="head 1 convolution` waits for"):
        replay(edge(model=model))
