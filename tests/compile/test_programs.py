"""Functions taken apart into numbers, and run over rows as machine code or by JAX."""

from __future__ import annotations

import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from dse.compile import rows
from dse.compile.function import CompiledFunction, compile_function
from dse.compile.graph import Graph
from dse.compile.machine_code import ROWS_OF_A_TURN, MachineCode
from dse.compile.rows import RowCode
from dse.errors import InputError
from dse.smooth import ceil, ceil_div

TABLE = jnp.asarray([3.0, 1.0, 4.0, 1.5])
FUNCTIONS: dict[str, Any] = {
    "arithmetic": lambda x, y: (x + y) * x / y - x**2 + jnp.sqrt(y) + x**-3 + x**y,
    "logarithms": lambda x, y: jnp.log(x) + jnp.exp(-y) + jnp.log1p(x) + jnp.expm1(y),
    "choices": lambda x, y: jnp.where(x > y, x, jnp.clip(y, 1.5, 3.0)),
    "rounding": lambda x, y: ceil(x) + ceil_div(jnp.floor(7 * x), 2.0) + jnp.round(y),
    "a table": lambda x, y: TABLE[y.astype(int)] + x,
    "a table that moves": lambda x, y: (TABLE * x)[y.astype(int)],
    "rows of a table": lambda x, y: (TABLE.reshape(2, 2) * x)[:, [1, 1]] + y,
    "vectors": lambda x, y: (jnp.arange(5.0) * x).reshape(5, 1) @ jnp.ones((1, 2)) + y,
    "pieces": lambda x, y: jnp.concatenate([jnp.stack([x, y]), jnp.ones(3) * x])[1:4],
    "sums": lambda x, y: jnp.sum(jnp.stack([x, y, x * y, y / 3, x / 7, x, y, x, y])),
    "the largest": lambda x, y: TABLE[jnp.argmax(jnp.stack([x, y, 2 * x, 2 * x]))] + x,
    "a loop": lambda x, y: jax.lax.fori_loop(0, 3, lambda i, c: c * x + y, x),
    "nothing that moves": lambda x, y: jnp.sum(TABLE),
}
X, Y = np.asarray([0.3, 1.0, 2.7, 3.0]), np.asarray([1.2, 2.0, 3.4, 3.0])


SPECIAL: dict[str, tuple[Any, Any]] = {
    "exp": (jnp.exp, np.exp),
    "log": (jnp.log, np.log),
    "expm1": (jnp.expm1, np.expm1),
    "log1p": (jnp.log1p, np.log1p),
    "tanh": (jnp.tanh, np.tanh),
    "logistic": (jax.nn.sigmoid, special.expit),
    "rsqrt": (jax.lax.rsqrt, lambda x: 1.0 / np.sqrt(x)),
    "sign": (jnp.sign, np.sign),
    "lgamma": (jax.lax.lgamma, special.gammaln),
    "digamma": (jax.lax.digamma, special.digamma),
}


def program(function: Any) -> CompiledFunction:
    return compile_function(lambda given: function(given["x"], given["y"]), ["x", "y"])


def run(code: RowCode, x: Any, y: Any) -> list[Any]:
    """What a program answers, a column for each number."""
    return list(code({"x": x, "y": y}, len(x)).values())


def in_numbers(function: Any) -> Any:
    """The numbers of what a function answers, by name."""

    def named(x: Any, y: Any) -> dict[str, Any]:
        return {f"{n:03}": c for n, c in enumerate(jnp.ravel(function(x, y)))}

    return named


@pytest.mark.parametrize("name", FUNCTIONS)
def test_rows_hold_what_jax_says_of_each(name: str) -> None:
    traced = program(in_numbers(FUNCTIONS[name]))
    found = run(MachineCode(traced, np.float64), X, Y)
    by_devices = run(traced.code(np.float64, backend="jax"), X, Y)
    with jax.enable_x64(True):
        for row, (x, y) in enumerate(zip(X, Y, strict=True)):
            wanted = np.ravel(FUNCTIONS[name](jnp.asarray(x), jnp.asarray(y)))
            np.testing.assert_allclose([c[row] for c in found], wanted, rtol=1e-13)
            also = [c[row] for c in by_devices]
            np.testing.assert_allclose(also, wanted, rtol=1e-13)


