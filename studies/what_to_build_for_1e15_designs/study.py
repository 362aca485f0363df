"""What to build, of 1e15 designs and more: proven, and what each choice is worth."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import dse

HERE = Path(__file__).parent
GOAL = "min:energy_delay"
ONE = 0.005  # the most that all layers together may have at a point of accuracy


def proven(study: dse.Study, held: dict[str, Any], **more: Any) -> dse.Tuned:
    """Return the best of all designs, some axes held, and the proof of that."""
    space = study.space
    axes = {n: [held[n]] if n in held else axis for n, axis in space.axes.items()}
    return dse.tune(
        GOAL,
        dse.Space(space.design, **axes, **space.tied),
        workload=[workload for workload, _ in study.suite],
        subject_to=more.pop("limits", study.limits),
        buildable=False,  # it is among the limits
        technology=study.technology,
        starts=16,
        steps=60,
        prove=True,
        **more,
    )


def questions(study: dse.Study, best: dse.Tuned) -> dict[str, dict[str, Any]]:
    """Return what is held, and other limits, of each question beside the first."""
    chosen = {name: best.values[name] for name in study.space.names}
    layers = [name for name in chosen if name.startswith("threshold.")]
    others = [text for text in study.limits if not text.startswith("accuracy")]
    return {
        "one_threshold": dict.fromkeys(layers, ONE),
        "no_threshold": dict.fromkeys(layers, 0.0),
        "any_words": {n: chosen[n] for n in layers} | {"limits": others},
    }


def told(found: dse.Tuned) -> dict[str, float]:
    """Return what is committed of a proven optimum."""
    assert found.proof is not None
    assert found.proof.optimal
    return {"energy_delay_nj_s": 1e9 * found.objective, **found.values}


def main(file: str = "results/proof.npz") -> None:
    """Print every optimum beside the committed one; write the first proof to a file."""
    expected = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    study = dse.load_study(HERE)
    best = proven(study, {}, proof_file=file)
    found = {"all": best}
    for name, held in questions(study, best).items():
        limits = held.pop("limits", study.limits)
        found[name] = proven(study, held, limits=limits)
    found["generation"] = proven(dse.load_study(HERE / "generation.toml"), {})
    for name, answer in found.items():
        print(f"\n[{name}]  # {answer.proof}")
        for what, value in told(answer).items():
            print(f"{what} = {value!r}  # {expected.get(name, {}).get(what)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
