"""A function of named numbers, traced once and read in many ways.

JAX traces it on ONE design, as array operations. Taken apart into single numbers, equal
operations become one: equal ops and equal layers of a transformer cost nothing more.
What results is one graph (`graph`), and all readers read it:

    f = compile_function(function, names)
    f.grid(axes)                 float64, by NumPy: what the others are held against
    f.rows(table)                machine code of this processor, or JAX's devices
    f.gradient("energy")         another such function
    f.along(["pes"])             and one of changes along a direction
    f.bounds(boxes)              between which numbers every answer lies
    f.within(box)                the same as a function, of boxes within a large one
    f.as_jax()                   a function that JAX differentiates and batches
"""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property, lru_cache, partial
from typing import Any

import jax
import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from dse.compile.alike import Alike
from dse.compile.as_jax import as_jax, pulled, values_and_slopes
from dse.compile.bounds import Box, Interval, bound, read_boxes
from dse.compile.by_jax import plain
from dse.compile.ends import write_bounds
from dse.compile.errors import NotByRowsError
from dse.compile.graph import CONSTANT, CONVERT, INPUT, Graph, Places
from dse.compile.rows import (
    Backend,
    Columns,
    RowCode,
    compile_rows,
    count_rows,
    on_host,
)
from dse.compile.rules import write_numbers
from dse.compile.slopes import write_changes, write_slopes
from dse.compile.steps import Found, Steps, operations
from dse.compile.tabled import write_tables
from dse.compile.trace import Equation, Trace, follow, trace
from dse.deep_calls import in_one_piece
from dse.errors import InputError

Function = Callable[[Mapping[str, Any]], Any]

KEPT = 64  # traces whose operations are kept for those that are alike


@in_one_piece
def compile_function(
    function: Function, names: Sequence[str] | Mapping[str, tuple[int, ...]]
) -> CompiledFunction:
    """Trace a function of named numbers, in float64; nothing is compiled yet.

    `names` says with whom it has shapes which of them are arrays. Where its trace is
    like one of the last `KEPT`, the operations are those that were written for that.
    """
    with no_garbage_collection():
        traced = trace(function, names)
        return _of_all_alike(Alike(traced)).asked_by(function, traced)