def slopes(function: Any) -> Any:
    """The sum of a function's answers, and its slopes, by name."""

    def both(x: Any, y: Any) -> dict[str, Any]:
        value, slope = jax.value_and_grad(
            lambda given: jnp.sum(function(*given)), argnums=0
        )((x, y))
        return {"0": value, "1": slope[0], "2": slope[1]}

    return both


SMOOTH = ("arithmetic", "choices", "rounding", "a loop", "rows of a table", "pieces")


@pytest.mark.parametrize("name", [*SMOOTH, "a table that moves"])
def test_slopes_are_those_of_jax_also_between_equals(name: str) -> None:
    found = run(MachineCode(program(slopes(FUNCTIONS[name])), np.float64), X, Y)
    with jax.enable_x64(True):
        for row, (x, y) in enumerate(zip(X, Y, strict=True)):
            wanted = slopes(FUNCTIONS[name])(jnp.asarray(x), jnp.asarray(y)).values()
            np.testing.assert_allclose(
                [c[row] for c in found], list(wanted), rtol=1e-13
            )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", SPECIAL)
def test_dear_functions_are_right_to_some_roundings(name: str, kind: Any) -> None:
    """Held against SciPy in float64, at numbers from tiny to large."""
    ours, scipys = SPECIAL[name]
    positive = name in ("log", "rsqrt", "lgamma", "digamma", "log1p")
    sizes = np.geomspace(1e-6, 80.0, 500)
    x = (sizes if positive else np.concatenate([-sizes[::-1], sizes])).astype(kind)
    code = MachineCode(program(lambda x, y: {"only": ours(x)}), kind)
    [found] = run(code, x, x)
    wanted = scipys(x.astype(float))
    # A logarithm of gamma has zeros of its own: there it is right to the size of x.
    size = np.maximum(np.abs(wanted), 10.0 if "gamma" in name else 0.0)
    assert np.max(np.abs(found - wanted) / size) < 8.0 * np.finfo(kind).eps


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_ends_of_exp_and_log(kind: Any) -> None:
    code = MachineCode(program(lambda x, y: {"0": jnp.exp(x), "1": jnp.log(x)}), kind)
    x = np.asarray([-np.inf, -1e4, -1.0, 0.0, 1.0, 1e4, np.inf], kind)
    exponential, logarithm = run(code, x, x)
    np.testing.assert_array_equal(
        exponential[[0, 1, 3, 5, 6]], [0, 0, 1, np.inf, np.inf]
    )
    np.testing.assert_array_equal(logarithm[[3, 4, 6]], [-np.inf, 0.0, np.inf])
    assert np.isnan(logarithm[:3]).all()


@pytest.mark.parametrize("count", [1, 15, 16, 17, 1000, 3 * ROWS_OF_A_TURN + 5])
def test_no_row_depends_on_how_many_there_are(count: int) -> None:
    """Whole registers, a last one that is filled up, and turns of several cores."""
    code = MachineCode(program(lambda x, y: {"0": x / y + x, "1": x * x}), np.float32)
    x = np.arange(count, dtype=np.float32)
    found = code({"x": x, "y": np.asarray([3.0], np.float32)}, count)
    np.testing.assert_allclose(found["0"], x / 3 + x, rtol=1e-6)
    np.testing.assert_array_equal(found["1"], x * x)


@pytest.mark.parametrize("by", [rows.by_numpy, rows.by_jax, MachineCode])
def test_one_number_is_for_all_rows(by: Any) -> None:
    """Of more of them than are done at once, too."""
    count = 2 * rows.BATCH + 3
    code = by(program(lambda x, y: {"0": x - y}), np.float64)
    x = np.arange(count, dtype=float)
    found = code({"x": x, "y": np.asarray([3.0])}, count)
    np.testing.assert_array_equal(found["0"], x - 3.0)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_next_number_is_that_of_numpy(kind: Any) -> None:
    tiny, most = np.finfo(kind).smallest_subnormal, np.finfo(kind).max
    ends = [-np.inf, -most, -1.0, -tiny, -0.0, 0.0, tiny, 1.0, most, np.inf, np.nan]
    x, y = (a.ravel().astype(kind) for a in np.meshgrid(ends, ends))
    [found] = run(
        MachineCode(program(lambda x, y: {"0": jnp.nextafter(x, y)}), kind), x, y
    )
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(found, np.nextafter(x, y))


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 32])
def test_no_answer_depends_on_how_wide_registers_are(lanes: int) -> None:
    """As on processors with narrower ones, or none."""
    traced = program(in_numbers(lambda x, y: FUNCTIONS["arithmetic"](x, y) + ceil(x)))
    x = np.random.default_rng(0).uniform(0.1, 9.0, 101).astype(np.float32)
    narrow = run(MachineCode(traced, np.float32, lanes=lanes), x, x[::-1])
    wide = run(MachineCode(traced, np.float32), x, x[::-1])
    np.testing.assert_array_equal(narrow, wide)


