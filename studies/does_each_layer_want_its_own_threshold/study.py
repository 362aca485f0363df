"""Does each layer want a threshold of its own? One for all or six, on either chip."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import exact  # beside this file
import jax
import numpy as np

import dse

HERE = Path(__file__).parent
FLOOR, AREA = 0.01, 65.7e-6  # those of study.toml: a point, and m^2
ONE = 0.005  # the most that all layers together may have at that floor
SEED = jax.random.key(0)


def published(study: dse.Study) -> int:
    """Return the index of AccelTran-Edge among the chips, at its own batch."""
    ((name, edge),) = study.references.items()
    chips, own = exact.chips_of(study.space), {"batch": study.reference_batches[name]}
    own |= {n: edge.number(n) for n in chips.names if n != "batch"}
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


def answer(study: dse.Study, area: float = AREA) -> dict[str, float]:
    """Return energy-delay in nJ s by what was chosen, and what layers are worth."""
    rows, edge = exact.allowed(study, FLOOR), np.asarray([published(study)])
    everyone = np.arange(exact.chips_of(study.space).size)
    all_one = np.full(rows.shape[1], ONE)  # the same threshold for all layers
    both = tuned(study, study.space).objective
    best = exact.best_of_all(study, both, floor=FLOOR, area=area)[0]
    found = {
        "published": exact.costs(study, edge, all_one, area).min(),
        "layers": exact.costs(study, edge.repeat(len(rows)), rows, area).min(),
        "chip": exact.costs(study, everyone, all_one, area, built=True).min(),
        "both": both,
        "both_exact": best,
        "both_any_number": tuned(study, freed(study.space)).objective,
    }
    told = {what: float(cost) * 1e9 for what, cost in found.items()}
    return told | {"gain": min(told["layers"], told["chip"]) / told["both"]}


def main(*sections: str) -> None:
    """Print answers beside committed ones: with all `memories`, or as `published`."""
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    study = dse.load_study(HERE)
    asked = {"memories": (study, AREA), "published": exact.as_told(study)}
    for section in sections or asked:
        for what, value in answer(*asked[section]).items():
            committed = expected.get(section, {}).get(what, float("nan"))
            print(f"{section} {what}: {value:.6g} ({committed:.6g})", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
