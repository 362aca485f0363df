"""What is proven of an answer: of how many designs, by how many evaluations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How far the best design that was found may be from the best there is.

    `bound` is what no design that keeps all limits can better, in SI; None where no
    design can keep them. `gap` is how much better than the one that was found that is,
    as a share of it: 0 where the one found is the best of all `designs`, infinite where
    nothing is known. `evaluations` are `boxes` that were bounded and designs that were
    evaluated for the proof, `left` the designs of boxes still open.
    """

    feasible: bool
    bound: float | None
    gap: float
    designs: int
    left: float
    evaluations: int
    boxes: int
    seconds: float
    share: str = ""  # of the designs that this is of, as `2/3`
    interrupted: bool = False  # ended by Ctrl-C, or by what ends a job

    @property
    def optimal(self) -> bool:
        """Whether no design is better than the one that was found, nor any allowed."""
        return self.gap == 0.0

    @property
    def verdict(self) -> str:
        """What is proven, in a sentence."""
        spent = _spent(self)
        every = _every(self)
        if not self.feasible:
            if self.optimal:
                return f"Proven: none of {every} designs keeps all limits; {spent}."
            return (
                f"Not proven that none of {every} designs keeps all limits: "
                f"{_count(self.left)} may; {spent}."
            )
        if self.optimal:
            return f"Proven optimal of {every} designs; {spent}."
        if self.gap == float("inf"):
            return f"Nothing is proven yet of {every} designs; {spent}."
        return f"Proven within {100 * self.gap:.2g} % of {every} designs; {spent}."

    @property
    def progress(self) -> str:
        """How far a proof has come, in a few words."""
        gap = "no bound" if self.gap == float("inf") else f"gap {100 * self.gap:.3g} %"
        return f"{gap}, {_count(self.left)} designs left"

    def __str__(self) -> str:
        return self.verdict

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data; a gap of which nothing is known is None."""
        return _plain(self, optimal=self.optimal)


@dataclass(frozen=True, kw_only=True)
class FrontProof:
    """How far designs of a space may lie beyond a front.

    Of every design that keeps all limits, one of the `points` of the front comes within
    a factor of 1 + `gap` in each objective; `asked` is the gap that was asked for.
    `evaluations` are `boxes` that were bounded and designs that were evaluated, `left`
    the designs of boxes still open.
    """

    gap: float
    asked: float
    points: int
    designs: int
    left: float
    evaluations: int
    boxes: int
    seconds: float
    share: str = ""  # of the designs that this is of, as `2/3`
    interrupted: bool = False  # ended by Ctrl-C, or by what ends a job

    @property
    def reached(self) -> bool:
        """Whether the gap that was asked for is proven."""
        return self.gap <= self.asked

    @property
    def verdict(self) -> str:
        """What is proven, in a sentence."""
        spent = _spent(self)
        every = _every(self)
        if self.gap == float("inf"):
            return f"Nothing is proven yet of {every} designs; {spent}."
        if not self.points:
            return f"Proven: none of {every} designs keeps all limits; {spent}."
        return (
            f"Proven: to each of {every} designs that keeps all limits, one of these "
            f"{self.points:,} is equal or better in every objective, within "
            f"{100 * self.gap:.2g} %; {spent}."
        )

    @property
    def progress(self) -> str:
        """How far a proof has come, in a few words."""
        return f"{self.points:,} designs, {_count(self.left)} left"

    def __str__(self) -> str:
        return self.verdict

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data; a gap of which nothing is known is None."""
        return _plain(self, reached=self.reached)


def _every(proof: Proof | FrontProof) -> str:
    share = f"share {proof.share} of " if proof.share else ""
    return share + _count(proof.designs)


def _spent(proof: Proof | FrontProof) -> str:
    return (
        f"{proof.evaluations:,} evaluations ({proof.boxes:,} of boxes) "
        f"in {proof.seconds:.3g} s{', then interrupted' * proof.interrupted}"
    )


def _plain(proof: Proof | FrontProof, **found: bool) -> dict[str, Any]:
    told = asdict(proof) | found | {"verdict": proof.verdict}
    return told | {"gap": proof.gap if proof.gap < float("inf") else None}


def _count(number: float) -> str:
    return f"{number:,.0f}" if number < 1e12 else f"{number:.3g}"
