"""Arguments of another kind are refused, each at the call that takes it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dse
from dse.errors import InputError
from tests.doors.judge import fault_of_message

EDGE = dse.TileEngine.edge()


class Thing:
    """Nothing that any call takes, printed with its place in memory."""


WRONG: dict[str, Any] = {
    "a thing": Thing(),
    "a number below 0": -1.5,
    "a huge number": 10**400,
    "bytes": b"energy",
    "a list of numbers": [1, 2],
    "an array": np.array([1.0, 2.0]),
    "masked": np.ma.masked,
    "not available": pd.NA,
    "a column": pd.Series([1.0, 2.0]),
    "a function": len,
}


@functools.cache
def runs() -> Any:
    space = dse.Space(EDGE, pes=[32, 64])
    return dse.sweep(space, "bert-nano", timing="roofline", progress=False)


@functools.cache
def bars() -> Any:
    return dse.uncertainty(EDGE, "bert-nano", draws=4, timing="roofline")


@functools.cache
def curve() -> Any:
    return dse.load_curve("bert-tiny/wordnet/topk")


def sweep(**given: Any) -> Any:
    return dse.sweep(runs().space, "bert-nano", **{"progress": False} | given)


def tune(**given: Any) -> Any:
    few = {"workload": "bert-nano", "starts": 1, "steps": 1, "progress": False}
    return dse.tune("min:energy", runs().space, **few | given)


FLAGS: dict[str, Callable[[Any], Any]] = {
    "pareto, buildable": lambda x: dse.pareto(runs(), "min:energy", buildable=x),
    "pareto, foreign": lambda x: dse.pareto(
        runs(), "min:energy", accept_foreign_accuracy=x
    ),
    "sweep, buildable": lambda x: sweep(buildable=x),
    "sweep, foreign": lambda x: sweep(accept_foreign_accuracy=x),
    "sweep, progress": lambda x: sweep(progress=x),
    "tune, buildable": lambda x: tune(buildable=x),
    "tune, foreign": lambda x: tune(accept_foreign_accuracy=x),
    "tune, prove": lambda x: tune(prove=x),
    "interval, log": lambda x: dse.interval(1, 8, 4, log=x),
    "compile_model, fast_math": lambda x: dse.compile_model(
        EDGE, "bert-nano", fast_math=x
    ),
    "check_engine, thorough": lambda x: next(dse.check_engine(EDGE, thorough=x)),
    "plot_breakdown, shares": lambda x: dse.plot_breakdown(
        dse.evaluate(EDGE, "bert-nano"), shares=x
    ),
    "report, buildable": lambda x: dse.report(runs(), "report.html", buildable=x),
    "transformer, causal": lambda x: dse.transformer("bert-nano", causal=x),
}
OTHERS: dict[str, Callable[[Any], Any]] = {
    "check_engine": lambda x: next(dse.check_engine(x)),
    "check_engine, preset": lambda x: next(dse.check_engine(dse.NMEngine, preset=x)),
    "cite, beside": lambda x: dse.cite("tuli2023acceltran", beside=x),
    "compare, names": lambda x: dse.compare(EDGE, EDGE, "bert-nano", names=x),
    "comparison, by op": lambda x: dse.compare(EDGE, EDGE, "bert-nano").by_op(x),
    "curve, accuracy": lambda x: curve().accuracy_drop(x),
    "curve, density": lambda x: curve().density("scores", x),
    "curve, layer": lambda x: curve().density("scores", 0.5, layer=x),
    "explore, objectives": lambda x: dse.explore(runs(), objectives=x),
    "explore, references": lambda x: dse.explore(runs(), references=x),
    "load_parameters, like": lambda x: dse.load_parameters("acceltran", like=x),
    "plot_breakdown": lambda x: dse.plot_breakdown({"edge": x}),
    "plot_time, width": lambda x: dse.plot_time(
        dse.evaluate(EDGE, "bert-nano"), width=x
    ),
    "record": dse.record,
    "report, question": lambda x: dse.report(runs(), "report.html", question=x),
    "report, references": lambda x: dse.report(runs(), "report.html", references=x),
    "runs, column": lambda x: runs().column(x),
    "runs, row": lambda x: runs().row(x),
    "space, sample": lambda x: runs().space.sample(x),
    "space, values": lambda x: runs().space.values(x),
    "uncertainty, design": lambda x: bars().drivers("energy", x),
    "uncertainty, metric": lambda x: bars().interval(x),
    "uncertainty, objectives": lambda x: bars().log_costs(x),
    "uncertainty, share": lambda x: bars().interval("energy", x),
    "value_of_measuring": lambda x: dse.value_of_measuring(x, "min:energy"),
}


def refused(call: Callable[[Any], Any], value: Any) -> str:
    """Return what is wrong with how a value is taken; '' for a good refusal."""
    try:
        call(value)
    except InputError as error:
        return fault_of_message(str(error)) or " at 0x" * (" at 0x" in str(error))
    except Exception as error:  # whatever a call lets through
        return repr(error)
    return "accepted"


@pytest.mark.parametrize("name", [*FLAGS, *OTHERS])
def test_what_is_of_another_kind_is_refused(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = WRONG | ({"a word": "no", "0 or 1": 1} if name in FLAGS else {})
    call = FLAGS.get(name) or OTHERS[name]
    found = {what: refused(call, value) for what, value in wrong.items()}
    assert not {what: fault for what, fault in found.items() if fault}
