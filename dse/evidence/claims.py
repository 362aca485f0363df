"""What a publication concludes, beside what the model says: one row per quantity.

A validation is a module of `dse.evidence` with one function:

    validate(data: Path | None, *, progress: bool) -> list[Claim]

and a line in `dse.evidence.registry`; `dse validate NAME` prints its rows. Claimed
figures stand in `hw_params/reported/`, never in a model. An interval comes from
`dse.evidence.intervals`, which draws the assumed numbers from their ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dse.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published figure and what the model makes of it, both in `unit`.

    Three questions, never mixed: how far off the model is (`error`), whether that is
    near enough (`met`, by a `tolerance` said before, as a share of the figure), and
    whether the interval holds the figure (`held`): `low` to `high` is where nine in ten
    of the model's answers lie as its assumed numbers move in their ranges. A claim
    without an answer says why in `reason`; elsewhere `reason` explains a miss. `fitted`
    marks a claim that a number of the model was fitted to: it proves nothing. Raises
    `InputError` for a claim with neither answer nor reason.
    """

    name: str
    claimed: float
    unit: str
    source: str
    where: str
    modelled: float | None = None
    low: float | None = None
    high: float | None = None
    tolerance: float = 0.0
    fitted: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        if self.modelled is None and not self.reason:
            raise InputError(
                f"claim `{self.name}` has no answer of a model; say why in `reason`."
            )

    @property
    def error(self) -> float | None:
        """How far off the model is, as a share of the figure; above 0: too high."""
        if self.modelled is None or self.claimed == 0:
            return None
        return (self.modelled - self.claimed) / abs(self.claimed)

    @property
    def met(self) -> bool | None:
        """Whether the model is as near as the tolerance asks; None where none does."""
        if self.modelled is None or self.tolerance == 0:
            return None
        return abs(self.modelled - self.claimed) <= self.tolerance * abs(self.claimed)

    @property
    def held(self) -> bool | None:
        """Whether the interval holds the figure; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= self.claimed <= self.high

    def as_row(self) -> dict[str, Any]:
        """Return all fields and the answers to the three questions, for JSON."""
        return asdict(self) | {
            "error": self.error,
            "met": self.met,
            "held": self.held,
        }


def summary_of(claims: Sequence[Claim]) -> dict[str, Any]:
    """Return how near a table is to what was published, fitted rows left out.

    `rows` that the model answers; `median` and `worst` error as shares; `met` of those
    `with_tolerance`, `held` of those `with_interval`.
    """
    unseen = [c for c in claims if c.modelled is not None and not c.fitted]
    errors = [abs(c.error) for c in unseen if c.error is not None]
    met = [c.met for c in unseen if c.met is not None]
    held = [c.held for c in unseen if c.held is not None]
    return {
        "rows": len(unseen),
        "fitted": sum(c.fitted for c in claims),
        "median": float(np.median(errors)) if errors else None,
        "worst": max(errors, default=None),
        "met": sum(met),
        "with_tolerance": len(met),
        "held": sum(held),
        "with_interval": len(held),
    }
