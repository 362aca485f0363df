"""Functions whose traces are alike are taken apart once, and no others."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dse.compile import function as functions
from dse.compile.alike import Alike
from dse.compile.errors import NotByRowsError
from dse.compile.function import compile_function
from dse.compile.trace import Trace, trace

Given = Any
TABLE = np.asarray([1.0, 2.0, 4.0])
X = np.linspace(1.0, 2.0, 3)


def scaled(
    by: Any, *, then: Callable[[Any], Any] = jnp.sqrt, name: str = "y"
) -> Callable[..., Any]:
    """A function made anew, of a constant and of what is done at last."""
    return lambda given: {name: then(given["x"] * by)}


def less(one: str, other: str, *, by: Any = 1.0) -> Callable[..., Any]:
    """A function made anew, of two inputs; all that it does lies on one line."""
    return lambda given: {"y": given[one] - given[other], "by": by}


def chosen(at: int) -> Callable[..., Any]:
    """A function made anew that does two things and returns one."""
    return lambda given: {"y": (given["x"] + 1.0, given["x"] * 2.0)[at]}


def test_one_function_made_twice_is_taken_apart_once() -> None:
    first, second = (compile_function(scaled(TABLE.copy()), ["x"]) for _ in range(2))
    assert first.graph is second.graph


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (scaled(TABLE), scaled(np.nextafter(TABLE, 9.0))),
        (scaled(TABLE), scaled(TABLE[None])),
        (scaled(2.0), scaled(3.0)),
        (scaled(0.0), scaled(-0.0)),
        (scaled(2.0), scaled(2.0, then=jnp.exp)),
        (scaled(2.0), scaled(2.0, name="z")),
        (scaled(TABLE, then=jnp.max), scaled(TABLE, then=jnp.min)),
        (
            scaled(2.0, then=partial(jax.lax.integer_pow, y=2)),
            scaled(2.0, then=partial(jax.lax.integer_pow, y=3)),
        ),
        (less("x", "z"), less("z", "x")),
        (less("x", "z"), less("x", "x")),
        (less("x", "z", by=np.zeros(2)), less("x", "z", by=np.zeros(2, int))),
        (chosen(0), chosen(1)),
    ],
)
def test_another_function_is_another(one: Any, other: Any) -> None:
    given = {"x": X, "z": np.sqrt(X)}
    for function in (one, other, one):
        found = compile_function(function, list(given)).grid(given)
        with jax.enable_x64(True):
            right = jax.vmap(function, out_axes=-1)(given)
        assert found.keys() == right.keys()
        for name, value in found.items():
            full = np.broadcast_to(value, right[name].shape)
            np.testing.assert_allclose(full, right[name], 1e-15)
            assert value.dtype == right[name].dtype
    graphs = [compile_function(each, list(given)).graph for each in (one, other)]
    assert graphs[0] is not graphs[1]


def test_shapes_and_names_tell_functions_apart() -> None:
    def total(given: Given) -> dict[str, Any]:
        return {"y": sum(jnp.sum(each) for each in given.values())}

    asked: list[Any] = [["x"], ["z"], {"x": (2,)}, {"x": (3,)}, ["x", "z"]]
    made = [compile_function(total, names).graph for names in asked]
    assert len(set(map(id, made))) == len(asked)
    assert [compile_function(total, names).graph for names in asked] == made


class Axes(NamedTuple):
    """A setting of several parts."""

    first: int


def with_settings(**changed: Any) -> Trace:
    """A trace of one operation, some of whose settings are others."""
    found = trace(lambda given: {"y": jnp.sum(given["x"])}, {"x": (2,)})
    jaxpr = found.jaxpr.jaxpr
    (equation,) = jaxpr.eqns
    done = equation.replace(params={**equation.params, **changed})
    return found._replace(jaxpr=found.jaxpr.replace(jaxpr=jaxpr.replace(eqns=[done])))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.0, -0.0),
        (1, True),
        (1, 1.0),
        ((0, 0.0), (0, -0.0)),
        ((1,), (True,)),
        ((1,), Axes(1)),
    ],
)
def test_settings_are_told_apart_by_kind_and_bits(one: Any, other: Any) -> None:
    assert one == other
    alike = Alike(with_settings(axes=one))
    assert alike == Alike(with_settings(axes=one))
    assert alike != Alike(with_settings(axes=other))


def test_what_cannot_be_compared_is_like_nothing_else() -> None:
    assert Alike(with_settings(axes=[0])) != Alike(with_settings(axes=[0]))


def test_an_inner_function_is_another_once_its_table_is_changed() -> None:
    table, number = TABLE.copy(), np.array(1.0)

    @jax.jit
    def deeper(x: Any) -> Any:
        return x * number

    @jax.jit
    def inner(x: Any) -> Any:
        return jnp.sum(x * table) + deeper(x)

    def found() -> Any:
        return compile_function(lambda given: {"y": inner(given["x"])}, ["x"])

    first = found()
    assert found().graph is first.graph
    table[0] = 5.0
    np.testing.assert_array_equal(found().grid({"x": X})["y"], X * 12.0)
    number[()] = 3.0
    np.testing.assert_array_equal(found().grid({"x": X})["y"], X * 14.0)


@pytest.mark.parametrize("backend", ["llvm", "jax", "numpy"])
def test_a_table_that_one_changes_later_is_not_that_of_another(backend: Any) -> None:
    theirs, own = TABLE.copy(), TABLE.copy()
    first = compile_function(scaled(theirs, then=jnp.sum), ["x"])
    second = compile_function(scaled(own, then=jnp.sum), ["x"])
    assert first.graph is second.graph
    theirs[:] = 0.0
    rows = second.rows({"x": X}, np.float64, backend=backend)
    np.testing.assert_array_equal(rows["y"], X * 7.0)
    slopes = second.gradient("y").rows({"x": X}, np.float64, backend=backend)
    np.testing.assert_array_equal(slopes["d_x"], [7.0, 7.0, 7.0])


def test_a_message_names_the_line_of_its_own_function() -> None:
    def one(given: Given) -> Any:
        return {"y": jax.lax.bessel_i1e(given["x"])}

    def the_same_elsewhere(given: Given) -> Any:
        return {"y": jax.lax.bessel_i1e(given["x"])}

    for function in (one, the_same_elsewhere):
        line = function.__code__.co_firstlineno + 1
        with pytest.raises(NotByRowsError, match=f"test_alike.py:{line}: "):
            compile_function(function, ["x"]).rows({"x": np.ones(3)}, backend="llvm")


def test_no_more_functions_are_kept_than_is_said() -> None:
    for constant in range(functions.KEPT + 5):
        compile_function(scaled(float(constant)), ["x"])
    assert functions._of_all_alike.cache_info().currsize == functions.KEPT


def test_what_a_function_holds_goes_with_it() -> None:
    function = scaled(TABLE.copy(), then=jnp.sum)
    compiled = compile_function(function, ["x"])
    compiled.rows({"x": X})
    kept = [weakref.ref(function), weakref.ref(compiled.code())]
    del function, compiled
    gc.collect()
    assert [each() for each in kept] == [None, None]
