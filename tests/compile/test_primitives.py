"""The operations of JAX that engines are made of: known by name, and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import jax
import pytest

from dse.compile.trace import WRITTEN_OUT, follow, trace
from dse.contract.holds import Case
from dse.evaluation import metrics
from dse.explore.space import Space
from tests.compile.operation import KINDS, Operation
from tests.compile.operations import OPERATIONS
from tests.contract.test_engine_laws import MACHINES, VARIANTS

# A name that a new JAX gives to one of them is missing here: see what it does, have an
# operation of `operations.py` held against JAX, and add it.
OF_ENGINES = {
    *("abs", "add", "add_any", "and", "argmax", "broadcast_in_dim", "ceil"),
    *("clamp", "concatenate", "convert_element_type", "digamma", "div"),
    *("dynamic_slice", "not"),
    *("dynamic_update_slice", "eq", "erf", "erfc", "exp", "expm1", "gather", "ge"),
    *("gt", "integer_pow", "iota", "le", "lgamma", "log", "log1p", "lt", "max"),
    *("min", "mul", "ne", "neg", "nextafter", "or", "pad", "pow", "reduce_max"),
    *("reduce_min", "reduce_sum", "reshape", "round", "scatter-add", "select_n"),
    *("slice", "split", "sqrt", "square", "squeeze", "stack", "stop_gradient", "sub"),
    *("unstack", "with_slope"),
}


class Names:
    """Follows a trace, and writes down what its operations are called."""

    longest_loop = 10**6
    own_slopes = True

    def __init__(self) -> None:
        self.found: set[str] = set()

    def constant(self, value: Any) -> None: ...
    def pick(self, value: Any, at: int) -> None: ...
    def stack(self, values: list[Any]) -> None: ...

    def operation(self, equation: Any, given: list[Any]) -> list[Any]:
        self.found.add(str(equation.primitive.name))
        return [None] * len(equation.outvars)


def names(function: Callable[[Mapping[str, Any]], Any], shapes: Any) -> set[str]:
    followed = Names()
    follow(trace(function, shapes), followed, [None] * len(shapes))
    return followed.found


@cache
def checked() -> frozenset[str]:
    """What JAX calls the operations that are held against it."""
    found: set[str] = set()
    for operation in OPERATIONS.values():
        for shape in ((), (3,)):
            found |= names(partial(do, operation), dict.fromkeys("xyz", shape))
    return frozenset(found)


def do(operation: Operation, given: Mapping[str, Any]) -> Any:
    numbers = zip("xyz", operation.takes, strict=False)
    return operation.do(*[given[name].astype(KINDS[kind]) for name, kind in numbers])


@pytest.mark.parametrize(
    ("machine", "slopes"),
    [
        pytest.param(
            name,
            slopes,
            marks=[pytest.mark.nightly] if slopes or name in VARIANTS else [],
        )
        for name in MACHINES
        for slopes in (False, True)
    ],
)
def test_engines_are_made_of_operations_that_are_checked(
    machine: str, slopes: bool
) -> None:
    """By day their values: JAX takes six seconds for its own slopes of a machine."""
    space = Space(MACHINES[machine])

    def energy_and_latency(given: Mapping[str, Any]) -> Any:
        design, workload = space.place(given, Case(MACHINES[machine]).workload)
        found = metrics(design, workload, design.default_technology(), "walk")
        return found.energy * found.latency

    asked = jax.value_and_grad(energy_and_latency) if slopes else energy_and_latency
    used = names(asked, dict.fromkeys(MACHINES[machine].meanings(), ()))
    assert used > {"mul", "add"}
    assert not used - OF_ENGINES
    assert not used - checked()


def test_what_newer_jax_has_of_its_own_is_written_out() -> None:
    assert WRITTEN_OUT["polynomial"](2.0, 1.0, 10.0, 100.0) == 1 + 10 * 2 + 100 * 4
    assert WRITTEN_OUT["log2"](32.0) == pytest.approx(5.0, rel=1e-6)