@lru_cache(KEPT)
def _of_all_alike(first: Alike) -> CompiledFunction:
    traced, graph = first.trace, Graph()
    inputs, outputs = written(traced, graph, CompiledFunction.longest_loop)
    graph.close()
    answers = outputs, traced.tree
    return CompiledFunction(_only_by_rows, traced.shapes, graph, inputs, answers)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python from looking for garbage.

    A trace makes millions of small objects and no cycles of them: looking for some
    takes a fifth of its time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class CompiledFunction:
    """A function of named numbers as operations on single ones.

    `names` are those of its inputs in order, `shapes` what each of them is, `inputs`
    where its numbers are; `answers` are those of the function, `places` in the graph
    instead of numbers. Whatever reader makes another function of it makes one like it.
    """

    longest_loop = 1_000  # turns; longer ones are left to JAX

    def __init__(
        self,
        function: Function,
        shapes: Mapping[str, tuple[int, ...]],
        graph: Graph,
        inputs: list[Places],
        answers: tuple[list[Places], Any],
    ) -> None:
        self.function, self.graph = function, graph
        self.shapes, self.names = dict(shapes), tuple(sorted(shapes))
        self.inputs = inputs
        self.outputs, self._tree = answers
        self.places = _each(self.outputs)
        self._ready = _Ready(graph, self.places)
        self._codes: dict[Any, RowCode] = {}
        self._one_at_a_time = threading.RLock()

    @cached_property
    def traced(self) -> Trace:
        """The function as JAX traces it; only its slopes are written from that."""
        return trace(self.function, self.shapes)

    def asked_by(self, function: Function, traced: Trace) -> CompiledFunction:
        """Return the same operations for a function whose trace is alike.

        What JAX does, what is written anew and the codes of rows, which hold memory,
        are its own.
        """
        part = copy(self)
        part.function, part.traced, part._codes = function, traced, {}
        return part

    @property
    def answers(self) -> Any:
        """The answers as the function returns them, places instead of numbers."""
        return jax.tree.unflatten(self._tree, self.outputs)

    def only(self, choose: Callable[[Any], Any]) -> CompiledFunction:
        """Return a function of some of the answers: what `choose` takes of all."""
        return CompiledFunction(
            lambda given: choose(self.function(given)),
            self.shapes,
            self.graph,
            self.inputs,
            jax.tree.flatten(choose(self.answers)),
        )

    # -- readers -----------------------------------------------------------------------

    def grid(self, axes: Mapping[str, ArrayLike]) -> Any:
        """Return the answers over a grid, in float64.

        `axes` are arrays that broadcast together, one for each name; that of an array
        has the dimensions of the array first. So have answers; a dimension of the grid
        has length 1 where an answer does not depend on it.
        """
        found, dimensions = self.begin(axes)
        self._ready.steps.run(found)
        return self.read(found, dimensions)

    def rows(
        self,
        table: Mapping[str, ArrayLike],
        dtype: DTypeLike = np.float32,
        *,
        backend: Backend | None = None,
        fast_math: bool = False,
    ) -> Columns:
        """Return the answers of every row of a table, a column `[rows]` each by name.

        `table` holds a column, or one number for all rows, for each name. Rows are done
        by machine code of this processor (`llvm`), by the devices of JAX (`jax`, the
        default where there are others than processors) or in float64 by `numpy`: the
        default without llvmlite. Raises `NotByRowsError` for an operation that machine
        code cannot do.
        """
        columns = {n: np.atleast_1d(np.asarray(table[n], dtype)) for n in self.names}
        code = self.code(dtype, backend=backend, fast_math=fast_math)
        found: Columns = code(columns, count_rows(columns))
        return found

    def code(
        self,
        dtype: DTypeLike = np.float32,
        *,
        backend: Backend | None = None,
        fast_math: bool = False,
    ) -> RowCode:
        """Return what runs rows; of several threads that ask for it one makes it."""
        key = np.dtype(dtype), backend, fast_math
        with self._one_at_a_time:
            if key not in self._codes:
                self._codes[key] = compile_rows(self, *key)
            return self._codes[key]

    def gradient(self, name: str) -> CompiledFunction:
        """Return the function to one of the answers and its slopes, by name.

        The slope by `x` is called `d_x`. The slopes are operations of the same graph;
        where one of them is left to JAX, JAX traces them all. Raises `InputError` for
        an answer that is not there, no single number, or named as a slope.
        """
        answers = self.answers
        if np.ndim(answers.get(name, [])) or name in _slope_names(self.names):
            free = [n for n in answers if n not in _slope_names(self.names)]
            raise InputError(
                f"`{name}`: has no slopes; give the name of an answer that is one "
                f"number: {', '.join(n for n in free if not np.ndim(answers[n]))}. "
                "Answers can be named anew by `only`."
            )

        def slopes(given: Mapping[str, Any]) -> dict[str, Any]:
            value, slope = jax.value_and_grad(lambda g: self.function(g)[name])(given)
            return {name: value, **{f"d_{key}": slope[key] for key in slope}}

        write = partial(self._with_slopes, name, slopes)
        return _or_by_jax(write, slopes, self.shapes)

    def along(self, moving: Sequence[str]) -> CompiledFunction:
        """Return the function to `values` and `slopes`: how answers change with inputs.

        Along which direction is told by inputs of their own, `d_x` for each `x` of
        those that are `moving`. Raises `InputError` where an input has such a name.
        """
        if taken := sorted({*self.names} & {*_slope_names(moving)}):
            raise InputError(
                f"`{taken[0]}`: is the name of an input already; name that anew."
            )

        def both(given: Mapping[str, Any]) -> dict[str, Any]:
            fixed = {name: given[name] for name in self.names}
            pushed = {name: given[f"d_{name}"] for name in moving}

            def answer(moved: Mapping[str, Any]) -> Any:
                return self.function({**fixed, **moved})

            start = {name: fixed[name] for name in moving}
            values, slopes = jax.jvp(answer, (start,), (pushed,))
            return {"values": values, "slopes": slopes}

        pushes = zip(_slope_names(moving), moving, strict=True)
        shapes = self.shapes | {push: self.shapes[name] for push, name in pushes}
        write = partial(self._with_changes, moving, shapes, both)
        return _or_by_jax(write, both, shapes)

    def _with_changes(
        self, moving: Sequence[str], shapes: dict[str, tuple[int, ...]], both: Function
    ) -> CompiledFunction:
        traced, outputs = self._as_traced()
        directions = {
            number: direction
            for name in moving
            for number, direction in zip(
                _numbers(name, self.shapes[name]),
                _numbers(f"d_{name}", self.shapes[name]),
                strict=True,
            )
        }
        graph, at, changes = write_changes(traced, _each(outputs), directions)
        none = graph.constant(0.0)

        def found(where: Callable[[int], int]) -> Any:
            moved = [np.vectorize(where, [np.int64])(some) for some in outputs]
            return jax.tree.unflatten(self._tree, moved)

        values = found(lambda place: at[place])
        slopes = found(lambda place: changes.get(place, none))
        return self._other(graph, shapes, {"values": values, "slopes": slopes}, both)

    def _with_slopes(self, name: str, function: Function) -> CompiledFunction:
        traced, outputs = self._as_traced()
        place = int(jax.tree.unflatten(self._tree, outputs)[name])
        graph, at, slopes = write_slopes(traced, [(place, np.float64(1.0))])
        answers = {name: np.asarray(at[place])}
        answers |= {f"d_{n}": self._slopes_by(n, graph, slopes) for n in self.names}
        return self._other(graph, self.shapes, answers, function)

    def _slopes_by(self, name: str, graph: Graph, slopes: Mapping[Any, int]) -> Places:
        """Return where the slopes by the numbers of an input are; 0 is a slope, too."""
        shape, none = self.shapes[name], graph.constant(0.0)
        found = [slopes.get(number, none) for number in _numbers(name, shape)]
        return np.asarray(found, np.int64).reshape(shape)

    def _as_traced(self) -> tuple[Graph, list[Places]]:
        """Return all operations as they were traced, and the places of the answers."""
        graph = Graph(as_traced=True)
        return graph, written(self.traced, graph, self.longest_loop)[1]

    def _other(
        self,
        graph: Graph,
        shapes: dict[str, tuple[int, ...]],
        answers: Any,
        function: Function,
    ) -> CompiledFunction:
        """Return a function of another graph; `function` is the same for JAX."""
        inputs = [inputs_of(graph, name, shapes[name]) for name in sorted(shapes)]
        graph.close()
        found = jax.tree.flatten(answers)
        return CompiledFunction(function, shapes, graph, inputs, found)

    def bounds(self, boxes: Mapping[str, Box]) -> Any:
        """Return between which numbers every answer lies, over whole boxes.

        `boxes` holds the two ends (low, high) of each input, numbers or `[boxes]`;
        ends of an array have its dimensions first. An answer is an `Interval`: what
        `grid` says of any point of a box lies in it, or `none` says that it may be no
        number. Raises `NotByRowsError` for an operation that is left to JAX as a whole.
        """
        inputs = self._intervals(boxes)
        found = iter(bound(self.graph, self.places, inputs))
        answers = []
        for places in self.outputs:
            parts = zip(*(next(found) for _ in range(places.size)), strict=True)
            whole = [np.asarray(np.broadcast_arrays(*part)) for part in parts]
            shaped = [part.reshape(*places.shape, -1) for part in whole]
            answers.append(Interval(*shaped))
        return jax.tree.unflatten(self._tree, answers)

    def within(self, box: Mapping[str, Box], *, ways: bool = True) -> CompiledFunction:
        """Return the function from ends of boxes to the bounds of answers there.

        Of each input `x` it takes `x.low` and `x.high`, which lie within one large box;
        all its readers work on them, and give what `bounds` gives or, with `ways`,
        tighter ones: what a number exceeds one by that it was made from is bounded by
        what was added on the way. Its answers are intervals; whether one may be no
        number is told of the large box. Raises
        `NotByRowsError` for an operation that is not written down.
        """
        inputs = self._intervals(box)
        graph, found = write_bounds(self.graph, self.places, inputs, ways=ways)
        none = iter(bound(self.graph, self.places, inputs))
        ends = iter(found)
        answers = []
        for places in self.outputs:
            low, high = np.asarray([next(ends) for _ in range(places.size)]).T
            flags = [graph.constant(next(none).none.any()) for _ in range(places.size)]
            parts = (low, high, np.asarray(flags))
            answers.append(Interval(*(part.reshape(places.shape) for part in parts)))
        shapes = {
            f"{name}.{end}": shape
            for name, shape in self.shapes.items()
            for end in ("low", "high")
        }
        whole = jax.tree.unflatten(self._tree, answers)
        return self._other(graph, shapes, whole, _only_by_rows)

    def tabled(
        self, values: Mapping[str, ArrayLike]
    ) -> tuple[CompiledFunction, dict[str, tuple[str, Interval]]]:
        """Return the function with what hangs on one input alone as inputs, and these.

        `values` are all that each input may be, `[k]`. A new input is told by the old
        one that it hangs on, and by what it is at each of its values.
        """
        graph, at, tables = write_tables(self.graph, self.places, values)
        outputs = [np.vectorize(at.get, [np.int64])(some) for some in self.outputs]
        whole = jax.tree.unflatten(self._tree, outputs)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys([*self.names, *tables], ())
        return self._other(graph, shapes, whole, _only_by_rows), tables

    def _intervals(self, boxes: Mapping[str, Box]) -> dict[Any, Interval]:
        """Return the interval of every number that is given."""
        return {
            number: Interval(low[at], high[at], none)
            for name, (low, high, none) in read_boxes(boxes, self.shapes).items()
            for number, at in zip(
                _numbers(name, self.shapes[name]),
                np.ndindex(*self.shapes[name]),
                strict=True,
            )
        }

    def as_jax(self) -> Function:
        """Return it as a function of JAX, to be differentiated and batched.

        Its answer is a vector, worked out by machine code in float64. Where that holds
        an operation that machine code cannot do, the function itself is returned.
        """
        count = len(self.places)
        both = values_and_slopes(self.function, self.names, count)
        shapes = {**self.shapes, **dict.fromkeys(pulled(count), ())}
        together = _or_by_jax(partial(self._pulled_back, shapes, both), both, shapes)
        code = together.code(np.float64, backend=on_host())
        try:
            code(dict.fromkeys(together.names, np.ones(1)), 1)
        except NotByRowsError:
            return self.function
        return as_jax(code, self.names, count)

    def _pulled_back(
        self, shapes: dict[str, tuple[int, ...]], function: Function
    ) -> CompiledFunction:
        traced, outputs = self._as_traced()
        places = _each(outputs)
        weights = pulled(len(places))
        graph, at, slopes = write_slopes(traced, zip(places, weights, strict=True))
        double = [_in_double(graph, at[place]) for place in places]
        answers = dict(zip(weights, double, strict=True))
        answers |= {n: self._slopes_by(n, graph, slopes) for n in self.names}
        return self._other(graph, shapes, answers, function)

    # -- what readers are made of ------------------------------------------------------

    def begin(self, axes: Mapping[str, ArrayLike]) -> tuple[Found, int]:
        """Return constants and inputs, and how many dimensions a grid has."""
        found: Found = dict(self._ready.constants)
        dimensions = 0
        for name, places in zip(self.names, self.inputs, strict=True):
            values = np.asarray(axes[name], float)
            grid = values.shape[places.ndim :]
            numbers = values.reshape(places.size, *grid)
            found.update(zip(places.ravel().tolist(), numbers, strict=True))
            dimensions = max(dimensions, len(grid))
        return found, dimensions

    def read(self, found: Mapping[int, Any], dimensions: int) -> Any:
        """Return the answers among what was found over a grid."""
        arrays = [_array(places, found, dimensions) for places in self.outputs]
        return jax.tree.unflatten(self._tree, arrays)

    def uses(self) -> dict[str, tuple[int, int]]:
        """Return how many operations read each input, and how many depend on it."""
        direct: Counter[Any] = Counter()
        all_of_them: Counter[Any] = Counter()
        nodes = self.graph.nodes
        reads = self.graph.reads(self.graph.needed(self.places))
        for place in operations(self.graph, self.places):
            all_of_them.update(reads[place])
            taken = [nodes[at] for at in set(nodes[place].takes)]
            direct.update(node.detail for node in taken if node.operation == INPUT)
        return {name: (direct[name], all_of_them[name]) for name in self.names}

    def count(self) -> Counter[str]:
        """Return how many operations of each kind one design takes."""
        return self.graph.count(self.places)

    def __str__(self) -> str:
        """Return a listing of the operations."""
        lines = [f"{', '.join(self.names)} ->"]
        for place in self.graph.needed(self.places):
            node = self.graph.nodes[place]
            taken = [f"%{at}" for at in node.takes]
            told = [] if node.detail is None else [str(node.detail)]
            lines.append(f"%{place} = {node.operation}({', '.join(taken + told)})")
        return "\n".join(
            [*lines, "return " + ", ".join(f"%{at}" for at in self.places)]
        )


