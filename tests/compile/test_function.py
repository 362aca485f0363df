"""One function, read in every way there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dse.compile import function as functions
from dse.compile.errors import NotByRowsError
from dse.compile.function import CompiledFunction, compile_function
from dse.errors import InputError

X, Y = np.linspace(0.5, 3.0, 6), np.asarray([0.5, 2.0, 4.0])


def area(given: Any) -> dict[str, Any]:
    """A sheet, and what its diagonal is."""
    x, y = given["x"], given["y"]
    return {"area": x * y, "diagonal": jnp.sqrt(x * x + y * y)}


@pytest.fixture(scope="module")
def function() -> CompiledFunction:
    return compile_function(area, ["x", "y"])


def test_grids_rows_slopes_bounds_and_jax_agree(function: CompiledFunction) -> None:
    grid = function.grid({"x": X[:, None], "y": Y})
    assert grid["area"].shape == (6, 3)
    table = {"x": np.repeat(X, 3), "y": np.tile(Y, 6)}
    for backend in ("llvm", "numpy", "jax"):
        rows = function.rows(table, np.float64, backend=backend)  # type: ignore[arg-type]
        for name, column in rows.items():
            np.testing.assert_allclose(column, grid[name].ravel(), rtol=1e-15)
    slopes = function.gradient("diagonal").grid(table)
    assert sorted(slopes) == ["d_x", "d_y", "diagonal"]
    np.testing.assert_allclose(
        slopes["d_x"], table["x"] / slopes["diagonal"], rtol=1e-15
    )
    bounds = function.bounds({"x": (0.5, 3.0), "y": (0.5, 4.0)})
    assert (bounds["area"].low, bounds["area"].high) == (0.25, 12.0)
    vector = compile_function(lambda g: jnp.stack([*area(g).values()]), ["x", "y"])
    by_jax = jax.jacrev(vector.as_jax())({"x": jnp.asarray(3.0), "y": jnp.asarray(4.0)})
    np.testing.assert_allclose(by_jax["x"], [4.0, 0.6], rtol=1e-6)


def test_it_prints_as_a_listing_of_its_operations(function: CompiledFunction) -> None:
    lines = str(function.only(lambda answers: answers["area"])).splitlines()
    assert lines == [
        "x, y ->",
        "%0 = input(x)",
        "%1 = input(y)",
        "%2 = mul(%0, %1)",
        "return %2",
    ]


def test_an_array_may_be_given_with_its_own_dimensions_first() -> None:
    function = compile_function(
        lambda g: {"sum": jnp.sum(g["a"]) * g["b"], "rows": g["a"][1]},
        {"a": (2, 3), "b": ()},
    )
    a = np.arange(24.0).reshape(2, 3, 4, 1)
    found = function.grid({"a": a, "b": X})
    np.testing.assert_array_equal(found["sum"], a.sum((0, 1)) * X)
    np.testing.assert_array_equal(found["rows"], a[1])
    bounds = function.bounds({"a": (np.zeros((2, 3)), np.ones((2, 3))), "b": (1, 2)})
    assert (bounds["sum"].low, bounds["sum"].high) == (0.0, 12.0)
    assert bounds["rows"].high.shape == (3, 1)


def curved(given: Any) -> dict[str, Any]:
    """Two answers that bend in both inputs."""
    x, y = given["x"], given["y"]
    return {"first": x**3 * y, "other": jnp.exp(x) / y, "both": jnp.stack([x, y])}


POINT = {"x": np.float64(1.5), "y": np.float64(0.7)}
MADE: dict[str, Callable[[CompiledFunction], tuple[CompiledFunction, Any]]] = {
    "gradient": lambda f: (f.gradient("other"), lambda g: jax.grad(_other)(g)["x"]),
    "only": lambda f: (f.only(lambda a: {"d_x": a["other"]}), _other),
    "along": lambda f: (
        f.along(["x"]).only(lambda a: {"d_x": a["slopes"]["other"]}),
        lambda g: jax.grad(_other)(g)["x"] * g["d_x"],
    ),
}


def _other(given: Any) -> Any:
    return curved(given)["other"]


@pytest.mark.parametrize("made", MADE)
def test_what_is_made_of_a_function_has_slopes_of_its_own(made: str) -> None:
    part, by_jax = MADE[made](compile_function(curved, ["x", "y"]))
    named = part.only(lambda answers: {"again": answers["d_x"]})
    given = {name: POINT.get(name, np.float64(2.0)) for name in named.names}
    found = named.gradient("again").grid(given)
    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(by_jax)(given)
    assert sorted(found) == ["again", *(f"d_{name}" for name in named.names)]
    np.testing.assert_allclose(found["again"], value, rtol=1e-14)
    for name, slope in slopes.items():
        np.testing.assert_allclose(found[f"d_{name}"], slope, rtol=1e-14)
    pushed = named.along(["y"]).grid(given | {"d_y": 3.0})["slopes"]["again"]
    np.testing.assert_allclose(pushed, 3.0 * np.asarray(slopes["y"]), rtol=1e-14)


def test_names_of_slopes_are_not_mixed_up() -> None:
    function = compile_function(curved, ["x", "y"])
    for name in ("nothing", "both"):
        with pytest.raises(InputError, match=f"`{name}`: has no slopes.*first, other"):
            function.gradient(name)
    with pytest.raises(InputError, match=r"`d_x`: has no slopes.*other.*only"):
        function.gradient("other").gradient("d_x")
    with pytest.raises(InputError, match="`d_x`: is the name of an input already"):
        function.along(["x"]).along(["x"])


def test_bounds_within_a_box_have_no_slopes_and_say_so() -> None:
    box = compile_function(curved, ["x", "y"]).within({"x": (1, 2), "y": (1, 2)})
    with pytest.raises(NotByRowsError, match="bounds are worked out"):
        box.only(lambda answers: {"low": answers["first"].low}).gradient("low")


def test_a_loop_of_too_many_turns_is_left_to_jax(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def turns(given: Any) -> dict[str, Any]:
        found = jax.lax.fori_loop(0, 9, lambda _, c: c * 0.5 + given["y"], given["x"])
        return {"end": found}

    short = compile_function(turns, ["x", "y"])
    monkeypatch.setattr(CompiledFunction, "longest_loop", 8)
    functions._of_all_alike.cache_clear()
    long = compile_function(turns, ["x", "y"])
    axes = {"x": X[:, None], "y": Y}
    np.testing.assert_allclose(
        long.grid(axes)["end"], short.grid(axes)["end"], rtol=1e-15
    )
    with pytest.raises(NotByRowsError, match=r"test_function.py:\d+: `scan` cannot be"):
        long.rows({"x": X, "y": X})


def test_columns_of_different_lengths_are_told(function: CompiledFunction) -> None:
    with pytest.raises(InputError, match="columns of 3 and 6 rows"):
        function.rows({"x": X, "y": Y})
