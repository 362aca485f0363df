"""How many values with their gradients a CPU second takes."""

from __future__ import annotations

from benchmarks.speed.configurations import COMPILED, ONE, Case
from benchmarks.speed.table import Rate, rate
from dse.evaluation import Timing
from dse.explore.compiled import compile_model


def gradients(timing: Timing, scale: float) -> list[Rate]:
    """Return how often energy delay and all its derivatives are found."""
    case = Case(timing)
    design, numbers = case.space.design, case.technology.values
    fields = {name: getattr(design, name) for name in design.meanings()}
    index = case.space.sample(max(int(200_000 * scale), 1), seed=3)
    table = {**numbers, **fields, **case.table(index)}
    model = compile_model(
        design, case.bert, over=table, technology=case.technology, timing=timing
    )

    def work() -> None:
        model.value_and_gradient("energy_delay", table)

    one = f"{ONE}, {timing}, and {len(table)} derivatives"
    return [rate(COMPILED, one, work, len(index))]
