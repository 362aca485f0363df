"""Slopes are operations of the graph: what JAX says, at ties, steps and 0 as well."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.compile import function as compiled
from dse.compile.function import compile_function
from dse.compile.slopes import _RULES
from dse.smooth import ceil, ceil_div, with_slope
from tests.compile.operations import EACH, REFUSED, SHAPED
from tests.compile.random_programs import NAMES, Program, alone, write_program

TAME = (0.0, 1.0, -1.0, 2.0, 0.5, 1.5, -2.5, 0.1, -0.3, 12.7)
ROWS = np.asarray(list(product(TAME, TAME, (0.5, 2.0)))).T
AT_ONCE = 40
NO_SLOPE = {"nextafter", "below", "clamp between numbers"}  # JAX knows none
ASKED = [name for name in [*EACH, *SHAPED] if name not in NO_SLOPE]
ROUNDED = 1e-6  # of single precision, which some of the operations ask for
MACHINES = {
    "tile": dse.TileEngine.edge(),
    "nm": dse.NMEngine(),
    "crossbar": dse.CrossbarEngine.isaac(),
    "filter": dse.FilterEngine.energon_edge(),
    "reference": dse.ReferenceMachine.a100(),
}


def summed(program: Program, given: Mapping[str, Any]) -> Any:
    """The sum of what a program gives at last, in float64."""
    last = program([given[name] for name in NAMES])[-1]
    return jnp.sum(last.astype(float))


def hold_slopes_against_jax(programs: list[Program], rows: Any = ROWS) -> None:
    """Raise `AssertionError` where a slope is not that of JAX, by its own rules."""
    columns = dict(zip(NAMES, rows, strict=True))

    def slopes(given: Mapping[str, Any]) -> list[Any]:
        return [jax.grad(lambda g, p=p: summed(p, g))(given) for p in programs]

    with jax.enable_x64(True):
        exact = jax.jit(jax.vmap(slopes))(columns)
    for program, wanted in zip(programs, exact, strict=True):
        function = compile_function(lambda g, p=program: {"s": summed(p, g)}, NAMES)
        found = function.gradient("s").grid(columns)
        for name in NAMES:
            ours = np.broadcast_to(found[f"d_{name}"], rows.shape[1:])
            near = np.isclose(ours, wanted[name], ROUNDED, ROUNDED, equal_nan=True)
            if any(call.name == "lgamma" for call in program.calls):
                near |= np.isnan(ours) & np.isneginf(wanted[name])  # its pole, JAX 0.12
            places = np.flatnonzero(~near)
            assert near.all(), (
                f"d_{name} of {program.calls} at {rows[:, places[0]]}: "
                f"{ours[places[0]]}, by JAX {wanted[name][places[0]]}"
            )


@pytest.mark.parametrize("start", range(0, len(ASKED), AT_ONCE))
def test_every_operation_has_the_slopes_that_jax_gives_it(start: int) -> None:
    names = ASKED[start : start + AT_ONCE]
    hold_slopes_against_jax([p for name in names for p in alone(name)[:2]])


@pytest.mark.parametrize("name", [name for name in REFUSED if name in _RULES])
def test_what_rows_refuse_has_the_slopes_that_jax_gives_it(name: str) -> None:
    hold_slopes_against_jax(alone(name)[:2])


def test_random_programs_have_the_slopes_that_jax_gives_them() -> None:
    chance = np.random.default_rng(0)
    some = [name for name in ASKED if "nothing" not in name]  # JAX: 0 x infinity there
    programs = [write_program(chance, some) for _ in range(60)]
    hold_slopes_against_jax([p for p in programs if p.calls])


def test_the_largest_of_several_shares_its_slope_at_a_tie() -> None:
    function = compile_function(
        lambda g: {"most": jnp.max(jnp.stack([g["x"], g["y"], g["z"]]))}, NAMES
    )
    found = function.gradient("most").grid({"x": 2.0, "y": 2.0, "z": 2.0})
    assert [found[f"d_{name}"] for name in NAMES] == pytest.approx([1 / 3] * 3)


def test_steps_have_the_slope_of_what_was_rounded() -> None:
    def steps(given: Mapping[str, Any]) -> dict[str, Any]:
        x, y = given["x"], given["y"]
        return {"n": ceil_div(x, y) * ceil(y) + with_slope(jnp.floor(x), x**2)}

    found = compile_function(steps, ["x", "y"]).gradient("n").grid({"x": 7.0, "y": 2.5})
    assert found["n"] == 3.0 * 3.0 + 7.0
    assert found["d_x"] == pytest.approx(3.0 / 2.5 + 14.0)
    assert found["d_y"] == pytest.approx(-7.0 / 2.5**2 * 3.0 + 3.0)


def test_a_function_with_a_rule_of_its_own_keeps_it() -> None:
    @jax.custom_jvp
    def doubled(x: Any) -> Any:
        return 2.0 * x

    doubled.defjvp(lambda x, change: (doubled(x[0]), 5.0 * change[0]))
    function = compile_function(lambda g: {"d": doubled(g["x"])}, ["x"])
    assert function.gradient("d").grid({"x": 1.0})["d_x"] == 5.0


@pytest.mark.parametrize("machine", MACHINES)
def test_no_slope_of_an_engine_is_left_to_jax(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = dse.transformer("bert-tiny", seq_len=32)
    if machine == "filter":
        work = work.attention_only()
    model = dse.compile_model(MACHINES[machine], work, over=["batch"])
    assert model.metrics
    monkeypatch.delattr(compiled, "compile_function")
    assert np.isfinite(model.value_and_gradient("energy", {"batch": 2.0})[1]["batch"])
