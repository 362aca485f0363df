"""What skipping N:M weights is worth, and what it costs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.engines.nm.costs import resources
from dse.evaluation import metrics

BERT = dse.transformer("bert-tiny", seq_len=128)
FPGA = {"target": "fpga", "value_format": "int16"}


def ask(design: dse.NMEngine, workload: dse.Workload = BERT) -> Any:
    with jax.enable_x64(True):
        found = dse.evaluate(design, workload)
    return jax.device_get(found)


@pytest.fixture(scope="module")
def sparse() -> Any:
    return ask(dse.NMEngine())


@pytest.fixture(scope="module")
def dense() -> Any:
    return ask(dse.NMEngine(kept=4))


@pytest.mark.parametrize(("kept", "group"), [(2, 4), (1, 4), (1, 8)])
def test_speed_up_is_amdahls_where_nothing_else_binds(kept: int, group: int) -> None:
    array = dse.NMEngine(
        tile_rows=1,
        tile_columns=1,
        tile_depth=1,
        softmax_lanes=10**9,
        vector_lanes=10**9,
        results_per_cycle=1e12,
        output_buffer_kib=1e6,
        activation_buffer_kib=1e9,
        pipeline_stages=0,
        memory_bandwidth_gb_per_s=1e9,
        position_code="index",
        built_kept=8,
        kept=kept,
        group=group,
    )
    bert = dse.transformer("bert-base", seq_len=128)
    fast, slow = ask(array, bert), ask(array.replace(kept=group), bert)
    # W = n (4 D^2 + 2 D F), A = 2 n^2 D of a layer: 12 n D^2 and 2 n^2 D.
    weights, attention = 12 * 128 * 768**2, 2 * 128**2 * 768
    share = weights / (weights + attention)
    by_hand = 1.0 / (share * kept / group + 1.0 - share)
    assert slow.latency / fast.latency == pytest.approx(by_hand, rel=1e-6)


def test_a_dense_array_costs_the_same_and_its_muxes_less(dense: Any) -> None:
    plain = ask(dse.NMEngine(kept=4, built_group=1, built_kept=1))
    assert dense.latency == plain.latency
    for part in dense.dynamic_energy.keys() - {"operand_muxes"}:
        assert dense.dynamic_energy[part] == plain.dynamic_energy[part], part
    technology = dse.load_technology("sta")
    # 1024 multipliers; 7 two-input multiplexers of 8 bits, 4 positions of 3 bits; a
    # tenth of logic on top for control
    mux = 1024 * (7 * 8 + 4 * 3) * technology["mux.area"]
    assert dense.area_by_component["operand_muxes"] == pytest.approx(mux, rel=1e-6)
    control = 1.0 + technology["control.area_share"]
    assert dense.area - plain.area == pytest.approx(mux * control, rel=1e-6)


def test_a_setting_that_was_not_built_runs_dense(dense: Any) -> None:
    for wanted in ({"group": 16.0}, {"group": 8.0, "kept": 6.0}):
        found = ask(dse.NMEngine(**wanted))
        assert found.latency == dense.latency
        assert found.energy == dense.energy
        assert found.accuracy_drop == 0.0


def test_weights_cross_the_port_compressed_and_not_by_n_over_m() -> None:
    # No buffer keeps anything, so every weight crosses: bits/weight 8 dense, and
    # (2 * 8 + 4) / 4 = 5 at 2:4, a ratio of 1.6 and not 2.
    tiny = dse.NMEngine(weight_buffer_kib=1e-3, index_buffer_kib=1e-3)
    load = [ask(d).op_busy["load"] for d in (tiny, tiny.replace(kept=4))]
    linear = [i for i, name in enumerate(ask(tiny).op_names) if name.startswith("ffn")]
    ratio = load[1][linear] / load[0][linear]
    np.testing.assert_allclose(ratio, 1.6, rtol=1e-3)


def test_scores_that_find_no_room_cross_four_times_unless_they_stay_by_heads() -> None:
    kept_in, sent_out = (
        ask(dse.NMEngine(scores_on_chip=where, activation_buffer_kib=32))
        for where in ("yes", "no")
    )
    # 2 heads of 128 x 128 scores of 8 bits take 32 KiB, and half of the buffer is 16:
    # the rest crosses in each of 2 layers, 4 times at 15 pJ/bit of DDR4
    extra = 2 * 16 * 1024 * 8 * 4 * 15e-12
    found = (
        sent_out.dynamic_energy["main_memory"] - kept_in.dynamic_energy["main_memory"]
    )
    assert found == pytest.approx(extra, rel=1e-5)


def test_unstructured_zeros_gate_multipliers_and_save_no_cycle(sparse: Any) -> None:
    gated = ask(dse.NMEngine(), BERT.with_density(weight=0.25))
    assert gated.latency == sparse.latency
    # A quarter of the weights is not zero: half of the two kept of every four.
    linear = [i for i, n in enumerate(sparse.op_names) if n.startswith("ffn")]
    assert np.all(gated.op_energy[linear] < sparse.op_energy[linear])


def test_n_and_m_have_useful_gradients() -> None:
    technology = dse.load_technology("sta")

    def cost(pair: Any) -> Any:
        design = dse.NMEngine(**pair)
        found = metrics(design, BERT, technology, "walk")
        return jnp.stack([found.latency, found.energy, found.accuracy_drop])

    slopes = compile_function(jax.jacrev(cost), ["kept", "group"])
    slope = slopes.grid({"kept": 2.2, "group": 7.3})
    by_kept, by_group = slope["kept"], slope["group"]
    assert np.all(np.isfinite([by_kept, by_group]))
    # more kept: slower, more energy, less accuracy lost; a larger group the reverse
    assert by_kept[0] > 0
    assert by_kept[1] > 0
    assert by_kept[2] < 0
    assert by_group[0] < 0


def test_an_fpga_counts_blocks_and_tables() -> None:
    technology = dse.load_technology("sta")
    design = dse.NMEngine(**FPGA, tile_rows=8, tile_columns=4, products_per_dsp=2)
    used = {k: float(v) for k, v in resources(design, technology).items()}
    # 8 * 4 * 4 = 128 multipliers, two a block; 16 bits through 8:1, two tables a bit
    assert used["dsp"] == 64
    assert used["lut"] == pytest.approx(128 * (16 * 2 + 60) + 32 * 1200)
    assert used["kib"] == 512 + 128 + 1024 + 16


def test_the_fullest_budget_says_whether_a_design_fits() -> None:
    design = dse.NMEngine(**FPGA, tile_rows=64, tile_columns=16)
    # 4096 multipliers on 2520 DSP blocks
    technology = dse.load_technology("sta")
    assert float(design.budget_use(technology)) == pytest.approx(4096 / 2520)
    assert float(dse.NMEngine().budget_use(technology)) == 0.0


def test_the_fabric_holds_the_clock_of_an_fpga_back() -> None:
    technology = dse.load_technology("sta")
    assert float(dse.NMEngine(**FPGA).clock(technology)) == 300e6
    assert float(dse.NMEngine().clock(technology)) == 700e6


def test_an_rtx_3090_is_82_processors_of_4_cores_and_128_lanes() -> None:
    gpu = dse.NMEngine.rtx_3090()
    assert gpu.tile_rows * gpu.tile_columns * gpu.tile_depth == 82 * 4 * 64
    assert gpu.softmax_lanes == gpu.vector_lanes == 82 * 128
    buffers = ("weight", "index", "activation", "output")
    level_2 = sum(getattr(gpu, f"{name}_buffer_kib") for name in buffers)
    assert level_2 == 6 * 1024


def test_nothing_is_skipped_of_constants() -> None:
    heads = {"l": 1, "o": [["l_dct_64"]], "h": [64], "f": [[128]]}
    model = dse.acceltran_model(heads, seq_len=256)
    sparse, dense = (
        dict(zip(found.op_names, found.op_energy, strict=True))
        for kept in (1, 4)
        for found in [ask(dse.NMEngine(kept=kept), model)]
    )
    assert sparse["transform"] == pytest.approx(dense["transform"], rel=1e-12)
    assert sparse["ffn_up"] < dense["ffn_up"]


def test_attention_takes_as_much_longer_as_multipliers_stand_idle() -> None:
    run = dse.transformer("bert-tiny", seq_len=256).attention_only()
    idle = {
        "softmax_lanes": 10**9,
        "memory_bandwidth_gb_per_s": 1e9,
        "pipeline_stages": 0,
        "results_per_cycle": 1e12,
        "output_buffer_kib": 1e6,
    }
    half, full = (
        float(ask(dse.NMEngine(dense_utilization=share, **idle), run).latency)
        for share in (0.5, 1.0)
    )
    assert half == pytest.approx(2 * full, rel=1e-3)
