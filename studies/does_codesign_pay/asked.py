"""What is asked of each machine: its study, some choices held, and the best of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dse

HERE = Path(__file__).parent
GOAL = "min:energy_delay"
INF = float("inf")
# Areas of the published chips in mm^2, as their publications count them.
TOLD_AREA = {"tile": 54.1, "nm": 0.742, "sprint": 1.89, "filter": 3.83}


def load(name: str, *, told: bool = False) -> dse.Study:
    """Return a study as its file has it, or as its machine's publication counts."""
    study = dse.load_study(HERE / f"{name}.toml")
    if not told:
        return study
    (chip,) = study.references.values()
    others = [limit for limit in study.limits if not limit.startswith("area")]
    limits = (*others, f"area <= {TOLD_AREA[name]} mm^2")
    return replace(study, technology=chip.published_technology(), limits=limits)


def best(study: dse.Study, held: dict[str, float]) -> dse.Runs:
    """Return the best of all designs within the study's limits, some axes held."""
    whole = study.space
    axes = {n: [held[n]] if n in held else axis for n, axis in whole.axes.items()}
    space = dse.Space(whole.design, legal=whole.legal, **axes, **whole.tied)
    narrowed = replace(study, space=space, objectives=(GOAL,))
    return narrowed.run(progress=False)


def published(study: dse.Study, setting: dict[str, float]) -> dict[str, float]:
    """Return the axis values of the published chip, its pruning setting left out."""
    (chip,) = study.references.values()
    (batch,) = study.reference_batches.values() or (1.0,)
    free = [name for name in study.space.names if name not in setting]
    return {n: batch if n == "batch" else float(chip.number(n)) for n in free}


def values(runs: dse.Runs) -> dict[str, float]:
    """Return the axis values of the best row."""
    runs.check_any()
    moved = runs.space.decode(int(runs.index[0]))
    return {name: float(moved[name]) for name in runs.space.names}


def energy_delay(study: dse.Study, runs: dse.Runs) -> float:
    """Return the energy-delay of the best row in nJ s; infinite where there is none."""
    if not len(runs):
        return INF
    again = replace(study, space=runs.space)
    return float(again.evaluate_at(int(runs.index[0])).energy_delay) * 1e9
