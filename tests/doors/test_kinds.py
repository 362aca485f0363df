"""Arguments of another kind are refused by everything public that takes one."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dse
from dse.errors import InputError
from tests.doors.judge import fault_of_message
from tests.doors.right_calls import OF_ENGINES, ONE, of_functions, of_methods


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
    "not a number": math.nan,
}
# Of the right kind at some places, of no use at others: accepted, or refused.
ODD: dict[str, Any] = {
    "an empty text": "",
    "a long text": "a" * 5000,
    "a null character": "a\x00",
    "no numbers": np.zeros((2, 0)),
    "nothing": [],
    "things of two kinds": ["a", 1],
    "a list of lists": [[1], [2]],
    "a mapping": {"a": 1},
}
PES = {"pes": 0}
NO_FLAG = {"a word": "no", "0 or 1": 1}
# What of these is right there after all.
RIGHT = {
    ("choice", "values"): {"a number below 0"},
    ("continuous", "low"): {"a number below 0"},
    ("interval", "low"): {"a number below 0"},
    ("quantity", "low"): {"a number below 0"},
    ("static", "low"): {"a number below 0"},
    # A record may hold an array, for `jax.vmap`; what evaluates refuses it.
    ("acceltran_model", "batch"): {"an array"},
    ("generation", "batch"): {"an array"},
    ("transformer", "batch"): {"an array"},
    ("Metrics.replace", "changes"): {"an array"},
    ("Workload.replace", "changes"): {"an array"},
    ("Space.listed", "columns"): {"a list of numbers", "an array"},
    ("Subject.replace", "changes"): {"a huge number"},  # of tokens
    ("static", "default"): set(WRONG),  # its annotation says what it may be
    ("tune", "objective"): {"a function"},  # of one's own, and so is its fault
}


def takes(function: Any) -> bool:
    """Whether a function of `dse` takes something of a person."""
    function = getattr(function, "__func__", function)
    if not inspect.isfunction(function) or not function.__module__.startswith("dse."):
        return False
    return not set(inspect.signature(function).parameters) <= {"self", "cls"}


def methods(kind: type) -> Iterator[str]:
    """Those of a class that a person calls with something."""
    for name, _ in inspect.getmembers(kind, takes):
        if not name.startswith("_") or name in ("__call__", "__getitem__"):
            yield f"{kind.__name__}.{name}"


PUBLIC = {name: inspect.unwrap(getattr(dse, name)) for name in dse.__all__}
FUNCTIONS = [name for name, value in PUBLIC.items() if takes(value)]
METHODS = [name for kind in ONE for name in methods(kind)]
# A right call of these takes a second, and some odd ones are right.
SLOW = {"acceltran_model", "pareto_proof", "report", "tune", "tune_front"}
SLOW |= {"write_report", "Study.prove", "Study.run"}
EACH = [
    pytest.param(name, marks=[pytest.mark.nightly] if name in SLOW else [])
    for name in [*FUNCTIONS, *METHODS]
]


def test_one_of_each_kind_of_object_is_at_hand() -> None:
    kinds = [kind for kind in PUBLIC.values() if isinstance(kind, type)]
    left = [kind for kind in kinds if not issubclass(kind, OF_ENGINES)]
    assert {kind.__name__ for kind in left if [*methods(kind)]} <= {
        kind.__name__ for kind in ONE
    }


@functools.cache
def right_calls() -> dict[str, dict[str, Any]]:
    return of_functions() | of_methods()


def target(name: str) -> Callable[..., Any]:
    kind, _, method = name.rpartition(".")
    objects = {each.__name__: make for each, make in ONE.items()}
    return getattr(objects[kind](), method) if kind else PUBLIC[name]


def refused(function: Callable[..., Any], given: dict[str, Any]) -> str:
    """Return what is wrong with how arguments are taken; '' for a good refusal."""
    bound = inspect.BoundArguments(inspect.signature(function), given)  # type: ignore[arg-type]
    try:
        found = function(*bound.args, **bound.kwargs)
        if inspect.isgenerator(found):
            next(found)
    except InputError as error:
        return fault_of_message(str(error)) or " at 0x" * (" at 0x" in str(error))
    except Exception as error:  # whatever a call lets through
        return repr(error)
    return "accepted"


def in_order(function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    return {n: given[n] for n in inspect.signature(function).parameters if n in given}


def wrong_calls(
    function: Callable[..., Any], right: dict[str, Any]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Calls that are right but for one argument: its name, what it is, and all."""
    known = inspect.signature(function).parameters
    for name, each in known.items():
        is_flag = isinstance(each.default, bool) or each.annotation == "bool"
        for what, value in (WRONG | ODD | (NO_FLAG if is_flag else {})).items():
            if each.kind is each.VAR_POSITIONAL:
                value = (value,)
            if each.kind is each.VAR_KEYWORD:
                value = right.get(name, {}) | {next(iter(right.get(name, PES))): value}
            yield name, what, in_order(function, right | {name: value})


@pytest.mark.parametrize("name", EACH)
def test_what_is_of_another_kind_is_refused(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dse.save(ONE[dse.Metrics](), "metrics.json")
    function, right = target(name), right_calls()[name]
    assert refused(function, in_order(function, right)) == "accepted"
    found = {}
    for argument, what, given in wrong_calls(function, right):
        if what not in RIGHT.get((name, argument), ()):
            fault = refused(function, given)
            if not (what in ODD and fault == "accepted"):
                found[argument, what] = fault
    assert not {place: fault for place, fault in found.items() if fault}
