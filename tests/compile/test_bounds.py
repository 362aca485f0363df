"""What a function answers anywhere in a box lies between the bounds of the box."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dse
from dse.compile.bounds import _RULES
from dse.compile.errors import NotByRowsError
from dse.compile.function import CompiledFunction, compile_function
from dse.compile.numpy_functions import FUNCTIONS
from dse.engines.base import Engine
from dse.explore.basis import Basis
from dse.explore.evaluator import Evaluator
from tests.compile.operations import EACH, OPERATIONS, SHAPED
from tests.compile.random_programs import NAMES, NUMBERS, write_program

BOXES = 12
POINTS = 40  # of each box
WITHOUT_BITS = {"int and", "int xor", "int not"}  # of which no rule knows anything
NOT_WRITTEN_DOWN = {"rsqrt", "lgamma", "digamma", "to bool", "int to bool"}
NOT_WRITTEN_DOWN |= {name for name in EACH if {*OPERATIONS[name].takes} & {*"sb"}}
NOT_WRITTEN_DOWN |= {"to float32", *WITHOUT_BITS}


def boxes_around(chance: np.random.Generator, wild: float) -> dict[str, Any]:
    """Boxes of x, y and z: between two numbers each, some of them points."""
    found = {}
    for name in NAMES:
        tame = np.round(chance.uniform(-9.0, 9.0, (2, BOXES)), 2)
        known = [number for number in NUMBERS if not np.isnan(number)]
        ends = np.where(
            chance.random((2, BOXES)) < wild, chance.choice(known, (2, BOXES)), tame
        )
        ends[1] = np.where(chance.random(BOXES) < 0.3, ends[0], ends[1])
        found[name] = np.sort(ends, axis=0)
    return found


def points_in(chance: np.random.Generator, boxes: dict[str, Any]) -> dict[str, Any]:
    """Points `[points, boxes]`: corners, numbers of note, and others between."""
    found = {}
    for name, (low, high) in boxes.items():
        ends = np.clip([low, high], -1e300, 1e300)
        shape = (POINTS, BOXES)
        between = ends[0] + (ends[1] - ends[0]) * chance.random(shape)
        small = np.clip(chance.choice([0.0, 1.0, -1.0, 0.5, 2.0], shape), low, high)
        corner = np.where(chance.random(shape) < 0.5, low, high)
        which = chance.integers(3, size=shape)
        found[name] = np.clip(np.choose(which, [corner, small, between]), low, high)
    return found


def hold(function: Any, boxes: dict[str, Any], points: dict[str, Any]) -> None:
    """Hold what a compiled function answers at points against its bounds, both ways."""
    found = function.grid(points)
    hold_within(function.bounds(boxes), found)
    whole = {name: (np.min(low), np.max(high)) for name, (low, high) in boxes.items()}
    try:
        written = function.within(whole)
    except NotByRowsError:
        return  # of few operations more is known than is written down
    ends = {f"{n}.low": low for n, (low, _) in boxes.items()}
    ends |= {f"{n}.high": high for n, (_, high) in boxes.items()}
    hold_within(written.grid(ends), found)


def pairs(bounds: Any, found: Any) -> Any:
    """The interval of each answer, and the answer."""
    told = jax.tree.leaves(bounds, is_leaf=lambda b: hasattr(b, "none"))
    return zip(told, jax.tree.leaves(found), strict=True)


def hold_within(bounds: Any, found: Any) -> None:
    for interval, answers in pairs(bounds, found):
        low, high, none = (np.expand_dims(part, -2) for part in interval)
        inside = (low <= answers) & (answers <= high)
        assert np.all(inside | (np.isnan(answers) & none))


def test_there_is_a_rule_for_every_operation_of_numpy() -> None:
    assert FUNCTIONS.keys() <= _RULES.keys()


def hold_programs(seed: int, count: int) -> None:
    """Hold random programs against their bounds; the seed is printed."""
    print(f"seed {seed}: {count} programs")
    for number in range(count):
        chance = np.random.default_rng([seed, number])
        written = write_program(chance, [*EACH, *SHAPED])

        def values(given: Any, written: Any = written) -> Any:
            return [v * 1 for v in written(given[name] for name in NAMES)]

        boxes = boxes_around(chance, float(chance.choice([0.0, 0.3, 1.0])))
        points = points_in(chance, boxes)
        hold(compile_function(values, NAMES), boxes, points)


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_keep_to_their_bounds(seed: int) -> None:
    hold_programs(seed, 25)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1000, 1040))
def test_ten_thousand_programs_keep_to_their_bounds(seed: int) -> None:
    hold_programs(seed, 250)


def operation_of(name: str) -> CompiledFunction:
    """One operation of x, y and z, each of the kind that it takes."""
    operation = OPERATIONS[name]
    kinds = {"f": float, "s": np.float32, "i": np.int64, "j": np.int32, "b": bool}

    def value(given: Any) -> Any:
        taken = zip("xyz", operation.takes, strict=False)
        return operation.do(*(given[n].astype(kinds[kind]) for n, kind in taken))

    return compile_function(value, NAMES)


@pytest.mark.parametrize("name", EACH)
def test_an_operation_keeps_to_its_bounds(name: str) -> None:
    chance = np.random.default_rng(0)
    function = operation_of(name)
    for wild in (0.0, 0.5, 1.0):
        for _ in range(3):
            boxes = boxes_around(chance, wild)
            hold(function, boxes, points_in(chance, boxes))


@pytest.mark.parametrize(
    "name", [n for n in EACH if not n.startswith(("pow", "digamma"))]
)
def test_a_point_may_be_no_number_where_its_answer_is_none(name: str) -> None:
    ends = [-np.inf, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, np.inf]
    x, y = map(np.ravel, np.meshgrid(ends, ends))
    at = {"x": x, "y": y, "z": np.ones_like(x)}
    function = operation_of(name)
    told = function.bounds({n: (values, values) for n, values in at.items()})
    for interval, found in pairs(told, function.grid(at)):
        none = np.isnan(found.astype(float))
        np.testing.assert_array_equal(*np.broadcast_arrays(interval.none, none))


@pytest.mark.parametrize("wild", [0.0, 1.0])
@pytest.mark.parametrize("name", sorted({*EACH} - NOT_WRITTEN_DOWN))
def test_what_is_written_down_of_an_operation_gives_its_bounds(
    name: str, wild: float
) -> None:
    chance = np.random.default_rng(3)
    function = operation_of(name)
    for low, high in boxes_around(chance, wild)["x"].T:
        box = dict.fromkeys(NAMES, (low, high)) | {"y": (-0.5, 3.0)}
        try:
            written = function.within(box, ways=False)
        except NotByRowsError:
            assert wild  # whole numbers of any size
            continue
        ends = [
            (f"{n}.{end}", x)
            for n, of in box.items()
            for end, x in zip(("low", "high"), of, strict=True)
        ]
        both = zip(function.bounds(box), written.grid(dict(ends)), strict=True)
        for told, found in both:
            np.testing.assert_array_equal(np.ravel(told), np.ravel(found))


@pytest.mark.parametrize("name", sorted(NOT_WRITTEN_DOWN))
def test_what_is_not_written_down_is_refused(name: str) -> None:
    with pytest.raises(NotByRowsError):
        operation_of(name).within(dict.fromkeys(NAMES, (-0.5, 2.5)))


@pytest.mark.parametrize("kind", [np.int32, np.int64])
@pytest.mark.parametrize("sign", [-1, 1])
def test_whole_numbers_are_written_down_as_far_as_they_go(kind: Any, sign: int) -> None:
    most = min(float(np.iinfo(kind).max), 2.0**53)
    function = compile_function(lambda given: given["x"].astype(kind), ["x"])
    for beyond, held in ((0.5, True), (1.0, False), (2.0, False)):
        last = sign * most * beyond
        box = {"x": (min(last, 0.0), max(last, 0.0))}
        if held:
            assert function.within(box) is not None
        else:
            with pytest.raises(NotByRowsError):
                function.within(box)


@pytest.mark.parametrize("name", sorted({*EACH} - WITHOUT_BITS))
def test_the_bounds_of_an_operation_at_a_point_are_its_answer(name: str) -> None:
    chance = np.random.default_rng(1)
    at = {name: np.round(chance.uniform(0.1, 9.0, BOXES), 2) for name in NAMES}
    function = operation_of(name)
    told = function.bounds({name: (x, x) for name, x in at.items()})
    for interval, found in pairs(told, function.grid(at)):
        known = np.isfinite(found)
        assert not np.any(interval.none & known)
        for end in (interval.low, interval.high):
            end = np.broadcast_to(end, found.shape)[known]
            np.testing.assert_allclose(end, found[known], rtol=1e-6, atol=1e-6)


@given(st.floats(-4, 4), st.floats(0, 3), st.floats(0.5, 4), st.floats(0, 3))
def test_bounds_of_simple_functions_are_what_they_take(
    x: float, wide: float, y: float, high: float
) -> None:
    function = compile_function(
        lambda g: (g["x"] ** 2, g["x"] - g["x"], jnp.maximum(g["x"], g["y"]) / g["y"]),
        ["x", "y"],
    )
    square, nothing, ratio = function.bounds({"x": (x, x + wide), "y": (y, y + high)})
    ends = sorted([x * x, (x + wide) * (x + wide)])
    least = 0.0 if x <= 0.0 <= x + wide else ends[0]
    assert (square.low[0], square.high[0]) == (least, ends[1])
    assert (nothing.low[0], nothing.high[0]) == (0.0, 0.0)
    assert ratio.low[0] == max(x, y) / (y + high)
    assert not np.any([square.none, nothing.none, ratio.none])


@pytest.mark.parametrize("kind", [np.int32, np.int64])
@pytest.mark.parametrize("box", [(-3.0, 4.0), (0.0, 7.0), (-9.0, -2.0)])
def test_bounds_of_whole_numbers_are_those_of_what_they_were(
    kind: Any, box: tuple[float, float]
) -> None:
    function = compile_function(lambda g: g["x"].astype(kind) + 1, ["x"])
    found = function.bounds({"x": box})
    assert (found.low[0], found.high[0]) == (box[0] + 1, box[1] + 1)
    wide = function.bounds({"x": (-1e30, 1e30)})  # more than such a number holds
    assert (wide.low[0], wide.high[0]) == (np.iinfo(kind).min, np.iinfo(kind).max)


def test_powers_of_what_is_above_nothing_have_the_bounds_of_their_corners() -> None:
    """In a box of a larger one that begins at 0, of which no powers may be known."""
    function = compile_function(lambda g: g["x"] ** g["y"], ["x", "y"])
    box = {"x": (0.25, 0.5), "y": (1.0, 2.0)}
    written = function.within({"x": (0.0, 4.0), "y": (0.5, 2.0)})
    ends = {"x.low": 0.25, "x.high": 0.5, "y.low": 1.0, "y.high": 2.0}
    for found in (function.bounds(box), written.grid(ends)):
        assert np.max(found.low) == pytest.approx(0.25**2, rel=1e-12)
        assert np.min(found.high) == pytest.approx(0.5, rel=1e-12)
    from_nothing = written.grid(ends | {"x.low": 0.0})
    assert np.isinf([from_nothing.low, from_nothing.high]).all()


def test_a_choice_by_what_may_be_no_number_is_not_known() -> None:
    def choose(given: Any) -> Any:
        root = jnp.sqrt(given["x"])
        return jnp.where(root >= 0.0, 1.0, 2.0), jnp.where(root != 5.0, 1.0, 2.0)

    known, unlike = compile_function(choose, ["x"]).bounds({"x": (-1.0, 4.0)})
    assert (known.low[0], known.high[0]) == (1.0, 2.0)
    assert (unlike.low[0], unlike.high[0]) == (1.0, 1.0)
    assert not np.any([known.none, unlike.none])


def test_what_is_surely_no_number_widens_nothing() -> None:
    """A memory of which nothing is known is never the least or the greatest."""
    function = compile_function(
        lambda g: 2.0 * jnp.where(g["x"] > 1.0, jnp.nan, g["x"]), ["x"]
    )
    some, none = {"x": (0.5, 3.0)}, {"x.low": 2.0, "x.high": 3.0}
    written = function.within(some)
    for found in (function.bounds(some), written.grid({"x.low": 0.5, "x.high": 3.0})):
        assert (np.min(found.low), np.max(found.high)) == (1.0, 6.0)
        assert np.all(found.none)
    assert written.grid(none).low == np.inf  # nothing lies there


def test_arithmetic_on_what_is_surely_no_number_gives_none() -> None:
    """A loss that is 0 or not known: where it is not known, nothing keeps a limit."""

    def excess(g: Any) -> Any:
        loss = jnp.where((g["x"] >= 4.0) & (g["y"] >= 16.0), 0.0, jnp.nan)
        return (jnp.maximum(0.5 * loss + g["y"] / 1e4, 0.0) - 0.01) / 0.01

    function = compile_function(excess, ["x", "y"])
    written = function.within({"x": (2.0, 8.0), "y": (4.0, 24.0)})
    boxes = {"x": ([2.0, 2.0, 4.0], [3.0, 8.0, 8.0]), "y": ([4.0] * 3, [24.0] * 3)}
    ends = {f"{n}.low": low for n, (low, _) in boxes.items()}
    ends |= {f"{n}.high": high for n, (_, high) in boxes.items()}
    for found in (function.bounds(boxes), written.grid(ends)):
        assert found.low[0] == np.inf
        assert np.allclose(found.low[1:], (4.0 / 1e4 - 0.01) / 0.01)


def test_what_hangs_on_one_input_is_an_input_of_its_own() -> None:
    def both(g: Any) -> Any:
        alone = jnp.exp(-((g["x"] - 2.0) ** 2)) + jnp.where(g["x"] > 1.0, 1.0, 0.0)
        return alone * g["y"], jnp.sqrt(g["y"])

    function = compile_function(both, ["x", "y"])
    values = {"x": np.linspace(0.0, 4.0, 9), "y": np.asarray([1.0, 4.0])}
    other, tables = function.tabled(values)
    assert sorted(axis for axis, _ in tables.values()) == ["x", "y"]
    assert other.count() == {"mul": 1}
    at = {"x": np.arange(9)[:, None], "y": np.arange(2)}
    given = {name: values[name][place] for name, place in at.items()}
    for found in (lambda told: told.low, lambda told: told.high):
        own = {name: found(told)[at[axis]] for name, (axis, told) in tables.items()}
        for told, sure in zip(
            other.grid(given | own), function.grid(given), strict=True
        ):
            np.testing.assert_allclose(told, sure, rtol=1e-14)


def test_what_is_no_number_is_0_among_whole_numbers_alone() -> None:
    function = compile_function(
        lambda g: tuple(
            (jnp.sqrt(g["x"]) + 2.0).astype(kind) for kind in (np.int32, np.float32)
        ),
        ["x"],
    )
    whole, real = function.bounds({"x": (-1.0, 4.0)})
    assert (whole.low[0], whole.high[0]) == (0, 4)
    assert (real.low[0], real.high[0]) == (2.0, 4.0)


def test_shorter_numbers_are_no_table() -> None:
    """What is made of them is rounded as they are, not as an input is."""
    function = compile_function(
        lambda g: g["x"].astype(np.float32) * 3.0 + g["y"].astype(np.float32),
        ["x", "y"],
    )
    _, tables = function.tabled({"x": [0.1, 0.2], "y": [1.0, 2.0]})
    assert not tables


def test_what_jax_does_as_a_whole_has_no_bounds() -> None:
    function = compile_function(
        lambda g: jax.lax.sort(jnp.stack([g["x"], 1.0]))[0], ["x"]
    )
    with pytest.raises(NotByRowsError, match=r"test_bounds.py:\d+: `sort` has no"):
        function.bounds({"x": (0.0, 1.0)})
    with pytest.raises(dse.InputError, match="box `x`: give numbers low <= high"):
        function.bounds({"x": (2.0, 1.0)})


def test_what_a_walk_takes_is_bounded_by_its_longest_way() -> None:
    """Of x = max(max(x0 + a, b) + c, d), x - x0 is a + c at least, whatever x0 is."""
    names = ["x0", "a", "b", "c", "d", "e"]

    def walk(g: Any) -> Any:
        done = jnp.maximum(g["x0"] + g["a"], g["b"]) + g["c"]
        after = jnp.where(g["e"] > 5.0, jnp.maximum(done, g["d"]), done)
        return after - g["x0"], after - (g["c"] - 0.5 * g["c"])

    function = compile_function(walk, names)
    written = function.within({name: (0.01, 100.0) for name in names})
    chance = np.random.default_rng(0)
    boxes = {
        name: np.sort(chance.uniform(0.1, 9.0, (2, 200)), axis=0) for name in names
    }
    ends = {f"{n}.low": low for n, (low, _) in boxes.items()}
    ends |= {f"{n}.high": high for n, (_, high) in boxes.items()}
    taken, free = written.grid(ends)
    low = {name: least for name, (least, _) in boxes.items()}
    way = low["a"] + low["c"]
    assert np.all(taken.low >= way * (1.0 - 1e-12))
    assert np.all(free.low >= (low["x0"] + low["a"] + 0.5 * low["c"]) * (1.0 - 1e-12))
    points = {n: chance.uniform(*ends, (500, 200)) for n, ends in boxes.items()}
    hold_within((taken, free), function.grid(points))


MACHINES: dict[str, Engine] = {
    "tile": dse.TileEngine.edge(),
    "crossbar": dse.CrossbarEngine.isaac(),
    "nm": dse.NMEngine(),
    "reference": dse.ReferenceMachine.a100(),
    "filter": dse.FilterEngine.energon_edge(),
    "sprint": dse.SprintEngine.m_sprint(),
}
SHARES = (1.0, 0.1, 1e-3, 0.0)  # of each axis that a box is wide
MANY_BOXES = 1_000


def hold_written(bounds: Any, written: Any, least: Any, boxes: Any) -> None:
    """Hold bounds that are written down against those that are worked out, bit by bit.

    With ways they are no wider. Machine code knows powers to other bits, of which both
    are wider by some.
    """
    ends = {f"{n}.low": low for n, (low, _) in boxes.items()}
    ends |= {f"{n}.high": high for n, (_, high) in boxes.items()}
    plain, tight = (each.grid(ends) for each in written)
    rows = least.rows(ends, float, backend="llvm")
    for name, (low, high, _) in bounds.items():
        assert np.array_equal(np.broadcast_to(plain[name].low, low.shape), low)
        assert np.array_equal(np.broadcast_to(plain[name].high, high.shape), high)
        assert np.all((tight[name].low >= low) & (tight[name].high <= high))
        lowest = np.broadcast_to(tight[name].low, low.shape)
        np.testing.assert_allclose(rows[name], lowest, rtol=1e-13)


def machine_function(name: str) -> tuple[CompiledFunction, dict[str, list[float]]]:
    """Return costs of a machine, and its axes: half to twice its numbers."""
    machine = MACHINES[name]
    bert = dse.transformer("bert-tiny", seq_len=64, batch=8)
    if not hasattr(machine, "linear"):
        bert = bert.attention_only()
    axes = {
        field: [number, 2.0 * number]
        for field, meaning in machine.meanings().items()
        if (number := float(machine.number(field))) > 0.0
        and not meaning.choices
        and 2.0 * number <= meaning.high
    }
    basis = Basis(((bert, 1.0),), machine.default_technology(), "walk")
    evaluator = Evaluator(dse.Space(machine, **axes), basis)
    return evaluator.metrics(["latency", "energy", "area"]), axes


def boxes_within(
    axes: dict[str, list[float]], share: float, shape: tuple[int, int], chance: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return boxes that are a share of each axis wide, and points in them.

    Points have the `shape` [points, boxes].
    """
    boxes, points = {}, {}
    for field, (low, high) in axes.items():
        start = low + (high - low) * (1.0 - share) * chance.random(shape[1])
        boxes[field] = start, start + (high - low) * share
        points[field] = start + (high - low) * share * chance.random(shape)
    return boxes, points


