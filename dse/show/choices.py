"""What a front chooses: of each value that a space offers, how often it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from dse.explore.runs import Runs
from dse.explore.space import meaning_of
from dse.show.labels import field_label

_STRONGEST = 0.36  # opacity of the accent behind a value that all designs have


def choices_table(front: Runs) -> str:
    """Return, as HTML, the share of a front that has each value of each axis."""
    rows = "".join(
        f"<strong>{escape(label)}</strong><div>{''.join(cells)}</div>"
        for label, cells in _axes(front)
    )
    return f'<div class="choices">{rows}</div>'


def _axes(front: Runs) -> Iterator[tuple[str, list[str]]]:
    design, digits = front.space.design, front.space.digits(front.index)
    for name, axis in front.space.axes.items():
        if len(axis) < 2:
            continue
        known = meaning_of(design, name)
        counts = np.bincount(digits[name], minlength=len(axis))
        values = front.space.values(name)
        taken = [
            _value(known.show(value), count / len(front))
            for value, count in zip(values, counts, strict=True)
        ]
        yield field_label(name, known.unit), taken


def _value(text: str, share: float) -> str:
    style = f"background:rgba(11,98,168,{_STRONGEST * share:.3f})"
    if share == 0:
        style = "color:var(--muted)"
    percent = f"{100 * share:.0f} %" if share == 0 or share >= 0.005 else "< 1 %"
    return f'<span style="{style}">{escape(text)}: {percent}</span>'
