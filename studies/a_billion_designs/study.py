"""A billion designs: the exact front, and what it gains on that of 36 million."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from figure import draw

import dse
from dse.explore.pareto import hypervolume

HERE = Path(__file__).parent
PUBLISHED = HERE.parent / "acceltran_design_space"


def compare(coarse: Any, fine: Any) -> dict[str, float]:
    """Return what a front gains on another; less is better, `[designs, 3]`.

    Costs are (-throughput, energy, area). A gain is what the best design of the fine
    front that is no worse in the other two objectives takes or gives, over a design of
    the coarse one: the median over those.
    """
    reference = np.concatenate([coarse, fine]).max(axis=0)
    reference = np.where(reference > 0, 1.1 * reference, 0.0)
    found = {
        "still_on_the_front": sum((fine == row).all(axis=1).any() for row in coarse),
        "hypervolume_share": hypervolume(coarse, reference)
        / hypervolume(fine, reference),
    }
    for place, name in enumerate(("throughput", "energy", "area")):
        others = [i for i in range(3) if i != place]
        gains = []
        for row in coarse:
            as_good = (fine[:, others] <= row[others]).all(axis=1)
            gains.append(float(fine[as_good, place].min() / row[place]))
        found[f"{name}_ratio"] = float(np.median(gains))
    return {name: float(value) for name, value in found.items()}


def main() -> None:
    """Search both spaces, a minute or two; print the answer and draw it."""
    fronts = {}
    for place in (PUBLISHED, HERE):
        study = dse.load_study(place)
        fronts[study.name] = study.run()
    coarse, fine = fronts.values()
    costs = [front.costs(front.objectives) for front in (coarse, fine)]
    knee = fine.knee()
    answer = {
        "designs": fine.evaluated,
        "on_front": len(fine),
        "knee": {
            "design": int(fine.index[knee]),
            **{
                n: float(fine.metrics[n][knee])
                for n in ("throughput", "energy", "area")
            },
        },
        "against_the_published_grid": compare(*costs),
    }
    print(json.dumps(answer, indent=2))
    draw(coarse, fine, HERE / "fronts.svg")


if __name__ == "__main__":
    main()
