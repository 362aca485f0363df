"""AccelTran's simulator against this package, run by run.

Cycles are compared twice. `cycles` replays the simulator's scheduler, batch by batch,
and should be exact. `cycles_walk` is the differentiable walk of `dse.evaluate` under
the simulator's conventions: the same code that sweeps use, with heads merged and no
replay of the scheduler. Energy and area are those of `dse.evaluate` under these
conventions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dse.csv_file import number_in, read_each, read_rows
from dse.engines.tile.conventions import SIMULATOR
from dse.engines.tile.engine import TileEngine
from dse.errors import InputError, did_you_mean
from dse.evidence.acceltran_replay import ReplayResult, SimulatorRun, Unfinished, replay
from dse.evidence.acceltran_workload import simulator_workload
from dse.evidence.run_errors import summarize_errors
from dse.explore.evaluate import evaluate
from dse.explore.progress import progress_bar
from dse.hardware import sram
from dse.hardware.technology import Technology, load_technology
from dse.shipped import hw_params_folder
from dse.workload.ops import Workload

# quantity -> column of the table of runs, in the simulator's units
ENERGY_COLUMNS = {
    "energy": "out_E_total_nJ",
    "energy_mac_lanes_dynamic": "out_E_mac_dyn_nJ",
    "energy_mac_lanes_leakage": "out_E_mac_leak_nJ",
    "energy_softmax_dynamic": "out_E_softmax_dyn_nJ",
    "energy_softmax_leakage": "out_E_softmax_leak_nJ",
    "energy_layer_norm_dynamic": "out_E_ln_dyn_nJ",
    "energy_layer_norm_leakage": "out_E_ln_leak_nJ",
    "energy_activation_buffer_dynamic": "out_E_actbuf_dyn_nJ",
    "energy_activation_buffer_leakage": "out_E_actbuf_leak_nJ",
    "energy_weight_buffer_dynamic": "out_E_wgtbuf_dyn_nJ",
    "energy_weight_buffer_leakage": "out_E_wgtbuf_leak_nJ",
    "energy_mask_buffer_dynamic": "out_E_mskbuf_dyn_nJ",
    "energy_mask_buffer_leakage": "out_E_mskbuf_leak_nJ",
}
AREA_COLUMNS = {
    "area": "out_A_total_um2",
    "area_mac_lanes": "out_A_mac_um2",
    "area_pre_sparsity": "out_A_presp_um2",
    "area_post_sparsity": "out_A_postsp_um2",
    "area_fifo": "out_A_fifo_um2",
    "area_softmax": "out_A_softmax_um2",
    "area_layer_norm": "out_A_ln_um2",
    "area_dataflow": "out_A_dataflow_um2",
    "area_dma": "out_A_dma_um2",
    "area_activation_buffer": "out_A_actbuf_um2",
    "area_weight_buffer": "out_A_wgtbuf_um2",
    "area_mask_buffer": "out_A_mskbuf_um2",
}
_BANDWIDTHS = {"lb": "low", "hb": "high"}


def validate(path: Path | None = None, *, progress: bool = True) -> dict[str, Any]:
    """Compare every row of a table of simulator runs with this package.

    Returns `quantities` over all rows, the same under `groups` for models of plain
    self-attention and for all others, and one record per run. Errors are fractions of
    the simulator's value. The default table is the golden one in `hw_params/reported`.
    Raises `InputError` for a missing file or column, or an unreadable value.
    """
    table = path or hw_params_folder() / "reported" / "acceltran_golden.csv"
    technology = load_technology("acceltran")
    rows = read_rows(table, "a CSV with one row per run")
    shown = progress_bar(progress, unit="run", over=rows)
    runs = read_each(shown, partial(_compare, technology=technology))
    plain = [run for run in runs if run["self_attention"]]
    other = [run for run in runs if not run["self_attention"]]
    return {
        "quantities": summarize_errors(runs),
        "groups": {
            "self_attention": summarize_errors(plain),
            "heterogeneous": summarize_errors(other),
        },
        "runs": runs,
        "notes": [f"{run['place']}: {run['note']}" for run in runs if run["note"]],
    }


def _compare(
    place: str, row: Mapping[str, str], technology: Technology
) -> dict[str, Any]:
    rates = {
        mode: float(technology[f"simulator.bandwidth_{name}"]) * 8.0
        for mode, name in _BANDWIDTHS.items()
    }
    run = SimulatorRun.from_row(
        row,
        load_bandwidths=rates,
        store_bandwidth=float(technology["simulator.buffer_bandwidth"]) * 8.0,
        place=place,
    )
    found = _model_answers(place, row, run, technology)
    note = ""
    try:
        replayed = replay(run)
        found["cycles"] = replayed.cycles
        found["cycles_without_embedding"] = replayed.cycles - replayed.embedding_cycles
        found |= _port_leakage(run, replayed, technology)
    except Unfinished as reason:
        note = f"the simulator's scheduler does not finish: {reason}"
    claimed = _claimed(place, row)
    errors = {
        name: (found[name] - value) / value
        for name, value in claimed.items()
        if name in found and value
    }
    heads = [head for layer in run.model["o"] for head in layer]
    return {
        "place": place,
        "run": row.get("run", place),
        "self_attention": all(head.startswith("sa_sdp") for head in heads),
        "claimed": claimed,
        "found": found,
        "errors": errors,
        "note": note,
    }


def _port_leakage(
    run: SimulatorRun, replayed: ReplayResult, technology: Technology
) -> dict[str, float]:
    """Return the leakage of the buffers in nJ, which there counts busy port cycles.

    The scheduler loses transfers of models with three heads or more, and skips a store
    of what is already there; only the replay knows which.
    """
    sizes = {
        "activation": run.activation_buffer_mib,
        "weight": run.weight_buffer_mib,
        "mask": run.mask_buffer_mib,
    }
    found = {}
    for port, mib in sizes.items():
        busy = sum(
            cycles
            for name, cycles in replayed.port_cycles.items()
            if name.endswith(f" {port}")
        )
        power = sram.leakage(technology, f"{port}_buffer", mib)
        nanojoule = power * busy / technology["clock.frequency"] * 1e9
        found[f"energy_{port}_buffer_leakage"] = float(nanojoule)
    return found


def _claimed(place: str, row: Mapping[str, str]) -> dict[str, float]:
    columns = {"cycles": "out_cycles", **ENERGY_COLUMNS, **AREA_COLUMNS}
    claimed = {}
    for name, column in columns.items():
        text = row.get(column) or ""
        if text:
            claimed[name] = number_in(place, column, text)
    if "cycles" not in claimed:
        raise InputError(f"{place}: `out_cycles` is missing; a run needs its cycles.")
    embedding = row.get("out_emb_cycles") or ""
    if embedding:
        spent = number_in(place, "out_emb_cycles", embedding)
        claimed["cycles_without_embedding"] = claimed["cycles"] - spent
        claimed["cycles_walk_without_embedding"] = claimed["cycles"] - spent
    claimed["cycles_walk"] = claimed["cycles"]
    return claimed


def _model_answers(
    place: str, row: Mapping[str, str], run: SimulatorRun, technology: Technology
) -> dict[str, float]:
    """Return what the model says under the simulator's conventions and units."""
    mode = _BANDWIDTHS[row["mem_mode"]]
    bandwidth = technology[f"main_memory.bandwidth_{mode}"]
    clock_mhz, integer_bits, fraction_bits = (
        number_in(place, column, row.get(column))
        for column in ("clock_MHz", "IL", "FL")
    )
    try:
        design = TileEngine(
            pes=run.pes,
            lanes_per_pe=run.lanes_per_pe,
            multipliers_per_lane=run.multipliers_per_lane,
            softmax_units_per_pe=run.softmax_per_pe,
            tile_batch=run.tile_b,
            tile_size=run.tile_xy,
            activation_buffer_mib=run.activation_buffer_mib,
            weight_buffer_mib=run.weight_buffer_mib,
            mask_buffer_mib=run.mask_buffer_mib,
            main_memory="_".join(
                row[f"mem_{part}"] for part in ("type", "banks", "ranks", "channels")
            ),
            memory_bandwidth_gb_per_s=float(bandwidth) / 1e9,
            issue_batch=run.issue_batch,
            non_linearity=row["nonlinearity"],
            clock_mhz=clock_mhz,
            integer_bits=integer_bits,
            fraction_bits=fraction_bits,
            loop_order=row.get("loop_order") or "b_i_j_k",
            conventions=SIMULATOR,
        )
    except KeyError as missing:
        column = str(missing.args[0])
        known = did_you_mean(column, (c for c in row if not c.startswith("out_")))
        raise InputError(f"{place}: there is no column `{column}`.{known}") from None
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    workload = simulator_workload(
        run.model,
        seq_len=run.seq_len,
        vocab=run.vocab,
        batch=run.batch,
        activation_density=1 - run.activation_sparsity,
        weight_density=1 - run.weight_sparsity,
    )
    found = _ask(design, workload, technology)
    # Main memory is charged on the port of the weight buffer there.
    found["energy_weight_buffer_dynamic"] += found.pop("energy_main_memory_dynamic")
    return found


def _ask(
    design: TileEngine, workload: Workload, technology: Technology
) -> dict[str, float]:
    found = evaluate(design, workload, technology=technology)
    clock = float(design.clock(technology))
    per_batch = 1e9 * workload.batch  # J a sequence -> nJ a batch
    answers = {
        "cycles_walk": found.latency * clock,
        "cycles_walk_without_embedding": (found.latency - found.op_busy["load"][0])
        * clock,
        "energy": found.energy * per_batch,
        "area": found.area * 1e12,
    }
    for part, joule in found.dynamic_energy.items():
        answers[f"energy_{part}_dynamic"] = joule * per_batch
    for part, joule in found.leakage_energy.items():
        answers[f"energy_{part}_leakage"] = joule * per_batch
    for part, square_metres in found.area_by_component.items():
        answers[f"area_{part}"] = square_metres * 1e12
    return {name: float(value) for name, value in answers.items()}
