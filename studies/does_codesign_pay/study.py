"""Does co-design pay? Setting alone, chip alone, and both, on four kinds of machine."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import dse

HERE = Path(__file__).parent
GOAL = "min:energy_delay"
# By study: its file, and the pruning setting that the published machine comes with.
OWN = {
    "tile": {"threshold": 0.04},
    "nm": {"kept": 2.0, "group": 4.0},
    "sprint": {"threshold": 0.25},
    "filter": {"threshold": 0.0},
}


def best(study: dse.Study, held: dict[str, float]) -> dse.Runs:
    """Return the best of all designs within the study's limits, some axes held."""
    whole = study.space
    axes = {n: [held[n]] if n in held else axis for n, axis in whole.axes.items()}
    space = dse.Space(whole.design, legal=whole.legal, **axes, **whole.tied)
    return dse.sweep(
        space,
        [workload for workload, _ in study.suite],
        front=(GOAL,),
        limits=study.limits,
        accept_foreign_accuracy=study.accept_foreign_accuracy,
        technology=study.technology,
        keep="distinct",
        progress=False,
    )


def published(study: dse.Study, setting: dict[str, float]) -> dict[str, float]:
    """Return the axis values of the published chip, its pruning setting left out."""
    (chip,) = study.references.values()
    (batch,) = study.reference_batches.values() or (1.0,)
    free = [name for name in study.space.names if name not in setting]
    return {n: batch if n == "batch" else float(chip.number(n)) for n in free}


def compare(name: str) -> dict[str, dse.Runs]:
    """Return the best design with neither, either, and both of the two free."""
    study, setting = dse.load_study(HERE / f"{name}.toml"), OWN[name]
    chip = published(study, setting)
    held = {"neither": chip | setting, "setting": chip, "chip": setting, "both": {}}
    return {what: best(study, fixed) for what, fixed in held.items()}


def verified(study: dse.Study, runs: dse.Runs) -> float:
    """Return the energy-delay of the best design in J s, asked of `dse.evaluate`."""
    values = {n: float(v) for n, v in runs.space.decode(int(runs.index[0])).items()}
    machine, workload = runs.space.place(values, study.suite[0][0])
    found = dse.evaluate(machine, workload, technology=study.technology)
    return float(found.energy_delay)


def answer(name: str) -> dict[str, float]:
    """Return energy-delay in nJ s by what was free, and what choosing both gains."""
    study, found = dse.load_study(HERE / f"{name}.toml"), compare(name)
    cost = {what: verified(study, runs) * 1e9 for what, runs in found.items()}
    gain = min(cost["setting"], cost["chip"]) / cost["both"]
    return cost | {"gain": gain}


def main(*names: str) -> None:
    """Print the answer, each figure beside the committed one, and the designs."""
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    for name in names or OWN:
        for what, value in answer(name).items():
            print(f"{name} {what}: {value:.6g} ({expected[name][what]:.6g})")


if __name__ == "__main__":
    main(*sys.argv[1:])
