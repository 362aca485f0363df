"""Error bars: what the model may answer as its assumed numbers move in their ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import numpy as np

from dse.errors import InputError
from dse.explore.draws import draw_technology
from dse.hardware.parameters import Parameters
from dse.hardware.technology import Technology

DRAWS = 1000
SHARE = 0.9  # of the draws, inside an interval


class Interval(NamedTuple):
    """The middle `SHARE` of what a model answers over many draws."""

    low: float
    high: float


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
