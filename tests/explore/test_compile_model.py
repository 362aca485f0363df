"""Models compiled for rows: the numbers of `dse.evaluate` and of its gradient."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import jax
import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.engines.base import Engine
from dse.evaluation import metrics
from dse.explore.compiled_model import CompiledModel, compile_model
from dse.workload.zoo import listed_sizes

MACHINES: dict[str, Engine] = {
    "crossbar": dse.CrossbarEngine.isaac(),
    "filter": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.FilterEngine.energon_edge()
    ),
    "nm": dse.NMEngine(),
    "reference": dse.ReferenceMachine.a100(),
    "sprint": dse.Pair(
        host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine.m_sprint()
    ),
    "tile": dse.TileEngine.edge(),
}
BERT = dse.transformer("bert-tiny", seq_len=64, batch=4).with_density(
    activation=0.5, weight=0.4
)
ROWS = 2
# Machine code of slopes takes ten seconds a machine; that of values is held for all,
# and slopes of each operation by themselves.
BY_DAY = ("reference",)


def rows_around(machine: Engine, seed: int = 0) -> dict[str, Any]:
    """Machines beside a published one: sizes doubled or halved, labels at random."""
    random = np.random.default_rng(seed)
    table = {}
    for name, meaning in machine.meanings().items():
        if meaning.choices:
            table[name] = random.integers(len(meaning.choices), size=ROWS) * 1.0
        else:
            scaled = float(machine.number(name)) * 2.0 ** random.integers(-1, 2, ROWS)
            whole = np.round(scaled) if meaning.integer else scaled
            table[name] = np.clip(whole, meaning.low, meaning.high)
    return table


@pytest.mark.parametrize("name", MACHINES)
def test_rows_of_every_engine_hold_what_evaluation_says(name: str) -> None:
    """In float64, where nothing is rounded that would hide a mistake."""
    machine = MACHINES[name]
    table = rows_around(machine)
    found = compile_model(machine, BERT, precision="double")(table)
    for row in range(ROWS):
        one = machine.replace(**{n: float(c[row]) for n, c in table.items()})
        wanted = dse.evaluate(one, BERT)
        for metric, column in found.items():
            close = pytest.approx(float(getattr(wanted, metric)), rel=1e-9)
            assert float(column[row]) == close, metric


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in BY_DAY else [pytest.mark.nightly])
        for name in MACHINES
    ],
)
def test_gradients_of_every_engine_are_those_of_the_walk(name: str) -> None:
    """By every number of design and technology, as NumPy runs JAX's own gradient."""
    machine = MACHINES[name]
    technology = machine.default_technology()
    table = rows_around(machine) | technology.values
    model = compile_model(machine, BERT, over=table, precision="double")
    value, slope = model.value_and_gradient("energy_delay", table)

    def energy_delay(given: dict[str, Any]) -> Any:
        own = {n: v for n, v in given.items() if n in machine.meanings()}
        drawn = {n: v for n, v in given.items() if n in technology.values}
        return metrics(
            machine.replace(**own), BERT, technology.replace(values=drawn), "walk"
        ).energy_delay

    program = compile_function(jax.grad(energy_delay), list(table))
    for row in range(ROWS):
        numbers = {n: np.atleast_1d(c)[row % np.size(c)] for n, c in table.items()}
        wanted = program.grid(numbers)
        for column in table:
            size = abs(float(value[row])) / max(abs(float(numbers[column])), 1e-30)
            close = pytest.approx(
                float(wanted[column]), rel=1e-6, abs=1e-9 * size, nan_ok=True
            )
            assert float(slope[column][row]) == close, column


@cache
def small() -> CompiledModel:
    """The smallest model there is, over a few of its numbers."""
    machine = dse.ReferenceMachine.a100()
    names = [n for n in machine.meanings() if n.endswith(("_gb_per_s", "_mhz"))]
    key = next(iter(machine.default_technology().values))
    return compile_model(machine, BERT, over=[*names, "batch", key], timing="roofline")


def small_table(count: int) -> dict[str, Any]:
    machine = dse.ReferenceMachine.a100()
    values = machine.default_technology().values
    random = np.random.default_rng(0)
    around = random.uniform(0.5, 2.0, (len(small().names), count))
    known = {**values, "batch": 8.0}
    table = {
        name: share * float(known[name] if name in known else machine.number(name))
        for name, share in zip(small().names, around, strict=True)
    }
    return {**table, "batch": np.round(table["batch"])}


def test_compiled_rows_are_right_to_single_precision_and_independent() -> None:
    table = small_table(20_000)  # more than are done at once
    found = small()(table)
    some = small()({n: c[17:40] for n, c in table.items()})
    machine = dse.ReferenceMachine.a100()
    technology = machine.default_technology()
    for row in (17, 39):
        own = {n: float(c[row]) for n, c in table.items() if n in machine.meanings()}
        drawn = {n: float(c[row]) for n, c in table.items() if n in technology.values}
        wanted = dse.evaluate(
            machine.replace(**own),
            BERT.replace(batch=float(table["batch"][row])),
            technology=technology.replace(values=technology.values | drawn),
            timing="roofline",
        )
        for name, column in found.items():
            assert column[row] == some[name][row - 17]
            assert column[row] == pytest.approx(float(getattr(wanted, name)), rel=1e-5)


