"""Draws: technologies in which the numbers that nobody knows are drawn at random."""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.engines.base import Engine
from dse.engines.described import described_as, described_fields
from dse.expressions import evaluate_expression
from dse.hardware.parameters import Parameters, load_parameters
from dse.hardware.provenance import derived_from
from dse.hardware.technology import Technology
from dse.records import Quantity
from dse.units import to_si

Draws = dict[str, Rows]

SHARE = 0.9  # of the draws, inside an error bar


def middle(draws: Any, share: float = SHARE) -> tuple[Any, Any]:
    """Return low and high ends of the middle share of draws `[..., draws]`."""
    tails = 50.0 * (1.0 - share)
    low, high = np.percentile(draws, [tails, 100.0 - tails], axis=-1)
    return low, high


def draw_technology(
    parameters: Parameters, *, count: int = 1000, seed: int = 0
) -> Technology:
    """Return a technology with `count` draws of every assumed number of a file.

    An assumed number is drawn from `low` to `high` independently of all others: evenly
    on a logarithmic axis where both are above zero, else evenly. Derived numbers follow
    from the draws by their expressions; all others are repeated. Values in SI, each
    `[count]`.
    """
    values: dict[str, Any] = _drawn(parameters, count, np.random.default_rng(seed))
    return Technology(name=parameters.name, files=(parameters.name,), values=values)


def draw_around(
    technology: Technology, *, count: int, seed: int = 0
) -> tuple[Technology, tuple[str, ...]]:
    """Return draws of a technology in use, and the keys of it that were drawn.

    It may be of several files, of both parts of a pair, or scaled to another node: a
    number is multiplied by what its draw is of the number in its file. A file that
    stands in both parts of a pair is drawn once for both. Numbers that do not vary stay
    scalars; all others are `[count]`.
    """
    values: dict[str, Any] = dict(technology.values)
    drawn: list[str] = []
    for name in technology.files:
        parameters = load_parameters(name)
        own = _drawn_from(parameters, name, count, seed)
        moving = {key: v for key, v in own.items() if np.ptp(v) > 0}
        for prefix in _prefixes(technology, parameters):
            for key, column in moving.items():
                old = parameters.value_si(key)
                whole = prefix + key
                shifted = values[whole] * (column / old) if old else column
                values[whole] = shifted
                if parameters[key].status == "assumed":
                    drawn.append(whole)
    return technology.replace(values=values), tuple(drawn)


def draw_fields(
    design: Engine, *, count: int, seed: int = 0
) -> dict[str, tuple[str, Rows]]:
    """Return draws of the fields of a published machine that are assumed for it.

    By the name of the field, dotted for the parts of a pair: the key of the file where
    it stands, and its draws `[count]`, those of `draw_around` for the same seed. Fields
    that were changed are known. Whole numbers are rounded.
    """
    fields: dict[str, tuple[str, Rows]] = {}
    for prefix, machine in _machines(design):
        for file in machine.described_in:
            parameters = load_parameters(file)
            nominal = Technology(name=file, files=(file,), values=parameters.si())
            names = dict.fromkeys(key.split(".")[0] for key in parameters.entries)
            drawn = nominal.replace(values=_drawn_from(parameters, file, count, seed))
            for field, key in described_as(machine, nominal, names).items():
                name = key.split(".")[0]
                own: Any = described_fields(type(machine), drawn, name)[field]
                if np.ptp(own) > 0:
                    meaning = machine.quantities()[field]
                    fields[prefix + field] = key, _in_range(own, meaning)
    return fields


def _machines(design: Engine) -> list[tuple[str, Engine]]:
    """Return a machine, and those it is a pair of, by the prefix of their fields."""
    parts = {f.name: getattr(design, f.name) for f in dataclasses.fields(design)}  # type: ignore[arg-type]
    own = [(f"{n}.", part) for n, part in parts.items() if isinstance(part, Engine)]
    return [("", design), *own]


def _in_range(drawn: Rows, meaning: Quantity) -> Any:
    values = np.round(drawn) if meaning.integer else drawn
    return np.clip(values, meaning.low, meaning.high)


def _prefixes(technology: Technology, parameters: Parameters) -> list[str]:
    """Return before which prefixes the whole of a file stands: '', or `host.`."""
    parts = dict.fromkeys(key.split(".")[0] + "." for key in technology.values)
    return [
        prefix
        for prefix in ("", *parts)
        if all(prefix + key in technology.values for key in parameters.entries)
    ]


def _drawn_from(parameters: Parameters, file: str, count: int, seed: int) -> Draws:
    """Return the draws of a file, whoever asks for them the same ones."""
    random = np.random.default_rng([seed, zlib.crc32(file.encode())])
    return _drawn(parameters, count, random)


def _drawn(parameters: Parameters, count: int, random: np.random.Generator) -> Draws:
    values: Draws = {}
    for key, entry in parameters.entries.items():
        if entry.status == "assumed" and entry.low is not None is not entry.high:
            low, high = (to_si(end, entry.unit) for end in (entry.low, entry.high))
            at = random.uniform(size=count)
            values[key] = (
                low * (high / low) ** at if low > 0 else low + (high - low) * at
            )
        else:
            values[key] = np.full(count, entry.value_si)
    drawn = [key for key, column in values.items() if np.ptp(column) > 0]
    for key, expression in derived_from(parameters.entries, drawn):
        values[key] = np.asarray(evaluate_expression(expression, values))
    return values
