"""A search by boxes: what is open, what was closed, and what it has taken so far."""

from __future__ import annotations

import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dse.arrays import Array
from dse.tuning.enclosure import Boxes, Enclosure, Told, together
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
        self._interrupted = False

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
        """Search until no box is open, for some `seconds`, or until it is interrupted.

        `tell` hears after each `pause`, and where the search ends early, what was
        spent.
        """
        told = began
        with ended_by_signals() as signals:
            while len(self.open):
                self.step()
                now = time.perf_counter()
                late = seconds is not None and now - began >= seconds
                self._interrupted = bool(signals and len(self.open))
                if late or signals or now - told >= pause:
                    tell(now - began)
                    told = now
                if late or signals:
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
            "interrupted": self._interrupted,
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


@contextmanager
def ended_by_signals() -> Iterator[list[int]]:
    """Collect Ctrl-C, or what a batch system ends a job by, for a loop to end itself.

    Only the first: another does what it does elsewhere. Threads beside the main one
    hear of neither.
    """
    seen: list[int] = []
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        restore()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if handler not in (None, signal.SIG_IGN):  # set by another, or by `nohup`
                before[number] = handler
                signal.signal(number, note)
    try:
        yield seen
    finally:
        restore()
