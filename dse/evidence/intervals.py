"""Error bars: what the model may answer as its assumed numbers move in their ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dse.compile.function import compile_function
from dse.errors import InputError
from dse.explore.draws import draw_technology, middle
from dse.hardware.parameters import Parameters
from dse.hardware.technology import Technology

DRAWS = 1000

Ask = Callable[..., Mapping[str, Any]]


class Interval(NamedTuple):
    """The middle `SHARE` of what a model answers over many draws."""

    low: float
    high: float


def intervals(
    ask: Ask,
    *parameters: Parameters,
    count: int = DRAWS,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return the interval of every answer of `ask`, a function that JAX can trace.

    `ask` takes one technology for each parameter file; files are drawn independently.
    Raises `InputError` where an answer is not finite for some draw.
    """
    drawn = [
        draw_technology(file, count=count, seed=seed + place)
        for place, file in enumerate(parameters)
    ]
    answers = _asked(ask, drawn)
    names = ", ".join(file.name for file in parameters)
    found = {}
    for name, values in answers.items():
        if not np.all(np.isfinite(values)):
            raise InputError(
                f"{names}: `{name}` is not finite for some draws; narrow the "
                f"ranges of the assumed numbers."
            )
        found[name] = Interval(*map(float, middle(np.ravel(values))))
    return found


def nominal(ask: Ask, *parameters: Parameters) -> dict[str, float]:
    """Return what `ask` answers with every number as it stands in its file."""
    technologies = [
        Technology(name=file.name, files=(file.name,), values=file.si())
        for file in parameters
    ]
    return {n: float(value) for n, value in _asked(ask, technologies).items()}


def _asked(ask: Ask, technologies: Sequence[Technology]) -> dict[str, Any]:
    """Return what `ask` answers, by NumPy, of numbers or of draws of them."""
    numbers = {
        f"{place} {key}": value
        for place, technology in enumerate(technologies)
        for key, value in technology.values.items()
    }

    def answer(given: Mapping[str, Any]) -> dict[str, Any]:
        own = (
            Technology(
                name=each.name,
                files=each.files,
                values={key: given[f"{place} {key}"] for key in each.values},
            )
            for place, each in enumerate(technologies)
        )
        return dict(ask(*own))

    found: dict[str, Any] = compile_function(answer, list(numbers)).grid(numbers)
    return found
