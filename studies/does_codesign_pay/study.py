"""Does co-design pay? Setting alone, chip alone, and both, on four kinds of machine."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from asked import best, energy_delay, load, published, values  # beside this file

HERE = Path(__file__).parent
# By study: the pruning setting that the published machine comes with.
OWN = {
    "tile": {"threshold": 0.04},
    "nm": {"kept": 2.0, "group": 4.0},
    "sprint": {"threshold": 0.25},
    "filter": {"threshold": 0.0},
}


def answer(name: str, *, told: bool = False) -> dict[str, float]:
    """Return energy-delay in nJ s by what was free, and what choosing both gains.

    `in_turn` is the best setting on the best chip for the published setting. Each is
    asked again of `dse.evaluate`; infinite where nothing keeps the limits.
    """
    study, setting = load(name, told=told), OWN[name]
    chip = published(study, setting)
    held = {"neither": chip | setting, "setting": chip, "chip": setting, "both": {}}
    found = {what: best(study, fixed) for what, fixed in held.items()}
    on_it = {n: v for n, v in values(found["chip"]).items() if n not in setting}
    found["in_turn"] = best(study, on_it)
    cost = {what: energy_delay(study, runs) for what, runs in found.items()}
    better = min(cost["setting"], cost["chip"])
    return cost | {
        "gain": better / cost["both"],
        "gain_over_in_turn": cost["in_turn"] / cost["both"],
    }


def main(*names: str) -> None:
    """Print the answer, each figure beside the committed one."""
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    for name in names or OWN:
        for section, told in ((name, False), (f"{name}, as published", True)):
            for what, value in answer(name, told=told).items():
                committed = expected.get(section, {}).get(what, float("nan"))
                print(f"{section} {what}: {value:.6g} ({committed:.6g})")


if __name__ == "__main__":
    main(*sys.argv[1:])
