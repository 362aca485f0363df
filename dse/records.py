"""Records: frozen dataclasses that JAX sees as trees of numbers.

A *design*, a *workload*, a *technology* and the *metrics* of a run are all records. A
person builds one by keyword and gets its numbers checked and turned into floats, so
that `jax.grad` accepts them; JAX rebuilds one past the constructor, so that `vmap` can
use a record as its `in_axes`.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING
from types import SimpleNamespace, UnionType
from typing import (
    Any,
    ClassVar,
    Self,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from dse import arrays
from dse.arguments import flag, texts
from dse.arrays import Rows, Values
from dse.errors import InputError, check_kind, did_you_mean, named, quoted
from dse.record_help import documented, range_in_words, signature

_T = TypeVar("_T")
_REAL: dict[Any, Any] = {int: int | np.integer, float: int | float | np.number}
_WORDS: dict[Any, str] = {
    bool: "True or False",
    float: "a number",
    int: "a whole number",
    str: "a text",
    type(None): "None",
    np.ndarray: "an array of numbers",
    jax.Array: "an array of numbers",
}
_TEXTS = {n: t for n, t in vars(arrays).items() if n in arrays.__annotations__}
_NUMBERS: dict[str, Any] = get_type_hints(
    SimpleNamespace(__annotations__=_TEXTS), {"jax": jax, "np": np}
)


@dataclasses.dataclass(frozen=True)
class Quantity:
    """What one field of a record means: its unit, its range and its legal labels."""

    unit: str
    doc: str
    low: float = 0.0
    high: float = math.inf
    integer: bool = False
    choices: tuple[str, ...] = ()

    def read(self, owner: str, name: str, value: object) -> Any:
        """Check a value that a person gave and return it as the number JAX will see."""
        return self.take(f"`{owner}.{name}`", value)

    def take(self, place: str, value: Any) -> Any:
        """Check a value given at a place, as messages name it, and return the number.

        An array must hold legal numbers only; what JAX traces has none yet.
        """
        if isinstance(value, jax.core.Tracer):
            return value if jnp.issubdtype(value.dtype, jnp.floating) else value * 1.0
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, np.ndarray | jax.Array):
            return self._take_array(place, value)
        if isinstance(value, str) and self.choices:
            if value not in self.choices:
                raise InputError(
                    f"{place} has no choice {value!r}."
                    + did_you_mean(value, self.choices)
                )
            return float(self.choices.index(value))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{place} takes {self._wanted()}, got {quoted(value)}.")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
        if not self.fits(number):
            raise self._misfit(place, number)
        return number

    def take_one(self, place: str, value: Any) -> Any:
        """Check a value as `take` does; an array of several is refused."""
        number = self.take(place, value)
        if np.ndim(number):
            raise several(place, number)
        return number

    def fits(self, values: ArrayLike) -> Rows:
        """Say whether a number, or each of an array, is one that this can be."""
        numbers = np.asarray(values)
        if self.choices:
            return np.isin(numbers, range(len(self.choices)))
        legal: Rows = np.isfinite(numbers) & (numbers >= self.low)
        legal = legal & (numbers <= self.high)
        if self.integer:
            legal = legal & (numbers == np.round(numbers))
        return legal

    def _take_array(self, place: str, values: Any) -> Any:
        if np.ma.is_masked(values):
            raise InputError(
                f"{place} takes {self._wanted()}, got an array with masked entries; "
                "leave these out or fill them."
            )
        is_float = jnp.issubdtype(values.dtype, jnp.floating)
        if not is_float and not jnp.issubdtype(values.dtype, jnp.integer):
            raise InputError(
                f"{place} takes {self._wanted()}, got an array of {values.dtype}."
            )
        numbers = np.asarray(values, float)
        legal = self.fits(numbers)
        if not legal.all():
            first = np.argwhere(~legal)[0]
            raise self._misfit(f"{place}{first.tolist() or ''}", float(numbers[*first]))
        plain = values if isinstance(values, jax.Array) else np.asarray(values)
        return plain if is_float else plain * 1.0

    def _wanted(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return "a number" if self.unit == "1" else f"a number in {self.unit}"

    def _misfit(self, place: str, number: float) -> InputError:
        """Return the error of a number that does not fit."""
        if self.choices:
            return InputError(f"{place} takes {self._wanted()}, got {number:g}.")
        if not math.isfinite(number):
            return InputError(f"{place} is {number:g}; give a number that is finite.")
        if not self.low <= number <= self.high:
            return InputError(
                f"{place} is {self.show(number)}, outside its range "
                f"{self.low:g} to {self.show(self.high)}; give a number in it."
            )
        return InputError(f"{place} counts whole things, got {number:g}; round it.")

    @property
    def range(self) -> str:
        """What it can be, in words: `MiB, 1e-06 or more`, `one of dram, rram`."""
        return range_in_words(self)

    def show(self, value: Any) -> str:
        """Return the value as a person reads it: a label, or a number with its unit."""
        try:
            number = float(value) if np.ndim(value) == 0 else None
        except (TypeError, ValueError):
            number = None
        if number is None:
            return str(value)
        if number in range(len(self.choices)):
            return self.choices[int(number)]
        return f"{number:g}" if self.unit in ("1", "") else f"{number:g} {self.unit}"


def several(place: str, numbers: Any) -> InputError:
    """Return the error of an array at a place that takes one number."""
    return InputError(
        f"{place} holds an array of {np.size(numbers)} numbers; give one. Several are "
        "for `dse.sweep`, or `jax.vmap`."
    )


def quantity(
    unit: str,
    doc: str,
    *,
    default: Any = MISSING,
    low: float = 0.0,
    high: float = math.inf,
    integer: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a number of a record: unit ('1' for a pure number), meaning and range.

    Examples:
        >>> @dse.record
        ... class Buffer:
        ...     size: float = dse.quantity("MiB", "of all values", default=4, low=1)
        >>> Buffer(size=8).size
        8.0
    """
    check_kind("`unit`", unit, str, "a text, as 'MiB', or '1' for a pure number")
    check_kind("`doc`", doc, str, "what the number means, in words")
    low, high = _end("low", low), _end("high", high)
    if not low <= high:
        raise InputError(f"`low` is {low:g} and `high` {high:g}; give a range.")
    labels = texts("choices", choices, "rram")
    meaning = Quantity(unit, doc, low, high, flag("integer", integer), labels)
    if default is not MISSING:
        default = meaning.take_one(f"`default` of {doc!r}", default)
    return dataclasses.field(default=default, metadata={"quantity": meaning})


