"""The picture of `docs/certificates.md`: boxes of a plane, by what closed them.

`python -m benchmarks.proofs.picture docs/certificates.svg`
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import dse
from benchmarks.tuning.truth import load
from dse.tuning.enclosure import Boxes, Enclosure
from dse.tuning.exact import LEGAL, Exact
from dse.tuning.problem import Problem
from dse.tuning.prove import prove

WIDTH, HEIGHT, LEFT, TOP = 640.0, 400.0, 60.0, 20.0
COLOURS = {"limit": "#d8b365", "cost": "#5ab4ac", "design": "#333333"}


def closed_boxes() -> tuple[Enclosure, Boxes, Any]:
    """Return the boxes that prove the best shape of AccelTran-Edge's array."""
    study = load()
    space = dse.Space(
        dse.TileEngine.edge(),
        pes=dse.integers(16, 271),
        lanes_per_pe=dse.integers(1, 64),
    )
    problem = Problem(
        ["min:energy_delay"],
        space,
        suite=study.suite,
        subject_to=["area <= 60 mm^2"],
        technology=study.technology,
    )
    exact, enclosure = Exact(problem), Enclosure(problem, plain=True)
    start = exact(np.zeros((1, 2)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proof.npz"
        best, _ = prove(enclosure, exact, start, file=file)
        best, proof = prove(enclosure, exact, best, file=file)
        print(proof)
        with np.load(file) as kept:
            return enclosure, Boxes(kept["first"], kept["last"]), best.points[0]


def draw(enclosure: Enclosure, boxes: Boxes, best: Any) -> str:
    """Return the picture as SVG: a rectangle for each box."""
    low = enclosure(boxes)
    limit = (low.excess > LEGAL).any(axis=0)
    single = boxes.sizes == 1
    width, height = enclosure.whole.last[0] + 1
    axes = enclosure.problem.coordinates.all
    scale = np.asarray([WIDTH / width, HEIGHT / height])
    shapes = []
    for row in range(len(boxes)):
        x, y = boxes.first[row] * scale
        w, h = (boxes.last[row] - boxes.first[row] + 1) * scale
        why = "limit" if limit[row] else "design" if single[row] else "cost"
        shapes.append(
            f'<rect x="{LEFT + x:.1f}" y="{TOP + HEIGHT - y - h:.1f}" width="{w:.1f}" '
            f'height="{h:.1f}" fill="{COLOURS[why]}"/>'
        )
    x, y = (best + 0.5) * scale
    marks = [
        f'<circle cx="{LEFT + x:.1f}" cy="{TOP + HEIGHT - y:.1f}" r="6" fill="none" '
        'stroke="#c51b7d" stroke-width="2.5"/>',
        _text(LEFT + WIDTH / 2, TOP + HEIGHT + 36, "PEs", "middle"),
        _text(14, TOP - 6, "lanes per PE", "start"),
    ]
    for axis, at in ((0, "x"), (1, "y")):
        values = axes[axis].values
        for place in (0, len(values) // 2, len(values) - 1):
            along = (place + 0.5) * scale[axis]
            label = f"{values[place]:g}"
            marks.append(
                _text(LEFT + along, TOP + HEIGHT + 16, label, "middle")
                if at == "x"
                else _text(LEFT - 6, TOP + HEIGHT - along + 4, label, "end")
            )
    told = {"limit": "too large", "cost": "none better", "design": "asked one by one"}
    for number, (why, words) in enumerate(told.items()):
        x = LEFT + number * 170
        marks.append(
            f'<rect x="{x}" y="{TOP + HEIGHT + 48}" width="14" height="14" '
            f'fill="{COLOURS[why]}"/>'
        )
        marks.append(_text(x + 20, TOP + HEIGHT + 60, words, "start"))
    size = f"{LEFT + WIDTH + 20:.0f} {TOP + HEIGHT + 72:.0f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
        'font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
        '<g stroke="white" stroke-width="0.6">\n'
        + "\n".join(shapes)
        + "\n</g>\n"
        + "\n".join(marks)
        + "\n</svg>\n"
    )


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(*closed_boxes()), encoding="utf-8")
