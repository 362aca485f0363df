"""Is the model as sure as it may be? Every machine predicted from all others.

For each machine the model error is learned anew without its rows; then each of them
is asked where in that distribution it lies. Of a calibrated model the middle 90 % hold
nine rows in ten, and the middle half one in two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.evidence.error_learning import learn
from dse.evidence.error_rows import ErrorRow, read_error_rows
from dse.explore.draws import middle
from dse.explore.model_error import ModelError, draw_errors

SHARES = (0.5, 0.8, 0.9)
DRAWS = 20_000
ALL, RATIOS = "all", "ratios"


@dataclass(frozen=True)
class Held:
    """A row, and the share of the predicted errors that lie below its own.

    `factor` is the upper over the lower end of the middle 90 %, square root taken: how
    far an answer may be off in either direction.
    """

    row: ErrorRow
    below: float
    factor: float

    def inside(self, share: float) -> bool:
        """Say whether the middle share of the predicted errors holds the row's."""
        return abs(self.below - 0.5) <= 0.5 * share


def calibrate(rows: Iterable[ErrorRow] | None = None) -> list[Held]:
    """Predict the rows of each machine, of all tables, from those of all others.

    Ratios are predicted from all rows but those of their own machine. Rows default to
    those that come with dse.
    """
    every = list(read_error_rows() if rows is None else rows)
    held = []
    for machine in dict.fromkeys(map(_machine, every)):
        own = [row for row in every if _machine(row) == machine]
        if own[0].over:  # of a whole table of ratios, named by what was run
            others = [row for row in every if row.table != own[0].table]
        else:
            others = [row for row in every if row not in own]
        held += _predict(learn(others), own)
    return held


def _machine(row: ErrorRow) -> tuple[str, str]:
    """Return what tells machines apart: of a ratio, its table and what was run."""
    return (row.table if row.over else row.family), row.machine


def _predict(learned: ModelError, rows: Sequence[ErrorRow]) -> list[Held]:
    asked = dict.fromkeys((row.family, row.metric, row.over) for row in rows)
    errors = {key: np.sort(_draw(learned, *key)) for key in asked}
    found = []
    for row in rows:
        drawn = errors[row.family, row.metric, row.over]
        low, high = middle(drawn)
        below = np.searchsorted(drawn, row.error) / len(drawn)
        found.append(Held(row, float(below), float(np.exp((high - low) / 2.0))))
    return found


def _draw(learned: ModelError, family: str, metric: str, over: str) -> Any:
    """Return draws of the error of a machine, or of a ratio of two."""
    drawn = draw_errors(family, designs=2, count=DRAWS, learned=learned)
    own: Any = drawn.of(metric)
    if not over:
        return own[0]
    if over == family:  # what both share leaves their ratio
        return own[1] - own[0]
    other: Any = draw_errors(over, designs=1, count=DRAWS, learned=learned).of(metric)
    return other[0] - own[0]


def by_group(held: Sequence[Held]) -> dict[str, list[Held]]:
    """Return rows by family, all of them, and ratios of two machines apart."""
    groups: dict[str, list[Held]] = {}
    for one in held:
        for name in [RATIOS] if one.row.over else [one.row.family, ALL]:
            groups.setdefault(name, []).append(one)
    return dict(sorted(groups.items(), key=lambda group: group[0] in (ALL, RATIOS)))


def summarize(held: Sequence[Held]) -> dict[str, dict[str, Any]]:
    """Return rows, share inside each interval and median factor, group by group."""
    return {
        name: {
            "rows": len(group),
            "machines": len({_machine(h.row) for h in group}),
            "inside": {
                f"{share:.0%}": float(np.mean([h.inside(share) for h in group]))
                for share in SHARES
            },
            "factor": float(np.median([h.factor for h in group])),
        }
        for name, group in by_group(held).items()
    }
