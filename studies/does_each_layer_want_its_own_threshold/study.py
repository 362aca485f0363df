"""Does each layer want a threshold of its own? One for all or six, on either chip."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dse

HERE = Path(__file__).parent
ONE = 0.005  # the most that all layers together may have at a point of accuracy
TOLD = "area <= 54.1 mm^2"  # of AccelTran-Edge as its publication counts


def as_told(study: dse.Study) -> dse.Study:
    """Return the study as AccelTran's publication counts."""
    (edge,) = study.references.values()
    others = [limit for limit in study.limits if not limit.startswith("area")]
    technology = edge.published_technology()
    return replace(study, technology=technology, limits=(*others, TOLD))


def published(study: dse.Study) -> dict[str, Any]:
    """Return AccelTran-Edge, at its own batch, as axes of one value each."""
    ((name, edge),) = study.references.items()
    own = {n: getattr(edge, n) for n in study.space.names if hasattr(edge, n)}
    return {n: [v] for n, v in own.items()} | {"batch": [study.reference_batches[name]]}


def best(study: dse.Study, held: Mapping[str, Any], **asked: Any) -> dse.Tuned:
    """Return the best design of a study, some axes held or freed."""
    space = study.space
    return dse.tune(
        "min:energy_delay",
        dse.Space(space.design, **dict(space.axes) | dict(held), **space.tied),
        workload=[workload for workload, _ in study.suite],
        subject_to=study.limits,
        technology=study.technology,
        **asked,
    )


def answer(study: dse.Study) -> dict[str, float]:
    """Return energy-delay in nJ s by what was chosen, and what layers are worth.

    The best of chips and of layers are proven; `both` is what tuning finds alone.
    """
    layers = [name for name in study.space.names if name.startswith("threshold.")]
    free = dse.continuous(0.0, max(study.space.values(layers[0])))
    (edge,) = study.evaluate_references().values()
    as_it_is, one = study.any_design(), {n: [ONE] for n in layers}
    found = {
        "layers": best(as_it_is, published(study), prove=True, buildable=False),
        "chip": best(study, one, prove=True),
        "both": best(study, {}),
        "both_exact": best(study, {}, prove=True),
        "both_any_number": best(study, dict.fromkeys(layers, free)),
    }
    told = {"published": 1e9 * float(edge.energy_delay)}
    told |= {what: 1e9 * answer.objective for what, answer in found.items()}
    return told | {"gain": min(told["layers"], told["chip"]) / told["both"]}


def main(*sections: str) -> None:
    """Print answers beside committed ones: with all `memories`, or as `published`."""
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    study = dse.load_study(HERE)
    asked = {"memories": study, "published": as_told(study)}
    for section in sections or asked:
        for what, value in answer(asked[section]).items():
            committed = expected.get(section, {}).get(what, float("nan"))
            print(f"{section} {what}: {value:.6g} ({committed:.6g})", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