class _Ready:
    """What NumPy does for some answers, made ready when it is first asked for."""

    def __init__(self, graph: Graph, places: Sequence[int]) -> None:
        self._graph, self._places = graph, places

    @cached_property
    def steps(self) -> Steps:
        """All operations."""
        order = operations(self._graph, self._places)
        return Steps(self._graph, order, self._places)

    @cached_property
    def constants(self) -> Found:
        """All numbers that are known."""
        nodes = self._graph.nodes
        needed = self._graph.needed(self._places)
        return {
            at: nodes[at].detail for at in needed if nodes[at].operation == CONSTANT
        }


class _Writer:
    """Writes the operations of a trace into a graph, as single numbers."""

    def __init__(self, graph: Graph, longest_loop: int) -> None:
        self.graph = graph
        self.longest_loop = longest_loop
        self.own_slopes = not graph.as_traced

    def constant(self, value: ArrayLike) -> Places:
        """Return the places of an array that no input can change."""
        return self.graph.constants(plain(value))

    def operation(self, equation: Equation, given: list[Places]) -> list[Places]:
        """Add one traced operation; return the places of its results."""
        return write_numbers(self.graph, equation, given)

    def pick(self, value: Places, at: int) -> Places:
        """Return one row of an array of places."""
        return np.asarray(value[at])

    def stack(self, values: list[Places]) -> Places:
        """Return the rows of an array of places as one array."""
        return np.stack(values)


