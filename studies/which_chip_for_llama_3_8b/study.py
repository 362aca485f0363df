"""Which chip for Llama-3-8B: fronts of three families, and how sure the first is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from figure import draw
from machines import Family, families

import dse
from dse.evidence.league import league_technology

HERE = Path(__file__).parent
NODE_NM, AREAS_MM2, DRAWS = 7.0, (50, 100), 1000
GOALS = ("max:tokens_per_second", "min:energy_per_token")
SHOWN = {  # by name in expected.toml: metric and how many of the unit are one of SI
    "tokens_per_s": ("tokens_per_second", 1.0),
    "first_token_ms": ("time_to_first_token", 1e3),
    "each_token_ms": ("time_per_output_token", 1e3),
    "mj_per_token": ("energy_per_token", 1e3),
    "area_mm2": ("area", 1e6),
    "power_w": ("power", 1.0),
}


def front(family: Family, area_mm2: float) -> dse.Runs:
    """Return a family's front of what can be built, fits, and keeps to an area."""
    return dse.sweep(
        family.space,
        family.work,
        front=GOALS,
        limits=[f"area <= {area_mm2} mm^2"],
        technology=league_technology(family.space.design, NODE_NM),
        keep="distinct",
        progress=False,
    )


def best_of(found: dse.Runs) -> dse.Runs:
    """Return the fastest machine of a front, and the one of least energy."""
    return found.take(np.argmin(found.costs(found.objectives), axis=0))


def answers(fronts: Mapping[Family, dse.Runs]) -> dict[str, float]:
    """Return what the best do, and how often each is first of its kind."""
    found, costs = {}, {}
    for family, runs in fronts.items():
        drawn = dse.uncertainty(
            best_of(runs), family.work, draws=DRAWS, technology=runs.basis.technology
        )
        each = drawn.log_costs(GOALS)
        for goal, which in enumerate(("fast", "frugal")):
            name = f"{family.name}, {which}"
            costs[which, family.prunes, name] = each[goal, goal]
            for word, (metric, scale) in SHOWN.items():
                found[f"{name}: {word}"] = scale * drawn.nominal[metric][goal]
    for (which, pruned, name), own in costs.items():
        rivals = [c for (w, p, _), c in costs.items() if (w, p) == (which, pruned)]
        found[f"{name}: first"] = float(np.mean(own <= np.min(rivals, axis=0)))
    return found


def main() -> None:
    """Print the answers of both areas beside the committed ones, and draw fronts."""
    expected = tomllib.loads((HERE / "expected.toml").read_text())
    fronts = {a: {f: front(f, a) for f in families()} for a in AREAS_MM2}
    draw(fronts, HERE / "fronts.svg")
    for area, by_family in fronts.items():
        print(f"[{area}]")
        for name, value in answers(by_family).items():
            print(f'"{name}" = {value:.5g}  # {expected[str(area)].get(name)}')


if __name__ == "__main__":
    main()
