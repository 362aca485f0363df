"""Programs that a seed writes, and how readers are held against JAX in float64.

Every operation is judged by itself: JAX is given what a reader found for its inputs, so
that no difference of a rounding is blown up by the operations behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dse.compile.function import compile_function
from dse.compile.machine_code import MachineCode
from tests.compile.operation import KINDS
from tests.compile.operations import EACH, OPERATIONS, SHAPED

ROWS = 6
_TOGETHER = {True: 512, False: 192}  # rows that JAX is asked for together
_MADE_BY = {"s": "to float32", "i": "to int64", "j": "to int32", "b": "to bool"}
LONGEST = 8
NAMES = "xyz"
SHAPES = {(), (2,), (3,), (2, 2)}
NUMBERS = (
    *(0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, 1.5, 2.5, -2.5, 7.0, -9.0),
    *(0.49999999999999994, 4503599627370497.0, 1e-8, -1e-8, 0.1, -0.3, 12.7, 171.5),
    *(5e-324, -1e-310, 2.3e-308, 1e-300, 1e150, 1e308, -1e308, math.inf, -math.inf),
    *(math.nan, 3e9, -3e9, 2.0**31, -(2.0**31), 2.0**53, 1e19, -1e19, 709.8, -745.0),
    *(1e-40, 3.4e38, -3.5e38, 88.8, -104.0, 16777217.0, 2.0**63, -(2.0**63)),
)


class Call(NamedTuple):
    """One operation of a program, and the numbers of the values that it takes."""

    name: str
    takes: tuple[int, ...]


class Program(NamedTuple):
    """Operations in order on x, y and z; values are counted from these three on."""

    calls: tuple[Call, ...]
    rows: np.ndarray[Any, Any]  # [3, rows]

    def __call__(self, inputs: Iterable[Any]) -> list[Any]:
        values = list(inputs)
        for call in self.calls:
            taken = [values[number] for number in call.takes]
            values.append(OPERATIONS[call.name].do(*taken))
        return [jnp.asarray(value) for value in values[len(NAMES) :]]


def alone(name: str) -> list[Program]:
    """Write an operation alone, on single numbers and arrays.

    Among its inputs is every one of `NUMBERS`.
    """
    chance = np.random.default_rng(0)
    rows = np.stack([chance.permutation(np.repeat(NUMBERS, 3)) for _ in NAMES])
    turned = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    pairs = [Call("stack", places[:2]) for places in turned]
    shaped: list[list[Call]] = [[], [Call("three", places) for places in turned]]
    if name in SHAPED:
        shaped.append([*pairs, *(Call("stack", (a + 3, b + 3)) for a, b, _ in turned)])
    programs = []
    for calls in shaped:
        first = len(calls)  # of three values of one shape
        takes = []
        for number, letter in enumerate(OPERATIONS[name].takes):
            if letter in _MADE_BY:
                calls.append(Call(_MADE_BY[letter], (first + number,)))
                takes.append(len(NAMES) + len(calls) - 1)
            else:
                takes.append(first + number)
        programs.append(Program((*calls, Call(name, tuple(takes))), rows))
    return programs


def write_program(
    chance: np.random.Generator, names: Iterable[str], *, wild: float = 0.5
) -> Program:
    """Write operations whose kinds and shapes fit, and rows, a share of them `wild`."""
    known = list(names)
    values: list[Any] = [jax.ShapeDtypeStruct((), np.dtype(float))] * 3  # type: ignore[no-untyped-call]
    calls: list[Call] = []
    for _ in range(int(chance.integers(2, LONGEST))):
        name = known[chance.integers(len(known))]
        places: list[int] = []
        for letter in OPERATIONS[name].takes:
            fitting = [
                number
                for number, value in enumerate(values)
                if value.dtype == KINDS[letter]
                and (not places or value.shape == values[places[0]].shape)
            ]
            if fitting:
                places.append(fitting[chance.integers(len(fitting))])
        if len(places) < len(OPERATIONS[name].takes):
            continue
        told = _told(name, values[places[0]].shape)
        if told.shape in SHAPES:
            calls.append(Call(name, tuple(places)))
            values.append(told)
    shape = len(NAMES), ROWS
    tame = np.round(chance.uniform(-20.0, 20.0, shape), chance.integers(0, 5))
    rows = np.where(chance.random(shape) < wild, chance.choice(NUMBERS, shape), tame)
    return Program(tuple(calls), rows)


@cache
def _told(name: str, shape: tuple[int, ...]) -> Any:
    operation = OPERATIONS[name]
    with jax.enable_x64(True):
        given = [
            jax.ShapeDtypeStruct(shape, KINDS[letter])  # type: ignore[no-untyped-call]
            for letter in operation.takes
        ]
        return jax.eval_shape(operation.do, *given)


def _by_jax(name: str, taken: list[Any]) -> Any:
    """Return what JAX makes of arrays `[rows, ...]`, in one compiled shape for many."""
    shape = taken[0].shape
    if name in EACH:
        taken = [value.ravel() for value in taken]
    rows = len(taken[0])
    missing = -rows % _TOGETHER[name in EACH]
    padded = [
        np.concatenate([value, np.zeros((missing, *value.shape[1:]), value.dtype)])
        for value in taken
    ]
    found = np.asarray(_compiled(name)(*padded))[:rows]
    return found.reshape(shape) if name in EACH else found


@cache
def _compiled(name: str) -> Any:
    return jax.jit(jax.vmap(OPERATIONS[name].do))


def hold_grid_against_jax(programs: list[Program]) -> None:
    """Have NumPy do programs; raise `AssertionError` for what JAX says otherwise."""

    def together(given: Any) -> Any:
        return [
            program(given[f"{n}{number}"] for n in NAMES)
            for number, program in enumerate(programs)
        ]

    columns = _columns(programs)
    found = compile_function(together, list(columns)).grid(columns)
    for program, values in zip(programs, found, strict=True):
        count = program.rows.shape[1]
        by_row = [np.moveaxis(np.asarray(value), -1, 0) for value in values]
        full = [np.broadcast_to(value, (count, *value.shape[1:])) for value in by_row]
        judge(program, full, np.float64, "grid")


def hold_rows_against_jax(programs: list[Program]) -> None:
    """Have machine code do programs, in double and single precision; as for grids.

    Raises `NotByRowsError` for an operation that rows cannot do.
    """
    shapes: dict[tuple[int, int], tuple[int, ...]] = {}

    def numbers(given: Any) -> dict[str, Any]:
        single: dict[str, Any] = {}
        for number, program in enumerate(programs):
            for at, value in enumerate(program(given[f"{n}{number}"] for n in NAMES)):
                shapes[number, at] = value.shape
                for place, one in enumerate(jnp.ravel(value)):
                    single[f"{number} {at} {place:02}"] = one
        return single

    columns = _columns(programs)
    traced = compile_function(numbers, list(columns))
    for kind in (np.float64, np.float32):
        with np.errstate(over="ignore"):
            given = {name: column.astype(kind) for name, column in columns.items()}
        rows = MachineCode(traced, kind)(given, programs[0].rows.shape[1])
        _judge_rows(programs, shapes, given, rows, kind)


def _judge_rows(
    programs: list[Program],
    shapes: dict[tuple[int, int], tuple[int, ...]],
    given: dict[str, Any],
    rows: dict[str, Any],
    kind: Any,
) -> None:
    count = programs[0].rows.shape[1]
    for number, program in enumerate(programs):
        own = np.stack([given[f"{n}{number}"] for n in NAMES])
        values = []
        for at in range(len(program.calls)):
            shape = shapes[number, at]
            parts = [
                rows[f"{number} {at} {place:02}"] for place in range(math.prod(shape))
            ]
            values.append(np.stack(parts, axis=-1).reshape(count, *shape))
        judge(program._replace(rows=own), values, kind, f"rows, {kind.__name__}")


def _columns(programs: list[Program]) -> dict[str, Any]:
    return {
        f"{name}{number}": column
        for number, program in enumerate(programs)
        for name, column in zip(NAMES, program.rows, strict=True)
    }


def judge(program: Program, found: list[Any], kind: Any, reader: str) -> None:
    """Compare every operation with what JAX makes of the same numbers.

    Single precision is not asked what is known in double alone, nor what it becomes.
    """
    untold: set[int] = set()
    values = [*program.rows, *found]
    info = np.finfo(kind)
    for number, call in enumerate(program.calls, start=len(NAMES)):
        operation = OPERATIONS[call.name]
        letters = operation.takes
        in_double = operation.only_double and kind != np.float64
        if in_double or untold & {*call.takes}:
            untold.add(number)
            continue
        if any(
            letter in "ij" and _inexact(values[place], info)
            for letter, place in zip(letters, call.takes, strict=True)
        ):
            continue
        taken = [
            np.asarray(values[place]).astype(KINDS[letter])
            for place, letter in zip(call.takes, letters, strict=True)
        ]
        ours = np.asarray(values[number])
        with jax.enable_x64(True), np.errstate(all="ignore"):
            exact = _by_jax(call.name, taken)
            same = _same(operation, ours, exact, taken, info)
            same |= ~_fair(call.name, taken, exact, info)
        if not same.all():
            row = int(np.flatnonzero(~same.reshape(len(same), -1).all(axis=1))[0])
            told = ", ".join(str(value[row].tolist()) for value in taken)
            raise AssertionError(
                f"{reader}: `{call.name}` of {told} gave {ours[row].tolist()}, and JAX "
                f"{exact[row].tolist()}; operation {number - 3} of {program.calls}"
            )


def _inexact(values: Any, info: Any) -> bool:
    """Return whether whole numbers stand as floats that cannot hold them."""
    beyond = 2.0 ** (info.nmant + 1)
    return values.dtype.kind == "f" and bool((np.abs(values) >= beyond).any())


def _same(operation: Any, ours: Any, exact: Any, taken: list[Any], info: Any) -> Any:
    if exact.dtype.kind != "f":
        alike = exact.astype(ours.dtype) if ours.dtype.kind == "f" else exact
        return np.asarray(ours == alike)
    wanted = exact.astype(info.dtype)
    size = np.abs(wanted)
    if operation.size is not None:
        size = np.asarray(operation.size(*taken))
        size = size.reshape(size.shape + (1,) * (wanted.ndim - size.ndim))
    roundings = operation.roundings * (16.0 if info.bits == 32 else 1.0)
    near = np.isfinite(wanted) & (np.abs(ours - wanted) <= roundings * info.eps * size)
    tiny = 4.0 * max(info.tiny, np.finfo(exact.dtype).tiny)  # JAX takes them for 0
    flushed = (np.abs(ours) < tiny) & (np.abs(wanted) < tiny)
    both_none = np.isnan(ours) & np.isnan(wanted)
    return near | both_none | (ours == wanted) | flushed


def _fair(name: str, taken: list[Any], exact: Any, info: Any) -> Any:
    """Say where JAX can be asked: on processors it takes tiny numbers for 0.

    Nor are numbers beyond the range of single precision told apart there.
    """
    operation = OPERATIONS[name]
    fair = np.ones(len(exact), bool)
    for value in (*taken, exact):
        if value.dtype.kind == "f":
            size = np.abs(value).reshape(len(value), -1)
            tiny = np.finfo(value.dtype).tiny
            fair &= ~((size > 0.0) & (size < max(2.0 * tiny, info.tiny))).any(axis=1)
            if value is not exact:
                largest = min(operation.largest, float(info.max) ** 0.3)
                bound = operation.largest if info.bits == 64 else largest
                if np.isfinite(operation.largest):
                    beyond = (size > bound) | ((size > 0.0) & (size < 1.0 / bound))
                    fair &= ~(np.isfinite(size) & beyond).any(axis=1)
            elif operation.roundings:
                edge = (size > float(info.max) / 8.0) & np.isfinite(size)
                fair &= ~edge.any(axis=1)
    return fair.reshape(-1, *(1,) * (exact.ndim - 1))
