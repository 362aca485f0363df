"""A search by boxes: what is open, what was closed, and what it has taken so far."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from dse.tuning.enclosure import Array, Boxes, Enclosure, Told, together
from dse.tuning.exact import Exact
from dse.tuning.proof import FrontProof, Proof
from dse.tuning.proof_file import Begun


class BoxSearch(ABC):
    """The boxes that are open, and those that were closed if a file is to `keep` them.

    It goes on from what was `begun`.
    """

    open: Boxes

    def __init__(
        self,
        enclosure: Enclosure,
        exact: Exact,
        gap: float,
        begun: Begun,
        *,
        keep: bool,
    ) -> None:
        self._enclosure, self._exact, self._gap = enclosure, exact, gap
        self._begun, self._keep = begun, keep
        self._before = exact.evaluations - begun.designs
        self._boxes = begun.boxes
        self._closed = [begun.closed]

    @abstractmethod
    def step(self) -> None:
        """Halve some of the open boxes."""

    def steps(
        self,
        began: float,
        seconds: float | None,
        pause: float,
        tell: Callable[[float], None],
    ) -> None:
        """Search until no box is open, or for some `seconds`.

        `tell` hears after each `pause`, and at the end of the time, what was spent.
        """
        told = began
        while len(self.open):
            self.step()
            now = time.perf_counter()
            ends = seconds is not None and now - began >= seconds
            if ends or now - told >= pause:
                tell(now - began)
                told = now
            if ends:
                break

    def _ask(self, boxes: Boxes) -> Told:
        self._boxes += len(boxes)
        return self._enclosure(boxes)

    def _shut(self, boxes: Boxes) -> None:
        if self._keep and len(boxes):
            self._closed.append(boxes)

    def _shut_points(self, points: Array) -> None:
        """Close the boxes of single designs."""
        self._shut(Boxes(*[points.astype(self.open.first.dtype)] * 2))

    def _spent(self, seconds: float) -> dict[str, Any]:
        """Return what any proof tells: of how many designs, and what it has taken."""
        designs = self._exact.evaluations - self._before
        return {
            "designs": self._enclosure.designs,
            "left": float(self.open.sizes.sum()),
            "evaluations": self._boxes + designs,
            "boxes": self._boxes,
            "seconds": self._begun.seconds + seconds,
            "share": self._begun.share,
        }

    def _come_to(
        self, proof: Proof | FrontProof, points: Array, **more: float
    ) -> Begun:
        """Return how far it has come, for a file."""
        return Begun(
            together(self._closed),
            self.open,
            points,
            boxes=proof.boxes,
            designs=proof.evaluations - proof.boxes,
            seconds=proof.seconds,
            share=proof.share,
            **more,
        )
