"""Faults planted in the rules of bounds are found by the laws that hold them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from dse.compile import bounds, ends
from dse.compile.bounds import Interval
from dse.compile.errors import NotByRowsError
from dse.compile.function import CompiledFunction, compile_function
from tests.compile.operations import EACH, OPERATIONS
from tests.compile.random_programs import NAMES
from tests.compile.test_bounds import boxes_around, hold_within, points_in

KINDS = {"f": float, "s": np.float32, "i": np.int64, "j": np.int32, "b": bool}
WIDENED = {"exp", "exp2", "expm1", "log", "log1p", "pow", "tanh", "logistic"}
LEAST = 0.95  # share of faults that are found
Ends = Callable[[Any, Any], Any]


def _nudged(low: Any, high: Any) -> Any:
    return (np.nextafter(low, high) if low.dtype.kind == "f" else low), high


# What may go wrong with the ends that a rule gives; what is widened by eight numbers
# may well be wrong by one of them.
LARGE: dict[str, Ends] = {
    "turned round": lambda low, high: (high, low),
    "both the upper one": lambda _, high: (high, high),
    "both the lower one": lambda low, _: (low, low),
}
SMALL: dict[str, Ends] = {
    "the lower one a number too high": _nudged,
    "the upper one a number too low": lambda low, high: _nudged(high, low)[::-1],
}


@cache
def _function(name: str) -> CompiledFunction:
    operation = OPERATIONS[name]

    def value(given: Any) -> Any:
        taken = zip("xyz", operation.takes, strict=False)
        return operation.do(*(given[n].astype(KINDS[kind]) for n, kind in taken))

    return compile_function(value, NAMES)


def _worked_out(function: Any, boxes: Any) -> Any:
    return function.bounds(boxes)


def _written_down(function: Any, boxes: Any) -> Any:
    whole = {name: (np.min(low), np.max(high)) for name, (low, high) in boxes.items()}
    given = {f"{n}.low": low for n, (low, _) in boxes.items()}
    given |= {f"{n}.high": high for n, (_, high) in boxes.items()}
    return function.within(whole).grid(given)


def _faulty(rule: Any, fault: Ends) -> Any:
    """Return a rule of `bounds` or of `ends` that gives wrong ends."""

    def wrong(*taken: Any) -> Any:
        low, high, *none = rule(*taken)
        if not none:  # places
            return fault(low, high)
        return Interval(*fault(*np.broadcast_arrays(low, high)), *none)

    return wrong


def _leaves_out(found: Any, sound: Any) -> bool:
    """Say whether bounds leave out anything that sound ones hold."""
    return bool(np.any(found.low > sound.low) or np.any(found.high < sound.high))


def _plant(chance: Any, monkeypatch: Any, *, written: bool) -> bool | None:
    """Plant one fault; say whether it is found, None where it leaves nothing out."""
    function = _function(str(chance.choice(list(EACH))))
    rules, read = (
        (ends._RULES, _written_down) if written else (bounds._RULES, _worked_out)
    )
    nodes = function.graph.nodes
    used = {nodes[at].operation for at in function.graph.needed(function.places)}
    if not used & rules.keys():
        return None
    operation = str(chance.choice(sorted(used & rules.keys())))
    faults = LARGE if written or operation in WIDENED else LARGE | SMALL
    fault = faults[str(chance.choice(list(faults)))]
    boxes = boxes_around(chance, float(chance.choice([0.0, 0.5, 1.0])))
    points = points_in(chance, boxes)
    try:
        sound = read(function, boxes)
        with monkeypatch.context() as patch:
            patch.setitem(rules, operation, _faulty(rules[operation], fault))
            found = read(function, boxes)
    except NotByRowsError:
        return None
    if not _leaves_out(found, sound):
        return None
    try:
        hold_within(found, function.grid(points))
    except AssertionError:
        return True
    return False


def _share_found(count: int, monkeypatch: Any, *, written: bool) -> float:
    chance, told = np.random.default_rng(0), list[bool]()
    while len(told) < count:
        found = _plant(chance, monkeypatch, written=written)
        told += [] if found is None else [found]
    return float(np.mean(told))


@pytest.mark.parametrize("written", [False, True])
def test_a_hundred_planted_faults_are_found(written: bool, monkeypatch: Any) -> None:
    assert _share_found(100, monkeypatch, written=written) >= LEAST


@pytest.mark.nightly
@pytest.mark.parametrize("written", [False, True])
def test_a_thousand_planted_faults_are_found(written: bool, monkeypatch: Any) -> None:
    assert _share_found(1000, monkeypatch, written=written) >= LEAST
