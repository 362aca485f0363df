"""Error bars: what the model may answer as its assumed numbers move in their ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import numpy as np

from dse.errors import InputError
from dse.expressions import evaluate_expression
from dse.hardware.parameters import Parameters
from dse.hardware.technology import Technology
from dse.units import to_si

DRAWS = 1000
SHARE = 0.9  # of the draws, inside an interval


class Interval(NamedTuple):
    """The middle `SHARE` of what a model answers over many draws."""

    low: float
    high: float


def draw_technology(
    parameters: Parameters, *, count: int = DRAWS, seed: int = 0
) -> Technology:
    """Return a technology with `count` draws of every assumed number.

    An assumed number is drawn from `low` to `high` independently of all others: evenly
    on a logarithmic axis where both are above zero, else evenly. Derived numbers follow
    from the draws by their expressions; all others are repeated. Values in SI, each
    `[count]`.
    """
    random = np.random.default_rng(seed)
    values: dict[str, np.ndarray] = {}
    for key, entry in parameters.entries.items():
        if entry.status == "assumed" and entry.low is not None is not entry.high:
            low, high = (to_si(end, entry.unit) for end in (entry.low, entry.high))
            at = random.uniform(size=count)
            values[key] = (
                low * (high / low) ** at if low > 0 else low + (high - low) * at
            )
        else:
            values[key] = np.full(count, entry.value_si)
    _derive_anew(parameters, values)
    return Technology(name=parameters.name, files=(parameters.name,), values=values)


def _derive_anew(parameters: Parameters, values: dict[str, np.ndarray]) -> None:
    """Work derived numbers out of drawn ones, until those derived from them settle."""
    texts = {k: e.expression for k, e in parameters.entries.items() if e.expression}
    for _ in texts:
        again = {
            key: evaluate_expression(text, values) + np.zeros_like(values[key])
            for key, text in texts.items()
        }
        if all(np.array_equal(again[key], values[key]) for key in again):
            return
        values |= again


def intervals(
    ask: Callable[..., Mapping[str, jax.Array]],
    *parameters: Parameters,
    count: int = DRAWS,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the interval of every answer of `ask`, a function that JAX can batch.

    `ask` takes one technology for each parameter file; files are drawn independently.
    Raises `InputError` where an answer is not finite for some draw.
    """
    drawn = [
        draw_technology(file, count=count, seed=seed + place)
        for place, file in enumerate(parameters)
    ]
    answers = jax.jit(jax.vmap(ask))(*drawn)
    names = ", ".join(file.name for file in parameters)
    found = {}
    for name, values in answers.items():
        numbers = np.asarray(values, float)
        if not np.all(np.isfinite(numbers)):
            raise InputError(
                f"{names}: `{name}` is not finite for some draws; narrow the "
                f"ranges of the assumed numbers."
            )
        tails = 50.0 * (1.0 - SHARE)
        low, high = np.percentile(numbers, [tails, 100.0 - tails])
        found[name] = Interval(float(low), float(high))
    return found


def nominal(
    ask: Callable[..., Mapping[str, jax.Array]], *parameters: Parameters
) -> dict[str, float]:
    """Return what `ask` answers with every number as it stands in its file."""
    technologies = [
        Technology(name=file.name, files=(file.name,), values=file.si())
        for file in parameters
    ]
    return {name: float(value) for name, value in jax.jit(ask)(*technologies).items()}
