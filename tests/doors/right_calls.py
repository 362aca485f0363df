"""One right call of everything that `import dse` gives, for laws about all of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import dse
from dse.hardware.parameters import Parameters
from dse.workload.model_shape import ModelShape

EDGE = dse.TileEngine.edge()
TINY = "bert-nano"
COSTS = ("max:throughput", "min:energy")
QUICK: dict[str, Any] = {"timing": "roofline"}
ACCELTRAN = {"l": 1, "o": [["sa_sdp_64"] * 2], "h": [128], "f": [[512]]}
QUIET: dict[str, Any] = {"progress": False}
SHORT: dict[str, Any] = {**QUIET, "starts": 1, "steps": 1}


@functools.cache
def space() -> Any:
    return dse.Space(EDGE, pes=[32, 64])


@functools.cache
def runs() -> Any:
    return dse.sweep(space(), TINY, **QUICK, **QUIET)


@functools.cache
def front() -> Any:
    return dse.pareto(runs(), *COSTS)


@functools.cache
def bars() -> Any:
    return dse.uncertainty(runs(), TINY, draws=4, **QUICK)


@functools.cache
def slopes() -> Any:
    return dse.sensitivity(EDGE, TINY)


@functools.cache
def metrics() -> Any:
    return dse.evaluate(EDGE, TINY)


@functools.cache
def workload() -> Any:
    return dse.transformer("bert-tiny", seq_len=16)


@functools.cache
def shape() -> Any:
    return dse.model_shape("bert-tiny")


@functools.cache
def curve() -> Any:
    return dse.load_curve("bert-tiny/wordnet/topk")


@functools.cache
def technology() -> Any:
    return dse.load_technology("acceltran")


@functools.cache
def study() -> Any:
    return dse.load_study("acceltran_design_space")


@functools.cache
def evaluator() -> Any:
    return study().evaluator()


@functools.cache
def compiled() -> Any:
    return dse.compile_model(EDGE, TINY, over=["pes"])


# One object of each kind whose methods a person calls.
ONE: dict[type, Callable[[], Any]] = {
    dse.Comparison: lambda: dse.compare(EDGE, dse.TileEngine.server(), TINY),
    dse.CompiledModel: compiled,
    dse.Curve: curve,
    dse.Metrics: metrics,
    ModelShape: shape,
    Parameters: lambda: dse.load_parameters("acceltran"),
    dse.Runs: front,
    dse.Sensitivity: slopes,
    dse.Space: space,
    dse.Study: study,
    dse.Subject: lambda: curve().subject,
    dse.Technology: technology,
    dse.Uncertainty: bars,
    dse.Workload: workload,
}
# What engines are asked by the model, and the records of that: checked where they are
# made, and not called by a person.
OF_ENGINES = (
    *(dse.Conventions, dse.Engine, dse.Op, dse.Ops, dse.Room, dse.Run),
    *(dse.Stage, dse.Storage),
)


def of_functions() -> dict[str, dict[str, Any]]:
    """Arguments of every public function; those left out may be."""
    machine = {"design": EDGE, "workload": TINY}
    return {
        "acceltran_model": {"dictionary": ACCELTRAN},
        "check_engine": {"engine": EDGE},
        "choice": {"values": (1, 2)},
        "cite": {"keys": "tuli2023acceltran"},
        "compare": {"a": EDGE, "b": EDGE, "workload": TINY},
        "compile_model": machine | {"over": ["pes"]},
        "continuous": {"low": 1, "high": 2},
        "evaluate": machine,
        "explore": {"results": runs()},
        "generation": {"model": "gpt2", "prompt": 8, "new_tokens": 2},
        "gradient": machine | {"metric": "energy"},
        "integers": {"low": 1, "high": 4},
        "interval": {"low": 1, "high": 4, "points": 3},
        "largest": machine,
        "load": {"path": "metrics.json"},
        "load_curve": {"name_or_path": "bert-tiny/wordnet/topk"},
        "load_parameters": {"name_or_path": "acceltran"},
        "load_study": {"path": "acceltran_design_space"},
        "load_technology": {"names": ("acceltran",)},
        "model_shape": {"model": "bert-tiny"},
        "pareto": {"runs": runs(), "objectives": COSTS},
        "pareto_proof": {"space": space(), "workload": TINY} | QUIET,
        "plot_breakdown": {"metrics": metrics()},
        "plot_compare": {"compared": ONE[dse.Comparison]()},
        "plot_front": {"runs": front(), "metrics": ("area", "energy")},
        "plot_memory": machine,
        "plot_roofline": {"metrics": metrics()},
        "plot_schedule": machine,
        "plot_sensitivity": {"sensitivity": slopes(), "metric": "energy"},
        "plot_time": {"metrics": metrics()},
        "powers_of_two": {"low": 1, "high": 4},
        "quantity": {"unit": "MiB", "doc": "of all values"},
        "record": {"cls": type("Empty", (), {"__annotations__": {}})},
        "register_engine": {"name": "mine", "engine": dse.TileEngine},
        "report": {"results": runs(), "path": "report.html"},
        "save": {"what": metrics(), "path": "metrics.json"},
        "sensitivity": machine,
        "static": {"doc": "a name"},
        "sweep": {"space": space(), "workload": TINY} | QUIET,
        "tied": {"expression": "pes / 8"},
        "transformer": {"model": "bert-tiny"},
        "tune": {"objective": "min:energy", "space": space(), "workload": TINY} | SHORT,
        "tune_front": {"space": space(), "workload": TINY} | SHORT,
        "uncertainty": {"designs": EDGE, "workload": TINY, "draws": 4},
        "value_of_measuring": {"found": bars(), "objectives": COSTS},
        "write_report": {
            "study": study(),
            "front": front(),
            "path": "report.html",
        },
    }


def of_methods() -> dict[str, dict[str, Any]]:
    """Arguments of every public method of what these functions return."""
    moved = {"pes": 64.0}
    setting = {"setting": 0.25}
    return {
        "Comparison.by_component": {},
        "Comparison.by_op": {},
        "CompiledModel.code": {},
        "CompiledModel.__call__": {"table": moved},
        "CompiledModel.value_and_gradient": {"metric": "energy", "table": moved},
        "Curve.accuracy_at": setting,
        "Curve.accuracy_drop": setting,
        "Curve.attention": setting,
        "Curve.check": setting,
        "Curve.density": {"site": "scores"} | setting,
        "Curve.density_by_layer": {"site": "scores"} | setting,
        "Curve.imbalance": {"product": "scores"} | setting,
        "Curve.kept": setting,
        "Curve.number": {"name": "dense_accuracy"},
        "Curve.replace": {"changes": {"name": "mine"}},
        "Curve.spread_at": setting,
        "Curve.weight_density": setting,
        "Metrics.number": {"name": "energy"},
        "Metrics.replace": {"changes": {"energy": 1.0}},
        "ModelShape.cache_bytes_per_token": {},
        "ModelShape.macs": {"seq_len": 16},
        "ModelShape.tokens": {"stack": shape().main, "seq_len": 16},
        "ModelShape.weight_bytes": {},
        "Technology.__getitem__": {"key": "clock.frequency"},
        "Parameters.__getitem__": {"key": "softmax.area_tile_16"},
        "Parameters.value_si": {"key": "softmax.area_tile_16"},
        "Runs.buildable": {"wanted": True},
        "Runs.column": {"metric": "energy"},
        "Runs.costs": {"objectives": front().objectives},
        "Runs.design": {"number": int(front().index[0])},
        "Runs.hypervolume": {"reference": {"throughput": 1.0, "energy": 1.0}},
        "Runs.limited": {"limits": ("area <= 90 mm^2",)},
        "Runs.place": {"row": 0},
        "Runs.row": {"row": 0},
        "Runs.take": {"rows": [0]},
        "Sensitivity.largest": {"metric": "energy"},
        "Space.at": {"index": 0},
        "Space.complete": {"moved": moved},
        "Space.decode": {"index": 0},
        "Space.digits": {"index": 0},
        "Space.illegal": {"moved": moved},
        "Space.index": {"values": {"pes": 64}},
        "Space.labelled": {"index": [0]},
        "Space.listed": {"design": EDGE, "columns": {"pes": [32, 64]}},
        "Space.place": {"moved": moved, "workload": workload()},
        "Space.places": {"name": "pes", "index": [0]},
        "Space.rules": {"moved": moved},
        "Space.sample": {"count": 1},
        "Space.values": {"name": "pes"},
        "Study.evaluate": {"design": EDGE},
        "Study.evaluate_at": {"index": 0},
        "Study.prove": {"gap": 0.5} | QUIET,
        "Study.run": QUIET,
        "Study.search": {"evaluator": evaluator()},
        "Subject.misfit": {"model": "bert-tiny", "tokens": 16},
        "Subject.number": {"name": "seq_len"},
        "Subject.replace": {"changes": {"seq_len": 16}},
        "Technology.at_node": {"to_nm": 7},
        "Technology.number": {"name": "values"},
        "Technology.part": {"prefix": "softmax"},
        "Technology.replace": {"changes": {"name": "mine"}},
        "Uncertainty.drivers": {"metric": "energy"},
        "Uncertainty.interval": {"metric": "energy"},
        "Uncertainty.log_costs": {"objectives": COSTS},
        "Uncertainty.on_front": {"objectives": COSTS},
        "Uncertainty.robust_front": {"objectives": COSTS},
        "Uncertainty.to_pandas": {},
        "Workload.curve_misfit": {"curve": curve()},
        "Workload.number": {"name": "batch"},
        "Workload.replace": {"changes": {"batch": 2}},
        "Workload.with_attention": {"kept": 0.5},
        "Workload.with_curve": {"curve": curve(), "setting": 0.25, "stand_in": True},
        "Workload.with_density": {},
        "Workload.with_format": {"format": "int8"},
        "Workload.with_imbalance": {"ratio": 1.5},
    }
