"""What a publication concludes, beside what the model says: one row per quantity.

A validation is a module of `dse.evidence` with one function:

    validate(data: Path | None, *, progress: bool) -> list[Claim]

and a line in `dse.evidence.registry`; `dse validate NAME` prints its rows. Claimed
figures stand in `hw_params/reported/`, never in a model. An interval comes from
`dse.evidence.intervals`, which draws the assumed numbers from their ranges.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from dse.errors import InputError

Verdict = Literal["inside", "outside", "not modelled"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One published figure and what the model makes of it, both in `unit`.

    `low` to `high` is where the model's answer lies as its assumed numbers move in
    their ranges; left out, it is the answer itself. `tolerance` is a share of the
    claimed figure: how exactly it is known, or how near counts as met. A claim without
    an answer says why in `reason`; elsewhere `reason` explains a miss. `fitted` marks a
    claim that a number of the model was fitted to: it is met by design and proves
    nothing. Raises `InputError` for a claim with neither answer nor reason.
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
    def verdict(self) -> Verdict:
        """Say whether the claimed figure lies where the model's answers do.

        low - tolerance |claimed| <= claimed <= high + tolerance |claimed|
        """
        if self.modelled is None:
            return "not modelled"
        low = self.modelled if self.low is None else self.low
        high = self.modelled if self.high is None else self.high
        margin = self.tolerance * abs(self.claimed)
        is_inside = low - margin <= self.claimed <= high + margin
        return "inside" if is_inside else "outside"

    def as_row(self) -> dict[str, Any]:
        """Return all fields and the verdict, as files and JSON show them."""
        return asdict(self) | {"verdict": self.verdict}