@pytest.mark.parametrize(
    "name",
    ["tile", *(pytest.param(n, marks=pytest.mark.nightly) for n in ("crossbar", "nm"))],
)
def test_machines_of_a_box_keep_to_its_bounds(name: str) -> None:
    """The smaller a box, the narrower its bounds."""
    function, axes = machine_function(name)
    written = [function.within(axes, ways=ways) for ways in (False, True)]
    least = written[1].only(lambda told: {name: told[name].low for name in told})
    chance, wide = np.random.default_rng(0), []
    for share in SHARES:
        boxes, points = boxes_within(axes, share, (POINTS, BOXES), chance)
        hold(function, boxes, points)
        hold_written(function.bounds(boxes), written, least, boxes)
        for told in function.bounds(boxes).values():
            assert np.all(np.isfinite([told.low, told.high]) & ~told.none)
        low, high, _ = function.bounds(boxes)["energy"]
        wide.append(np.median((high - low) / high))
    assert wide == sorted(wide, reverse=True)
    assert wide[-1] < 1e-12


@pytest.mark.nightly
@pytest.mark.parametrize("name", MACHINES)
def test_a_million_machines_keep_to_the_bounds_of_their_boxes(name: str) -> None:
    function, axes = machine_function(name)
    chance = np.random.default_rng(1)
    points = math.ceil(1e6 / len(MACHINES) / len(SHARES) / MANY_BOXES)
    for share in SHARES:
        hold(function, *boxes_within(axes, share, (points, MANY_BOXES), chance))
