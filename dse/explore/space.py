"""A space: which fields of a design may move, and every design that this gives.

Designs are numbered by mixed radix, the last axis fastest, so that a grid of millions
needs no table: an index becomes a design where it is needed, on the device. A list of
machines is numbered in its order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from dse.arguments import count as read_count
from dse.arrays import Rows, Values
from dse.engines.base import Engine, check_format
from dse.errors import InputError, check_kind, did_you_mean, named, quoted
from dse.explore.asked import DesignLike, check_single, read_design
from dse.explore.axes import (
    Axis,
    AxisLike,
    Continuous,
    Tied,
    axis_of_column,
    check_columns,
    read_axis,
)
from dse.expressions import evaluate_expression, names_in
from dse.records import Quantity
from dse.shown import Shown
from dse.workload.layer_thresholds import with_layers
from dse.workload.ops import Workload

# Fields of a workload that a space may move beside those of a design.
WORKLOAD_FIELDS = ("batch", "threshold")
_MOVED = "axis values by name, as `decode` returns"
_ONE = (int, float, np.number, str)  # kinds of a value of an axis


def is_of_workload(name: str) -> bool:
    """Whether an axis is of the workload: `batch`, `threshold`, or `threshold.0`.

    The last is the threshold of one layer, counted from 0.
    """
    field, _, layer = name.partition(".")
    return name in WORKLOAD_FIELDS or (field == "threshold" and layer.isdecimal())


def meaning_of(design: Engine, name: str) -> Quantity:
    """Return what a field of a design, or an axis of the workload, means."""
    if is_of_workload(name):
        return Workload.quantities()[name.partition(".")[0]]
    return design.meanings()[name]


def _read_rules(legal: object) -> dict[str, str]:
    wanted = 'a dict of conditions, as {"tile within batch": "tile_batch <= batch"}'
    if legal is None:
        return {}
    check_kind("`legal`", legal, Mapping, wanted)
    rules: dict[Any, Any] = dict(legal)  # type: ignore[call-overload]
    for each in (part for rule in rules.items() for part in rule):
        check_kind("one of `legal`", each, str, wanted)
    return rules


class Space(Shown):
    """All combinations of axis values around a base design.

    `Space(design, pes=powers_of_two(64, 1024), batch=[4, 16])`. An axis is a field of
    the design, or of the workload its `batch`, the `threshold` of its curve, or that of
    one layer, as `threshold.0`. `legal` maps a reason to a condition over fields, as in
    `{"tile within batch": "tile_batch <= batch"}`; designs that break one are
    infeasible, with that reason. Raises `InputError` for an unknown field or label.

    Examples:
        >>> space = dse.Space(
        ...     "tile:edge",
        ...     pes=dse.powers_of_two(16, 128),
        ...     clock_mhz=dse.interval(200, 600, 5),
        ...     issue_batch=dse.tied("pes / 8"),
        ... )
        >>> space.size
        20
    """

    def __init__(
        self,
        design: DesignLike,
        *,
        legal: Mapping[str, str] | None = None,
        **axes: AxisLike,
    ) -> None:
        self.design = design = read_design(design)
        check_single(design, but=())
        self.legal = _read_rules(legal)
        read = {name: read_axis(name, given) for name, given in axes.items()}
        self.tied = _in_order({n: a for n, a in read.items() if isinstance(a, Tied)})
        self.axes = {n: a for n, a in read.items() if isinstance(a, Axis)}
        self.continuous = {n: a for n, a in read.items() if isinstance(a, Continuous)}
        known = [*design.meanings(), *WORKLOAD_FIELDS]
        for name in read:
            if name not in known and not is_of_workload(name):
                raise InputError(
                    f"`{name}` is not a field of `{type(design).__name__}`."
                    + did_you_mean(name, known)
                )
        self._numbers = {n: self._read_values(n, a) for n, a in self.axes.items()}
        for name, ends in self.continuous.items():
            self._read_values(name, Axis((ends.low, ends.high)))
            if meaning_of(design, name).integer:
                raise InputError(
                    f"`{name}` counts whole things; give it `integers(low, high)` or "
                    "a list, and a tuner will still move between them."
                )
        self.rows: dict[str, Rows] = {}  # places on axes, of a list
        self.decode(0)  # an expression that cannot be worked out is an error now

    @classmethod
    def listed(
        cls,
        design: DesignLike,
        *,
        legal: Mapping[str, str] | None = None,
        **columns: Sequence[float | str],
    ) -> Space:
        """Return the space of the machines that are listed, and of none between them.

        `Space.listed(design, pes=[64, 128], batch=[4, 16])` has two: the n-th values of
        all columns are one of them. To be swept; a tuner has no way from one to the
        next. Raises `InputError` for columns of different lengths, and for a machine
        that is there twice.
        """
        axes = {name: axis_of_column(name, given) for name, given in columns.items()}
        if not axes:
            raise InputError("a list of machines needs a column; as `pes=[64, 128]`.")
        check_columns(columns)
        space = cls(design, legal=legal, **axes)
        for name, axis in axes.items():
            place = {value: number for number, value in enumerate(axis.values)}
            space.rows[name] = np.asarray([place[value] for value in columns[name]])
        return space

    def _read_values(self, name: str, axis: Axis) -> Rows:
        meaning = meaning_of(self.design, name)
        owner = "Workload" if is_of_workload(name) else type(self.design).__name__
        return np.asarray([meaning.read(owner, name, v) for v in axis.values], float)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the axes, slowest first."""
        return tuple(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(axis) for axis in self.axes.values())

    @property
    def size(self) -> int:
        """Number of designs of the grid, or list; continuous axes are not counted."""
        for rows in self.rows.values():
            return len(rows)
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.size

    def values(self, name: str) -> Rows:
        """Return the values of an axis as numbers (a label as its index)."""
        check_kind("the name of an axis", name, str, "one of the space, as `batch`")
        if name not in self._numbers:
            raise InputError(
                f"`{name}` is not an axis." + did_you_mean(name, self.axes)
            )
        return self._numbers[name]

    def digits(self, index: int | Rows) -> dict[str, Rows]:
        """Return the position on each axis of the design with an index, or of many."""
        index = self._indices(index)
        if self.rows:
            return {name: places[index] for name, places in self.rows.items()}
        digits = np.unravel_index(index, self.shape) if self.shape else ()
        return dict(zip(self.names, digits, strict=True))

    def _indices(self, index: int | Rows) -> Rows:
        """Return numbers of designs; raise `InputError` for others."""
        given = np.asarray(index)
        if given.dtype.kind not in "iu" and given.size:
            raise InputError(
                f"`index` is {named(index)}; give whole numbers from 0, one a design."
            )
        if np.any(given < 0) or np.any(given >= self.size):
            raise InputError(
                f"`index` is not in the space of {self.size:,} designs; give numbers "
                "from 0."
            )
        return given.astype(np.int64)

    def places(self, name: str, index: Rows) -> Rows:
        """Return the position on one axis of designs; fast for many millions."""
        self.values(name)  # an unknown name is an error
        index = self._indices(index)
        if self.rows:
            return np.asarray(self.rows[name][index])
        stride = math.prod(self.shape[self.names.index(name) + 1 :])
        return index // stride % len(self.axes[name])

    def decode(self, index: int | Rows) -> dict[str, Values]:
        """Return axis values and tied fields, as numbers, of one index or of many."""
        digits = self.digits(index)
        full = self.complete({n: self._numbers[n][d] for n, d in digits.items()})
        for name in self.tied:  # to one number, or to fields that stand still
            full[name] = np.broadcast_to(full[name], np.shape(index))[()]
        return full

    def labelled(self, index: int | Rows) -> dict[str, Rows]:
        """Return the axis values and tied fields of designs; choices by their labels.

        A column `[designs]` each.
        """
        meanings, columns = self.design.meanings(), {}
        for name, value in self.decode(index).items():
            labels = meanings[name].choices if name in meanings else ()
            values = np.asarray(value)
            columns[name] = np.asarray(labels)[values.astype(int)] if labels else values
        return columns

    def complete(self, moved: Mapping[str, Values]) -> dict[str, Values]:
        """Add the tied fields to the given axis values (numbers, arrays or tracers)."""
        check_kind("`moved`", moved, Mapping, _MOVED)
        full = dict(moved)
        for name, tie in self.tied.items():
            full[name] = evaluate_expression(tie.expression, self._scope(full))
        return full

    def rules(self, moved: Mapping[str, Values]) -> dict[str, Values]:
        """Return whether each legality rule holds (of numbers, arrays or tracers)."""
        check_kind("`moved`", moved, Mapping, _MOVED)
        scope = self._scope(moved)
        return {
            reason: evaluate_expression(rule, scope)
            for reason, rule in self.legal.items()
        }

    def illegal(self, moved: Mapping[str, Values]) -> dict[str, Rows]:
        """Return where each legality rule is broken, or the range of a tied field."""
        broken = {
            reason: np.logical_not(held) for reason, held in self.rules(moved).items()
        }
        for name in self.tied:
            fits = meaning_of(self.design, name).fits(moved[name])
            broken[f"`{name}` is outside its range"] = np.logical_not(fits)
        return broken

    def place(
        self, moved: Mapping[str, Values], workload: Workload
    ) -> tuple[Engine, Workload]:
        """Return the design and the workload with axis values put in their places.

        Raises `InputError` for a threshold outside the curve of the workload, and for
        a machine that cannot compute the words of its format.
        """
        check_kind("`moved`", moved, Mapping, _MOVED)
        check_kind("`workload`", workload, Workload, "what `dse.transformer` returns")
        curve = workload.curve
        if curve is not None:
            for name in (n for n in self.axes if n.startswith("threshold")):
                for value in self.values(name):
                    curve.check(float(value))
        if workload.format is not None:
            self._check_format(workload)
        own = {n: v for n, v in moved.items() if not is_of_workload(n)}
        rest = {n: v for n, v in moved.items() if n in WORKLOAD_FIELDS}
        layers = {
            int(n.removeprefix("threshold.")): v
            for n, v in moved.items()
            if n.startswith("threshold.")
        }
        if layers:
            rest["threshold"] = with_layers(workload, layers)
        # JAX takes an array that it met in float64 for one of float64 ever after.
        workload = jax.tree.map(_copy, workload)
        return self.design.replace(**own), workload.replace(**rest)

    def _check_format(self, workload: Workload) -> None:
        """Raise `InputError` where a machine of the space cannot compute its words.

        The narrowest one, and each choice of its fields, stand for all.
        """
        least = {name: self.values(name).min() for name in self.axes}
        least |= {name: ends.low for name, ends in self.continuous.items()}
        for name in self.axes:
            choices = meaning_of(self.design, name).choices
            for value in self.values(name) if choices else [least[name]]:
                moved = self.complete(least | {name: value})
                own = {n: float(v) for n, v in moved.items() if not is_of_workload(n)}
                check_format(self.design.replace(**own), workload)

    def at(self, index: int) -> Engine:
        """Return the design with an index (axes of the workload are left out)."""
        index = read_count("index", index, least=0, most=self.size - 1)
        moved = {n: float(v) for n, v in self.decode(index).items()}
        own = {n: v for n, v in moved.items() if not is_of_workload(n)}
        return self.design.replace(**own)

    def index(self, **values: float | str) -> int:
        """Return the index of the design with the given axis values.

        Raises `InputError` where an axis is missing or lacks the value.
        """
        digits = []
        for name in values:
            self.values(name)  # an unknown name is an error
        for name, axis in self.axes.items():
            if name not in values:
                raise InputError(
                    f"`{name}` is an axis; say which of {list(axis.values)}."
                )
            wanted = values[name]
            check_kind(f"`{name}`", wanted, _ONE, f"one of {list(axis.values)}")
            hits = [i for i, v in enumerate(axis.values) if v == wanted]
            if not hits:
                raise InputError(
                    f"axis `{name}` has no {quoted(wanted)}; give one of "
                    f"{list(axis.values)}."
                )
            digits.append(hits[0])
        if self.rows:
            found = np.all([*self.rows.values()] == np.array(digits)[:, None], axis=0)
            if not found.any():
                raise InputError(
                    "no machine of the list has all of these values; give those of one."
                )
            return int(found.argmax())
        return int(np.ravel_multi_index(tuple(digits), self.shape)) if digits else 0

    def sample(self, count: int, *, seed: int = 0) -> Rows:
        """Return the sorted indices of `count` different designs drawn at random."""
        count = read_count("count", count, least=0, most=self.size)
        seed = read_count("seed", seed, least=0, most=2**63)
        random = np.random.default_rng(seed)
        if self.size <= 10**7:
            return np.sort(random.choice(self.size, count, replace=False))
        drawn = np.unique(random.integers(self.size, size=2 * count))
        while len(drawn) < count:
            more = random.integers(self.size, size=2 * count)
            drawn = np.union1d(drawn, more)
        return np.sort(random.permutation(drawn)[:count])

    def _scope(self, moved: Mapping[str, Values]) -> dict[str, Values]:
        fields = {n: self.design.number(n) for n in self.design.meanings()}
        return {**fields, **dict.fromkeys(WORKLOAD_FIELDS, 1.0), **moved}


def _copy(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _in_order(tied: dict[str, Tied]) -> dict[str, Tied]:
    """Return tied fields in an order in which each can be worked out."""
    ordered: dict[str, Tied] = {}
    while len(ordered) < len(tied):
        waiting = {n: t for n, t in tied.items() if n not in ordered}
        ready = {
            name: tie
            for name, tie in waiting.items()
            if not names_in(tie.expression) & waiting.keys()
        }
        if not ready:
            raise InputError(
                f"`{'`, `'.join(waiting)}` are tied to each other in a circle; "
                "give one of them an axis or a value."
            )
        ordered |= ready
    return ordered


def check_space(space: object) -> None:
    """Raise `InputError` for what is no space."""
    check_kind("`space`", space, Space, "`dse.Space(design, pes=[64, 128])`")