def _end(name: str, value: float) -> float:
    """Return an end of a range, which may be infinite."""
    check_kind(f"`{name}`", value, (int, float, np.number), "a number")
    try:
        end = float(value)
    except OverflowError:
        raise InputError(f"`{name}` is {quoted(value)}; give a smaller one.") from None
    if math.isnan(end):
        raise InputError(f"`{name}` is not a number; give one.")
    return end


def static(
    doc: str,
    *,
    default: Any = MISSING,
    low: float = -math.inf,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a part that JAX must not trace: a name, a label, a tuple of kinds.

    It is of the type that its annotation says, not below `low`, one of the `choices`.

    Examples:
        >>> @dse.record
        ... class Adders:
        ...     kind: str = dse.static("how carries run", default="ripple")
        >>> Adders().kind
        'ripple'
    """
    check_kind("`doc`", doc, str, "what the part means, in words")
    low = None if low is None else _end("low", low)
    choices = texts("choices", choices, "ripple")
    told = {"static": True, "doc": doc, "low": low, "choices": choices}
    return dataclasses.field(default=default, metadata=told)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(quantity, static)
)
def record(cls: type[_T]) -> type[_T]:
    """Turn a class of annotated fields into a frozen record and JAX pytree.

    Examples:
        >>> @dse.record
        ... class Adders:
        ...     lanes: float = dse.quantity("1", "side by side", default=8)
        >>> Adders(lanes=16).lanes
        16.0
    """
    check_kind("what `record` stands above", cls, type, "a class of annotated fields")
    data = _as_dataclass(cls)
    fields = dataclasses.fields(data)  # type: ignore[arg-type]
    names = tuple(f.name for f in fields)
    leaves = tuple(f.name for f in fields if not f.metadata.get("static"))
    fixed = tuple(f.name for f in fields if f.metadata.get("static"))
    build: Callable[..., None] = data.__init__

    def init(self: Any, **values: object) -> None:
        for name in values:
            if name not in names:
                raise InputError(
                    f"`{name}` is not a field of `{cls.__name__}`."
                    + did_you_mean(name, names)
                )
        missing = [
            f.name for f in fields if f.default is MISSING and f.name not in values
        ]
        if missing:
            raise InputError(f"`{cls.__name__}` needs `{'`, `'.join(missing)}`.")
        for f in fields:
            meaning = f.metadata.get("quantity")
            if f.name not in values:
                continue
            if meaning is not None:
                values[f.name] = meaning.read(cls.__name__, f.name, values[f.name])
            else:
                _check_part(cls, f, values[f.name])
        build(self, **values)

    def flatten(self: Any) -> tuple[Any, Any]:
        keyed = [
            (jax.tree_util.GetAttrKey(name), getattr(self, name)) for name in leaves
        ]
        return keyed, tuple(getattr(self, name) for name in fixed)

    def unflatten(kept: Any, numbers: Any) -> Any:
        new = object.__new__(data)
        for name, value in zip(leaves, numbers, strict=True):
            object.__setattr__(new, name, value)
        for name, value in zip(fixed, kept, strict=True):
            object.__setattr__(new, name, value)
        return new

    def refuse(self: Any, name: str, *value: Any) -> None:
        shown = f"{name}={value[0]!r:.40}" if value else f"{name}=..."
        raise dataclasses.FrozenInstanceError(
            f"a `{cls.__name__}` is never changed; make another one: "
            f"`.replace({shown})`."
        )

    data.__init__ = init  # type: ignore[method-assign]
    data.__setattr__ = data.__delattr__ = refuse  # type: ignore[method-assign]
    data.__signature__ = signature(data)  # type: ignore[attr-defined]
    data.__doc__ = documented(data)
    jax.tree_util.register_pytree_with_keys(data, flatten, unflatten)
    return data


def _as_dataclass(cls: type[_T]) -> type[_T]:
    whole = dataclasses.dataclass(frozen=True, kw_only=True, repr=False, eq=True)
    try:
        return whole(cls)
    except (TypeError, ValueError) as fault:  # one already, a list as a default
        raise InputError(
            f"`{cls.__name__}` cannot be made a record: {fault}. Write `@dse.record` "
            "once, above fields alone."
        ) from None


def _check_part(cls: type, field: dataclasses.Field[Any], value: Any) -> None:
    """Raise `InputError` for a part that is not what its field is declared to be."""
    place, told = f"`{cls.__name__}.{field.name}`", field.metadata
    hint = _hints(cls).get(field.name, Any)
    if not _is_of(value, hint):
        raise InputError(f"{place} is {named(value)}; give {_in_words(hint)}.")
    if told.get("choices") and value not in told["choices"]:
        known = did_you_mean(value, told["choices"])
        raise InputError(f"{place} is {quoted(value)}.{known}")
    least = told.get("low")  # None: not a number a person gives, and NaN is "not known"
    if least is not None and isinstance(value, int | float) and not value >= least:
        wanted = f"{least:g} or more" if least > -math.inf else "a number, not NaN"
        raise InputError(f"{place} is {value:g}; give {wanted}.")


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    """Return the types of the fields, but of those that only a checker can read."""
    names: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        names |= vars(sys.modules[base.__module__])
    # Words for numbers are texts until JAX is here, and a text takes no `| None`.
    names |= {n: _NUMBERS[n] for n, t in _TEXTS.items() if names.get(n, t) is t}
    found: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        alone = SimpleNamespace(__annotations__={field.name: field.type})
        with suppress(NameError):
            found |= get_type_hints(alone, names)
    return found


def _is_of(value: Any, hint: Any) -> bool:
    """Say whether a value is of an annotated type; what is `Any` may be anything."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind is UnionType:
        return any(_is_of(value, part) for part in parts)
    if hint is np.ndarray or hint is jax.Array:  # the latter takes the former in place
        kinds = (jnp.floating, jnp.integer)
        return isinstance(value, np.ndarray | hint) and any(
            jnp.issubdtype(value.dtype, kind) for kind in kinds
        )
    if kind is tuple and isinstance(value, tuple):
        each = parts[:1] * len(value) if parts[1:] == (...,) else parts
        return len(value) == len(each) and all(map(_is_of, value, each))
    if kind and issubclass(kind, Mapping) and isinstance(value, kind):
        pairs: Any = value.items()
        return all(_is_of(k, parts[0]) and _is_of(v, parts[1]) for k, v in pairs)
    if hint in _REAL:
        return isinstance(value, _REAL[hint]) and not isinstance(value, bool)
    return hint is Any or isinstance(value, kind or hint)


def _in_words(hint: Any) -> str:
    """Return what values of an annotated type are called."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind is UnionType:
        return " or ".join(dict.fromkeys(map(_in_words, parts)))
    if kind is tuple:
        return f"a tuple of which each is {_in_words(parts[0])}"
    if kind and issubclass(kind, Mapping):
        return f"a mapping from {_in_words(parts[0])} to {_in_words(parts[1])}"
    return _WORDS.get(hint, f"a `{getattr(hint, '__name__', hint)}`")


class Record:
    """Base of all records: change one with `replace`, look at it with `repr`."""

    def replace(self, **changes: object) -> Self:
        """Return a copy with some fields changed; the changes are checked.

        A dotted name, as in `**{"host.pes": 64}`, changes a field of a part.
        """
        values: dict[str, Any] = {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)  # type: ignore[arg-type]
        }
        for name, value in changes.items():
            part, dot, rest = name.partition(".")
            if dot and isinstance(values.get(part), Record):
                value = values[part].replace(**{rest: value})
                name = part
            values[name] = value
        return type(self)(**values)

    def meanings(self) -> dict[str, Quantity]:
        """Return the meaning of every number, those of parts by their dotted names."""
        found = self.quantities()
        for name, part in self._parts().items():
            found |= {f"{name}.{n}": meant for n, meant in part.meanings().items()}
        return found

    def names_of_leaves(self) -> list[str]:
        """Return the name of each number as JAX orders them, dotted for parts."""
        paths, _ = jax.tree_util.tree_flatten_with_path(self)
        simple = functools.partial(jax.tree_util.keystr, simple=True, separator=".")
        return [simple(path) for path, _ in paths]

    def number(self, name: str) -> Values:
        """Return a number by its name, which may be dotted, as in `host.pes`."""
        check_kind("the name of a field", name, str, "one, as `pes` or `host.pes`")
        part, dot, rest = name.partition(".")
        if not hasattr(self, part):
            raise InputError(
                f"`{part}` is not a field of `{type(self).__name__}`."
                + did_you_mean(part, self.meanings())
            )
        found: Values = getattr(self, part).number(rest) if dot else getattr(self, name)
        return found

    def _parts(self) -> dict[str, Record]:
        fields = [f for f in dataclasses.fields(self) if not f.metadata.get("static")]  # type: ignore[arg-type]
        values = {f.name: getattr(self, f.name) for f in fields}
        return {n: value for n, value in values.items() if isinstance(value, Record)}

    @classmethod
    def quantities(cls) -> dict[str, Quantity]:
        """Return the meaning of every number of this record, by field name."""
        return dict(_quantities(cls))

    slopes_of: ClassVar[tuple[str, str]] = ("", "")  # of what, and in which SI unit

    def _all_parts(self) -> Iterator[Record]:
        for part in self._parts().values():
            yield part
            yield from part._all_parts()

    def in_one_line(self) -> str:
        """Return all fields with their units, as `Array(rows=64, cell=rram)`."""
        meanings = self.quantities()

        def told(name: str) -> str:
            value = getattr(self, name)
            if name in meanings:
                return meanings[name].show(value)
            return value.in_one_line() if isinstance(value, Record) else repr(value)

        names = [f.name for f in dataclasses.fields(self)]  # type: ignore[arg-type]
        shown = ", ".join(f"{name}={told(name)}" for name in names)
        return f"{type(self).__name__}({shown})"

    def __repr__(self) -> str:
        return self.in_one_line()


_R = TypeVar("_R", bound=Record)


def as_slopes(like: _R, of: str, unit: str, numbers: Sequence[Values]) -> _R:
    """Return a record like one of how something changes by each number of it.

    `numbers` are the slopes as JAX orders the leaves; in `unit` by the unit of the
    field. Such a record is printed as what it is.
    """
    found: _R = jax.tree.unflatten(jax.tree.structure(like), numbers)
    for part in (found, *found._all_parts()):
        object.__setattr__(part, "slopes_of", (of, unit))
    return found


def _quantities(cls: type) -> Iterator[tuple[str, Quantity]]:
    for f in dataclasses.fields(cls):
        meaning = f.metadata.get("quantity")
        if meaning is not None:
            yield f.name, meaning
