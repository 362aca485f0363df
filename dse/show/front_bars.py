"""How sure the designs of a front are: bars of objectives, chances to be on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dse.arrays import Rows
from dse.errors import InputError
from dse.explore.draws import SHARE
from dse.explore.runs import Runs
from dse.explore.uncertainty import uncertainty_of

DRAWS = 400
_MOST = 1_000  # designs; of more, a page would wait for its draws


@dataclass(frozen=True)
class FrontBars:
    """Both ends of each objective `[designs]` in SI, and the chances `[designs]`."""

    ends: dict[str, tuple[Rows, Rows]]
    on_front: Rows


def front_bars(front: Runs) -> FrontBars | None:
    """Return bars and chances of a front; None where it is too long or not finite."""
    if not 1 < len(front) <= _MOST:
        return None
    wanted = [o.metric for o in front.objectives]
    try:
        found = uncertainty_of(front, draws=DRAWS)
    except InputError:  # of a draw that has no finite answer
        return None
    known = [metric for metric in wanted if np.isfinite(found.metrics[metric]).all()]
    return FrontBars(
        {metric: found.interval(metric) for metric in known},
        found.on_front(*map(str, front.objectives)),
    )


def bars_note(bars: FrontBars | None) -> str:
    """Say what the chances of a table are, and the ranges beside its numbers."""
    if bars is None:
        return ""
    return (
        f"The chance is the share of {DRAWS:,} draws of all that is not known, assumed "
        "numbers and the error of the model, in which no other design of the front "
        f"beats this one; ranges hold the middle {100 * SHARE:.0f} % of them."
    )
