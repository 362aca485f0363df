"""More of one op never takes less, whatever the op, its size and the machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import dse
from dse.compile.function import CompiledFunction, compile_function
from dse.engines.base import Engine, Op, describe_run
from dse.workload.kinds import KINDS

MACHINES: dict[str, Engine] = {
    "crossbar": dse.CrossbarEngine.isaac(),
    "filter": dse.FilterEngine.energon_edge(),
    "nm": dse.NMEngine(),
    "nm-tensor-core": dse.NMEngine.sparse_tensor_core(),
    "reference": dse.ReferenceMachine.a100(),
    "sprint": dse.SprintEngine.m_sprint(),
    "tile": dse.TileEngine.edge(),
}
SIZES = ("heads", "rows", "inner", "columns", "batch")
# Results of a product that lies in more tiles leave by more routers.
SOONER = {("crossbar", kind) for kind in ("linear", "transform")}
# Whether a lane still holds an operand depends on how tiles divide by lanes.
BUFFERS = ("activation_buffer", "weight_buffer", "mask_buffer")
RUN = describe_run(dse.transformer("bert-tiny", seq_len=64).with_attention(kept=0.3))


def program(machine: Engine, kind: str) -> CompiledFunction:
    technology = machine.default_technology()

    def run_op(sizes: Mapping[str, Any]) -> dict[str, Any]:
        op = Op(
            **{size: sizes[size] for size in SIZES if size != "batch"},
            input_density=0.5,
            weight_density=0.5,
            output_density=0.5,
            weights_before=0.0,
            density_before=1.0,
            in_attention=1.0,
            last_share=0.0,
        )
        run = RUN.replace(batch=sizes["batch"])
        stage = getattr(machine, kind)(op, run, technology)
        spent = stage.dynamic.items()
        return {
            "compute": stage.compute,
            "occupied": stage.occupied,
            "load": stage.load,
            "energy": sum(joule for part, joule in spent if part not in BUFFERS),
        }

    return compile_function(run_op, SIZES)


@pytest.mark.parametrize("name", MACHINES)
def test_more_of_any_op_takes_no_less_time_and_energy(name: str) -> None:
    draw = np.random.default_rng(15)
    machine = MACHINES[name]
    for kind in (*KINDS, "attention"):
        if not hasattr(machine, kind):
            continue
        runs = program(machine, kind)
        some = {size: np.round(2 ** draw.uniform(0, 9, 2000)) for size in SIZES}
        before = runs.grid(some)
        for size in SIZES:
            grown = some[size] + np.round(2 ** draw.uniform(0, 8, 2000))
            after = runs.grid(some | {size: grown})
            for what, less in before.items():
                if what == "compute" and (name, kind) in SOONER:
                    continue
                told = f"{kind}, {size}: {what}"
                assert np.all(after[what] >= less * (1 - 1e-9)), told


@pytest.mark.parametrize("name", ["tile", "nm", "reference"])
def test_a_tap_more_of_a_convolution_costs_more(name: str) -> None:
    taps = np.arange(1.0, 65.0)
    sizes = {"heads": 2.0, "rows": 128.0, "inner": taps, "columns": 128.0, "batch": 1.0}
    columns = {size: np.broadcast_to(value, 64) for size, value in sizes.items()}
    found = program(MACHINES[name], "convolution").grid(columns)
    assert np.all(np.diff(found["energy"]) > 0)
    assert np.all(np.diff(found["occupied"]) >= 0)


def test_sixteen_taps_take_as_many_cycles_as_they_have_products() -> None:
    """2 heads of [128, 128] are 128 tiles; 16^3 products on 16 multipliers each."""
    sizes = {"heads": 2.0, "rows": 128.0, "inner": 16.0, "columns": 128.0, "batch": 1.0}
    edge = dse.TileEngine.edge()
    op = {size: np.asarray([value]) for size, value in sizes.items()}
    found = program(edge, "convolution").grid(op)
    dense = 16**3 / 16
    sparse = dense * 0.5 * 0.5
    windows = 64 / 8
    assert found["compute"] == pytest.approx(windows - 1 + sparse + 1)