def test_a_table_may_be_longer_than_places_of_8_bits_can_tell() -> None:
    table = jnp.arange(200.0)

    def value(given: Any) -> Any:
        return table.at[given["x"].astype(np.int8)].get(mode="clip")

    x = np.asarray([0.0, 125.0, 126.0, 127.0])
    np.testing.assert_array_equal(compile_function(value, ["x"]).grid({"x": x}), x)


def test_columns_may_lie_anyhow_in_memory() -> None:
    code = MachineCode(program(lambda x, y: {"0": x - y}), np.float64)
    table = np.arange(200.0).reshape(100, 2)
    found = code({"x": table[:, 1], "y": table[::-1, 0]}, 100)
    np.testing.assert_array_equal(found["0"], table[:, 1] - table[::-1, 0])


@pytest.mark.parametrize("name", ["erf", "rem", "sort", "cbrt", "erf_inv"])
def test_what_cannot_be_written_is_told_with_its_name_and_place(name: str) -> None:
    def beyond(x: Any, y: Any) -> Any:
        return {
            "0": getattr(jax.lax, name)(
                *([x, y] if name == "rem" else [x + y[..., None]])
            )
        }

    with pytest.raises(InputError, match=rf"test_programs.py:\d+: `{name}` cannot be"):
        run(MachineCode(program(beyond), np.float32), X, Y)


def test_without_llvmlite_numpy_does_rows_and_what_jax_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    function = compile_function(
        lambda g: jnp.stack([g["x"] * jnp.exp(g["y"])]), ["x", "y"]
    )
    named = compile_function(lambda g: {"0": g["x"] * jnp.exp(g["y"])}, ["x", "y"])
    with pytest.warns(UserWarning, match="llvmlite is not installed: rows are"):
        found = named.rows({"x": X, "y": Y}, np.float64)["0"]
    np.testing.assert_array_equal(found, X * np.exp(Y))
    with pytest.warns(UserWarning, match="llvmlite is not installed"):
        by_jax = function.as_jax()
    slope = jax.grad(lambda x: by_jax({"x": x, "y": jnp.asarray(1.0)})[0])(2.0)
    assert float(slope) == pytest.approx(np.e, rel=1e-6)


def test_nothing_is_written_down_twice() -> None:
    twice = program(lambda x, y: (x + y) * (y + x) + jnp.ones(3).sum() * (x + y))
    assert twice.count() == {"add": 2, "mul": 2}


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x * 1.0 - 0.0,
        lambda x, y: jnp.maximum(x, x),
        lambda x, y: jnp.where(y > 0, x, x),
        lambda x, y: jnp.negative(-x),
    ],
)
def test_what_changes_nothing_is_no_operation(function: Any) -> None:
    assert program(function).count().total() <= 1
    assert program(function).graph.needed(program(function).places)[0] == 0


def test_fast_math_takes_numbers_for_finite_ones() -> None:
    def nothing(given: Any) -> Any:
        return {"0": given["x"] + 0.0 * given["y"]}

    assert compile_function(nothing, ["x", "y"]).count() == {"add": 1, "mul": 1}
    code = compile_function(nothing, ["x", "y"]).code(float, fast_math=True)
    assert not code.count()


def test_a_number_is_known_by_its_value_and_its_type() -> None:
    graph = Graph()
    assert graph.constant(1.0) == graph.constant(np.float64(1.0))
    assert graph.constant(1.0) != graph.constant(1)
    assert graph.constant(True) != graph.constant(1.0)