def test_compiled_gradients_are_those_of_the_model() -> None:
    table = small_table(5)
    value, slope = small().value_and_gradient("energy", table)
    np.testing.assert_allclose(value, small()(table)["energy"], rtol=1e-6)
    machine = dse.ReferenceMachine.a100()
    technology = machine.default_technology()

    def energy(given: dict[str, Any]) -> Any:
        own = {n: v for n, v in given.items() if n in machine.meanings()}
        drawn = {n: v for n, v in given.items() if n in technology.values}
        return metrics(
            machine.replace(**own),
            BERT.replace(batch=given["batch"]),
            technology.replace(values=technology.values | drawn),
            "roofline",
        ).energy

    row = {n: np.asarray(c[3]) for n, c in table.items()}
    wanted = compile_function(jax.grad(energy), small().names).grid(row)
    for name in small().names:
        size = abs(float(value[3]) / float(table[name][3]))
        close = pytest.approx(float(wanted[name]), rel=1e-4, abs=1e-5 * size)
        assert slope[name][3] == close, name


def test_one_number_stands_for_all_rows() -> None:
    table = small_table(4)
    same = {n: c[0] if n == "batch" else c for n, c in table.items()}
    full = {**table, "batch": np.full(4, table["batch"][0])}
    assert all(
        np.array_equal(column, small()(full)[name])
        for name, column in small()(same).items()
    )


@pytest.mark.parametrize(
    "backend", ["llvm", pytest.param("jax", marks=pytest.mark.nightly)]
)
def test_every_backend_answers_as_numpy_does_and_that_as_evaluation(
    backend: Any,
) -> None:
    machine = dse.ReferenceMachine.a100()
    table = small_table(5)
    how: dict[str, Any] = {"over": table, "timing": "roofline", "precision": "double"}
    ours, numpys = (
        compile_model(machine, BERT, backend=one, **how) for one in (backend, "numpy")
    )
    wanted = numpys(table)
    for name, column in ours(table).items():
        np.testing.assert_allclose(column, wanted[name], rtol=1e-12)
    _, found = ours.value_and_gradient("energy", table)
    energy, slopes = numpys.value_and_gradient("energy", table)
    for name, column in found.items():  # a slope may be what rounding leaves of 0
        left = 1e-12 * energy.max() / np.min(table[name])
        np.testing.assert_allclose(column, slopes[name], rtol=1e-12, atol=left)
    own = {n: float(c[2]) for n, c in table.items() if n in machine.meanings()}
    technology = machine.default_technology()
    drawn = {n: float(c[2]) for n, c in table.items() if n in technology.values}
    alone = dse.evaluate(
        machine.replace(**own),
        BERT.replace(batch=float(table["batch"][2])),
        technology=technology.replace(values=technology.values | drawn),
        timing="roofline",
    )
    assert wanted["energy"][2] == energy[2] == float(alone.energy)


def test_equal_layers_cost_nothing_more() -> None:
    machine = dse.ReferenceMachine.a100()

    def operations(layers: int) -> int:
        shape = replace(listed_sizes("bert-base"), layers=layers)
        bert = dse.transformer(shape, seq_len=128)
        return compile_model(machine, bert).code().count().total()

    assert operations(24) == operations(12)


def test_wrong_names_and_columns_are_told() -> None:
    edge = dse.TileEngine.edge()
    with pytest.raises(dse.InputError, match="Did you mean"):
        compile_model(edge, BERT, over=["lanes_per_pes"])
    with pytest.raises(dse.InputError, match="timing"):
        compile_model(edge, BERT, timing="exact")  # type: ignore[arg-type]
    with pytest.raises(dse.InputError, match="precision"):
        compile_model(edge, BERT, precision="half")  # type: ignore[arg-type]
    with pytest.raises(dse.InputError, match="backend"):
        compile_model(edge, BERT, backend="cuda")  # type: ignore[arg-type]
    table = small_table(3)
    with pytest.raises(dse.InputError, match="`batch` is missing"):
        small()({n: c for n, c in table.items() if n != "batch"})
    with pytest.raises(dse.InputError, match="`pes` was not compiled for"):
        small()({**table, "pes": 3.0})
    with pytest.raises(dse.InputError, match="2 and 3 rows"):
        small()({**table, "batch": [1.0, 2.0]})
    with pytest.raises(dse.InputError, match="speed"):
        small().value_and_gradient("speed", table)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (np.ma.masked_array([4.0, 8.0, 16.0], [0, 1, 0]), "`batch` has masked entries"),
        (["4", "8", "16"], "`batch` does not hold numbers"),
        ([4.0, [8.0], 16.0], "`batch` does not hold numbers"),
        ([None, 8.0, 16.0], "`batch` does not hold numbers"),
        ([True, False, True], "`batch` does not hold numbers"),
    ],
)
def test_a_column_of_something_else_is_refused(column: Any, said: str) -> None:
    with pytest.raises(dse.InputError, match=said):
        small()({**small_table(3), "batch": column})
