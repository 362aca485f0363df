"""Branch and bound: what is left of a space once all is closed that cannot win.

A box of designs is closed if no design of it can be allowed, or none can cost less than
the best that is known. Of the others those of the lowest bound are halved first; small
ones are enumerated. When no box is left, the best that is known is the best of all.

Which axis a box is halved along matters most. Bounds of a box take both ends of an axis
at once wherever it stands, as if they were two numbers: what that costs along each axis
is measured at some designs, and axes that cost much are cut first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dse.tuning.enclosure import Array, Boxes, Enclosure, together
from dse.tuning.exact import Exact, Found
from dse.tuning.proof import Proof
from dse.tuning.proof_file import write_proof

BATCH = 1024  # boxes that are halved at once
FAST_BATCH = 65_536  # the same by machine code
FEW = 4  # designs of a box that is enumerated
PAUSE = 0.2  # seconds between two words of progress
TRIED = 8  # boxes of a step whose middle is tried
SAMPLES = 16  # designs at which it is measured what bounds lose
VALUES = 5  # of an axis that are tried there
LARGEST = 20.0  # loss that counts, in logarithms
LEAST = 0.005  # share of the largest loss that every axis counts with
MANY = 1_000_000  # open boxes; beyond them small ones go first, which closes some


def prove(
    enclosure: Enclosure,
    exact: Exact,
    best: Found,
    *,
    gap: float = 0.0,
    seconds: float | None = None,
    tell: Callable[[Proof], None] = lambda proof: None,
    file: Path | None = None,
) -> tuple[Found, Proof]:
    """Return the best design, and what is proven of it.

    `best` is one design to begin from. The search ends when none can be better by more
    than `gap`, a share of its cost, or after some `seconds`; `tell` hears how far it
    has come. What is proven in the end is written to a `file`, to be checked.
    """
    began = time.perf_counter()
    search = _Search(enclosure, exact, best, gap, keep=file is not None)
    told = began
    while len(search.open):
        search.step()
        now = time.perf_counter()
        ends = seconds is not None and now - began >= seconds
        if ends or now - told >= PAUSE:
            tell(search.proof(now - began))
            told = now
        if ends:
            break
    proof = search.proof(time.perf_counter() - began)
    if file is not None and not len(search.open):
        write_proof(file, enclosure, proof, together(search.closed))
    return search.best, proof


class _Search:
    """The boxes that are open, the bound of each, and the best design so far."""

    def __init__(
        self,
        enclosure: Enclosure,
        exact: Exact,
        best: Found,
        gap: float,
        *,
        keep: bool = False,
    ) -> None:
        self._enclosure, self._exact, self._gap = enclosure, exact, gap
        self._before = exact.evaluations
        self.closed: list[Boxes] = []
        self._keep = keep  # what was closed, for a file
        self._boxes = 0
        self._left_out = np.inf  # the lowest bound of what the gap closed
        self.best = best
        self.open, self._low = enclosure.whole, self._bound(enclosure.whole)
        self._close()
        self._losses = self._measure_losses() if len(self.open) else np.zeros(0)

    def step(self) -> None:
        """Halve the boxes of the lowest bounds, or the smallest if there are many."""
        batch = FAST_BATCH if self._enclosure.is_fast else BATCH
        many = len(self.open) > MANY
        keys = self.open.sizes if many else self._low
        chosen = np.zeros(len(keys), bool)
        chosen[np.argpartition(keys, min(batch, len(keys)) - 1)[:batch]] = True
        parents = self.open.take(chosen)
        self._try(parents.take(np.argsort(self._low[chosen])[:TRIED]).middles())
        halves = parents.halves(self._axes(parents))
        above = np.tile(self._low[chosen], 2)
        small = halves.sizes <= FEW
        points = halves.take(small).points()
        self._try(points)
        if self._keep and len(points):
            self.closed.append(Boxes(*np.stack([points, points]).astype(np.int32)))
        halves, above = halves.take(~small), above[~small]
        self.open = together([self.open.take(~chosen), halves])
        bounds = np.maximum(self._bound(halves), above)
        self._low = np.concatenate([self._low[~chosen], bounds])
        self._close()

    def proof(self, seconds: float) -> Proof:
        """Return what is proven so far."""
        lowest = min(self._left_out, self._low.min(initial=np.inf))
        cost, feasible = self._cost(), bool(np.isfinite(self._cost()))
        designs = self._exact.evaluations - self._before
        bound = float(min(lowest, cost))
        known = np.isfinite(bound)
        return Proof(
            feasible=feasible,
            bound=self._enclosure.problem.sign * bound if known else None,
            gap=_gap(cost, bound) if feasible else float(len(self.open) and np.inf),
            designs=int(np.prod(self._enclosure.whole.last + 1, dtype=object)),
            left=float(self.open.sizes.sum()),
            evaluations=self._boxes + designs,
            boxes=self._boxes,
            seconds=seconds,
        )

    def _cost(self) -> float:
        """Return what a design must cost less than: infinite if none is allowed yet."""
        allowed = self.best.violation[0] == 0
        return float(self.best.costs[0, 0]) if allowed else np.inf

    def _bound(self, boxes: Boxes) -> Array:
        self._boxes += len(boxes)
        return self._enclosure(boxes)[0] if len(boxes) else np.zeros(0)

    def _close(self) -> None:
        """Drop the boxes in which nothing can be better by more than the gap."""
        cost = self._cost()
        enough = cost - self._gap * abs(cost) if np.isfinite(cost) else cost
        kept = self._low < enough
        self._left_out = min(self._left_out, self._low[~kept].min(initial=np.inf))
        if self._keep and not kept.all():
            self.closed.append(self.open.take(~kept))
        self.open, self._low = self.open.take(kept), self._low[kept]

    def _axes(self, boxes: Boxes) -> Array:
        """Return the axis to halve each box along: what costs its bound most."""
        halvings = np.log2(boxes.last - boxes.first + 1.0)
        worth = np.where(halvings > 0, halvings * self._losses, -1.0)
        return np.asarray(worth.argmax(axis=1))

    def _try(self, points: Array) -> None:
        if len(points):
            found = self._exact(points)
            best = found.take(found.order()[:1])
            pair = best.violation[0], best.costs[0, 0]
            if pair < (self.best.violation[0], self.best.costs[0, 0]):
                self.best = best

    def _measure_losses(self) -> Array:
        """Return what bounds lose along each axis, [axes], as a logarithm.

        That is how far below all designs along the axis the bounds of cost and limits
        lie, in the mean over some designs, all other axes held.
        """
        chance = np.random.default_rng(0)
        ends = self._enclosure.whole.last[0]
        points = chance.integers(0, ends + 1, (SAMPLES, len(ends)), np.int32)
        losses = []
        for axis, end in enumerate(ends):
            first, last = points.copy(), points.copy()
            first[:, axis], last[:, axis] = 0, end
            bounds = self._enclosure(Boxes(first, last))
            self._boxes += SAMPLES
            values = np.unique(np.linspace(0, end, VALUES).round())
            along = np.repeat(points.astype(float), len(values), axis=0)
            along[:, axis] = np.tile(values, SAMPLES)
            found = self._exact(along)
            told = np.column_stack([found.costs[:, :1], found.excess])
            least = told.reshape(SAMPLES, len(values), -1).min(axis=1)
            losses.append(_losses(np.stack(bounds[1:], axis=1), least))
        return np.maximum(losses, LEAST * max(max(losses), LEAST))


def _losses(bounds: Array, least: Array) -> float:
    """Return the sum over cost and limits of the mean loss, of [samples, numbers].

    Costs count as ratios, excess in its own size and where the limit is truly broken:
    elsewhere no bound would close a box.
    """
    size = np.minimum(np.abs(bounds), np.abs(least))
    size[:, 1:] = 1.0
    with np.errstate(all="ignore"):
        lost = np.log1p((least - bounds) / size)
    lost[:, 1:][least[:, 1:] <= 0.0] = 0.0
    lost = np.nan_to_num(lost, nan=0.0, posinf=LARGEST)
    return float(np.clip(lost, 0.0, LARGEST).mean(axis=0).sum())


def _gap(cost: float, bound: float) -> float:
    if bound >= cost:
        return 0.0
    return float((cost - bound) / abs(cost)) if cost else np.inf