def written(
    traced: Trace, graph: Graph, longest_loop: int
) -> tuple[list[Places], list[Places]]:
    """Write a trace into a graph; return the places of its inputs and answers."""
    inputs = [inputs_of(graph, name, traced.shapes[name]) for name in traced.names]
    with np.errstate(all="ignore"):  # numbers that are known are worked with
        return inputs, follow(traced, _Writer(graph, longest_loop), inputs)


def inputs_of(graph: Graph, name: str, shape: tuple[int, ...]) -> Places:
    """Return the places of the numbers of an input."""
    places = [graph.input(number) for number in _numbers(name, shape)]
    return np.asarray(places, np.int64).reshape(shape)


def _numbers(name: str, shape: tuple[int, ...]) -> list[Any]:
    """Return what the numbers of an input are called."""
    return [(name, *at) if at else name for at in np.ndindex(*shape)]


def _slope_names(names: Sequence[str]) -> list[str]:
    """Return what slopes by inputs, and directions of these, are called."""
    return [f"d_{name}" for name in names]


def _each(outputs: Sequence[Places]) -> list[int]:
    """Return the places of the numbers of some arrays, one after another."""
    return [at for some in outputs for at in some.ravel().tolist()]


def _or_by_jax(
    write: Callable[[], CompiledFunction],
    function: Function,
    shapes: Mapping[str, tuple[int, ...]],
) -> CompiledFunction:
    """Return a function as it is written, or, where that is left to JAX, its trace."""
    with no_garbage_collection():
        try:
            return write()
        except NotByRowsError:
            return compile_function(function, shapes)


def _in_double(graph: Graph, place: int) -> Places:
    if graph.kinds[place] == np.float64:
        return np.asarray(place)
    return np.asarray(graph.add(CONVERT, (place,), "float64"))


def _only_by_rows(given: Mapping[str, Any]) -> Any:
    """Stand for a function that is no function of JAX's."""
    raise NotByRowsError("bounds are worked out by NumPy and by machine code alone.")


def _array(places: Places, found: Mapping[int, Any], dimensions: int) -> Any:
    """Return an array of numbers that were found, its own dimensions first."""
    numbers = [np.asarray(found[place]) for place in places.ravel().tolist()]
    full = [x.reshape((1,) * (dimensions - x.ndim) + x.shape) for x in numbers]
    if places.ndim == 0:
        return full[0]
    grid = np.broadcast_shapes(*(x.shape for x in full), (1,) * dimensions)
    alike = [np.broadcast_to(x, grid) for x in full]
    return np.asarray(alike).reshape(*places.shape, *grid)
