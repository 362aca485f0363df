"""Does each layer want a threshold of its own? One for all or six, on either chip."""

from __future__ import annotations

import tomllib
from pathlib import Path

import exact  # beside this file
import jax
import numpy as np

import dse

HERE = Path(__file__).parent
FLOOR, AREA = 0.01, 54.1e-6  # those of study.toml: a point, and m^2
ONE = 0.005  # the most that all layers together may have at that floor
SEED = jax.random.key(0)


def published(study: dse.Study) -> int:
    """Return the index of AccelTran-Edge among the chips, at its own batch."""
    ((name, edge),) = study.references.items()
    chips = exact.chips_of(study.space)
    own = {n: edge.number(n) for n in chips.names if n != "batch"}
    own["batch"] = study.reference_batches[name]
    places = [chips.values(n).tolist().index(float(own[n])) for n in chips.names]
    return int(np.ravel_multi_index(places, chips.shape))


def tuned(study: dse.Study, space: dse.Space) -> dse.Tuned:
    """Return the best design of a space by gradient and local search."""
    return dse.tune(
        "min:energy_delay",
        space,
        workload=[workload for workload, _ in study.suite],
        subject_to=study.limits,
        technology=study.technology,
        key=SEED,
    )


def freed(space: dse.Space) -> dse.Space:
    """Return the space with thresholds that may be any number up to the largest."""
    chips, layers = exact.chips_of(space), exact.layer_axes(space)
    free = {name: dse.continuous(0.0, max(space.values(name))) for name in layers}
    return dse.Space(space.design, **chips.axes, **chips.tied, **free)


def answer(study: dse.Study) -> dict[str, float]:
    """Return energy-delay in nJ s by what was chosen, and what layers are worth."""
    rows, edge = exact.allowed(study, FLOOR), np.asarray([published(study)])
    everyone = np.arange(exact.chips_of(study.space).size)
    all_one = np.full(rows.shape[1], ONE)
    both = tuned(study, study.space)
    found = {
        "published": exact.costs(study, edge, all_one, np.inf).min(),
        "layers": exact.costs(study, edge.repeat(len(rows)), rows, np.inf).min(),
        "chip": exact.costs(study, everyone, all_one, AREA).min(),
        "both": both.objective,
        "both_exact": exact.best_of_all(study, both.objective, floor=FLOOR, area=AREA)[
            0
        ],
        "both_any_number": tuned(study, freed(study.space)).objective,
    }
    told = {what: float(cost) * 1e9 for what, cost in found.items()}
    return told | {"gain": min(told["layers"], told["chip"]) / told["both"]}


if __name__ == "__main__":
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    for what, value in answer(dse.load_study(HERE)).items():
        print(f"{what}: {value:.6g} ({expected.get(what, float('nan')):.6g})")
