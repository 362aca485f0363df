"""Doors for arguments: of machines, workloads, spaces and whole calls."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import dse
from dse.expressions import evaluate_expression
from tests.doors.door import Draw, Open, door, is_number
from tests.doors.mutations import (
    odd,
)


@door
def expression(draw: Draw, folder: Path) -> Open:
    """Arithmetic over named numbers."""
    parts = ["pes", "2", "**", "/", "(", ")", "-", "9", "<", "lanes", "1e9", ".5", "."]
    parts += [
        "+",
        "*",
        "**9**9",
        "if",
        "lambda:0",
        "[0]",
        "'a'",
        "0",
        "1e400",
        "~",
        ",",
    ]
    text = " ".join(draw.choice(parts) for _ in range(draw.randrange(1, 9)))
    if draw.random() < 0.1:
        text = draw.choice(("(" * 400 + "1" + ")" * 400, "-" * 900 + "1", "1+" * 499))

    def open_it() -> None:
        found = evaluate_expression(text, {"pes": 64.0, "lanes": 8})
        assert isinstance(found, bool | np.bool_) or is_number(found, -math.inf), text

    return open_it


@door
def workload(draw: Draw, folder: Path) -> Open:
    """Arguments of what makes a workload."""
    names = ["seq_len", "batch", "mode", "context_len", "padded_fraction", "causal"]
    given = {name: odd(draw) for name in draw.sample(names, draw.choice((1, 1, 2)))}
    model = odd(draw) if draw.random() < 0.2 else "bert-tiny"
    more, value = draw.choice(MORE), odd(draw)

    def open_it() -> None:
        run = dse.transformer(model, **given)
        assert is_number(run.macs, 1, 1e40)
        assert is_number(run.batch, 1)
        assert 1 <= run.seq_len <= 512
        for name in ("batch", "seq_len", "padded_fraction"):
            if given.get(name) is not None:
                wanted = given[name]  # whole numbers of many digits are rounded
                wanted = float(wanted) if type(wanted) is int else wanted
                assert getattr(run, name) == wanted, name
        if more:
            run = more(run, value)
            for block in run.blocks:
                assert is_number(block.ops.input_density, 0, 1)
                assert is_number(block.ops.weight_density, 0, 1)

    return open_it


MORE: list[Callable[[Any, Any], Any] | None] = [
    None,
    lambda run, value: run.with_density(activation=value),
    lambda run, value: run.with_density(weight=value),
    lambda run, value: run.with_attention(kept=value),
    lambda run, value: run.with_attention(kept=0.5, kept_first_round=value),
    lambda run, value: run.with_imbalance(value),
    lambda run, value: run.with_curve(dse.load_curve("bert-tiny/wordnet/topk"), value),
    lambda run, value: run.replace(threshold=value),
    lambda run, value: run.replace(batch=value),
    lambda run, value: run.replace(accuracy_drop=value),
    lambda run, value: run.with_format(value),
]


@door
def machine(draw: Draw, folder: Path) -> Open:
    """Fields of a machine, and the names of presets."""
    kinds = [dse.TileEngine, dse.NMEngine, dse.SprintEngine, dse.FilterEngine]
    kind = draw.choice([*kinds, dse.CrossbarEngine, dse.ReferenceMachine])
    preset = getattr(kind, draw.choice(list(kind.presets)))
    fields = list(kind.quantities())
    changes = {draw.choice([*fields, "pse"]): odd(draw) for _ in range(2)}

    def open_it() -> None:
        found = preset().replace(**changes)
        for name, meaning in kind.quantities().items():
            value = getattr(found, name)
            assert is_number(value, meaning.low, meaning.high), name
            if meaning.integer:
                assert np.all(np.asarray(value) == np.round(value)), name

    return open_it


@door
def space(draw: Draw, folder: Path) -> Open:
    """Axes of a space of machines."""
    axes = [dse.powers_of_two, dse.integers, dse.continuous, dse.interval]
    made = draw.choice([*axes, dse.choice, dse.tied, lambda *v: list(v), lambda *v: v])
    needs = {dse.interval: 3, dse.tied: 1}.get(made, 2)
    values = [odd(draw) for _ in range(needs)]
    name = draw.choice(["pes", "tile_size", "batch", "pse", "loop_order"])
    legal: dict[str, Any] = {}
    if draw.random() < 0.1:
        legal["legal"] = draw.choice((odd(draw), {"rule": odd(draw)}))

    def open_it() -> None:
        found = dse.Space(dse.TileEngine.edge(), **{name: made(*values)}, **legal)
        assert found.size >= 1
        for axis in found.axes:
            assert is_number(found.values(axis), -math.inf)

    return open_it


@door
def calls(draw: Draw, folder: Path) -> Open:
    """Whole calls with one argument of another kind."""
    value, other = odd(draw), odd(draw)
    edge, run = dse.TileEngine.edge(), _tiny()
    made = draw.choice(
        [
            lambda: dse.evaluate(value, run),
            lambda: dse.evaluate(edge, value),
            lambda: dse.evaluate(edge, run, technology=value),
            lambda: dse.evaluate(edge, run, timing=value),
            lambda: dse.load_curve(value),
            lambda: dse.load_curve("bert-tiny/wordnet/topk", sequence_length=value),
            lambda: dse.load_parameters(value),
            lambda: dse.load_technology(value),
            lambda: dse.load_technology("acceltran").at_node(value),
            lambda: dse.load_study(value),
            lambda: dse.cite(value),
            lambda: dse.acceltran_model(value),
            lambda: dse.pareto(value, "max:throughput"),
            lambda: dse.sweep(value, run),
            lambda: dse.sweep(_space(), value),
            lambda: dse.sweep(_space(), run, front=value),
            lambda: dse.sweep(_space(), run, limits=value, progress=False),
            lambda: dse.sweep(_space(), run, weights=value, progress=False),
            lambda: dse.sweep(_space(), run, block_size=value, progress=False),
            lambda: dse.sensitivity(edge, run, metrics=value),
            lambda: dse.uncertainty(edge, run, draws=value),
            lambda: _tune(value),
            lambda: _tune(workload=value),
            lambda: _tune(subject_to=value),
            lambda: _tune(technology=value),
            lambda: dse.tune_front(_space(), run, limits=value, progress=False),
            lambda: dse.tune_front(value, run),
            lambda: dse.Pair(host=value, coprocessor=other),
            lambda: dse.write_report(value, other, folder / "report.html"),
        ]
    )
    return made


def _tune(objective: Any = "min:latency", **changes: Any) -> Any:
    small = {"workload": _tiny(), "starts": 1, "steps": 1, "progress": False}
    return dse.tune(objective, _space(), **small | changes)


@functools.cache
def _tiny() -> Any:
    return dse.transformer("bert-tiny", seq_len=16)


@functools.cache
def _space() -> Any:
    return dse.Space(dse.TileEngine.edge(), pes=dse.powers_of_two(64, 128))
