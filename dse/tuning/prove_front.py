"""Branch and bound of a front: what is left once all is closed that it comes near.

A box of designs is closed if none can be allowed, or if one design of the front is no
worse than all of it by more than a factor, in every objective. Of the others those that
lie farthest beyond the front are halved first; small ones are enumerated, and what lies
beyond the front joins it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dse.arrays import Array
from dse.explore.objectives import Objective
from dse.explore.pareto import front_mask
from dse.explore.shard import Shard
from dse.tuning.box_search import BoxSearch
from dse.tuning.cover import Cover, logarithms
from dse.tuning.enclosure import Enclosure, Told, together
from dse.tuning.exact import Exact
from dse.tuning.halving import halve, nearer, nearer_a_limit, next_boxes
from dse.tuning.proof import FrontProof
from dse.tuning.proof_file import Begun, begin, write_proof

FEW = 4  # designs of a box that is enumerated
PAUSE = 1.0  # seconds between two words of progress, and looks at all open boxes
TRIED = 32  # boxes of a step whose middle is tried
FINER = 0.25  # of the gap, by which a design must be better to join the front
FAR = 10.0  # the most that a box counts beyond a front, a logarithm


def prove_front(
    enclosure: Enclosure,
    exact: Exact,
    points: Array,
    *,
    gap: float,
    seconds: float | None = None,
    tell: Callable[[FrontProof], None] = lambda proof: None,
    file: Path | None = None,
    begun: Begun | None = None,
) -> tuple[Array, FrontProof]:
    """Return the points of a front, and how far designs may lie beyond it.

    `points` `[designs, axes]` are some to begin from. The search ends when none lies
    beyond by more than a factor of 1 + `gap`, or after some `seconds`; `tell` hears how
    far it has come. What is proven by then is written to a `file`, to be checked, or
    gone on with: `begun`.
    """
    began = time.perf_counter()
    begun = begin(enclosure, Shard()) if begun is None else begun
    search = _FrontSearch(enclosure, exact, points, gap, begun, keep=file is not None)

    def look(spent: float) -> None:
        search.close()
        tell(search.proof(spent))

    search.steps(began, seconds, PAUSE, look)
    proof = search.proof(time.perf_counter() - began, measure=True)
    if file is not None:
        write_proof(file, enclosure, search.come_to(proof), search.costs, gap)
    return search.points, proof


class _FrontSearch(BoxSearch):
    """The boxes that are open, their bounds, and the front so far."""

    def __init__(
        self,
        enclosure: Enclosure,
        exact: Exact,
        points: Array,
        gap: float,
        begun: Begun,
        *,
        keep: bool,
    ) -> None:
        super().__init__(enclosure, exact, gap, begun, keep=keep)
        objectives = enclosure.problem.objectives
        self._maximize = np.asarray(
            [isinstance(o, Objective) and o.maximize for o in objectives]
        )
        self._chance = np.random.default_rng(0)
        self.points = points[:0]
        self.costs = np.zeros((0, len(objectives)))
        self._cover = self._covered()
        self._join(np.concatenate([points, begun.points]))
        told = self._ask(begun.open)
        self.open = begun.open.take(told.allowed)
        self._lows = self._logs(told.costs[:, told.allowed])  # [objectives, boxes]
        self._beyond = np.full(len(self.open), np.inf)  # how far, at most
        self._shut(begun.open.take(~told.allowed))

    def step(self) -> None:
        """Halve the boxes farthest beyond the front, or the smallest of many."""
        fast = self._enclosure.is_fast
        chosen = next_boxes(self.open, -self._beyond, fast=fast)
        parents, lows = self.open.take(chosen), self._lows[:, chosen]
        self._keep_open(~chosen)
        self._join(
            parents.take(self._chance.permutation(len(parents))[:TRIED]).middles()
        )
        near = self._cover.covers(lows)
        self._shut(parents.take(near))
        parents, lows = parents.take(~near), lows[:, ~near]
        if not len(parents):
            return
        nearest = self._cover.nearest(lows)

        def closed(before: Told, after: Told, box: Array) -> Array:
            short, now = (
                self._short(self._logs(told.costs), nearest[:, box])
                for told in (before, after)
            )
            by_front = nearer(-short, -now, 0.0)
            share: Array = np.maximum(by_front, nearer_a_limit(before, after))
            return share

        halves, told = halve(self._ask, parents, closed)
        lows = np.maximum(self._logs(told.costs), np.tile(lows, 2))
        beyond = self._short(lows, np.tile(nearest, 2))
        shut = ~told.allowed | self._cover.covers(lows)
        self._shut(halves.take(shut))
        few = ~shut & (halves.sizes <= FEW)
        points = halves.take(few).points()
        self._join(points)
        self._shut_points(points)
        left = ~shut & ~few
        self.open = together([self.open, halves.take(left)])
        self._lows = np.concatenate([self._lows, lows[:, left]], axis=1)
        self._beyond = np.concatenate([self._beyond, beyond[left]])

    def close(self) -> None:
        """Drop the boxes that the front has come near since they were opened."""
        near = self._cover.covers(self._lows)
        self._shut(self.open.take(near))
        self._keep_open(~near)

    def proof(self, seconds: float, *, measure: bool = False) -> FrontProof:
        """Return what is proven so far; how far, if that is to be measured."""
        gap = self._gap
        if len(self.open):
            gap = max(gap, self._cover.lag(self._lows)) if measure else np.inf
        return FrontProof(
            gap=gap,
            asked=self._gap,
            points=len(self.points),
            **self._spent(seconds),
        )

    def come_to(self, proof: FrontProof) -> Begun:
        """Return how far it has come, for a file."""
        return self._come_to(proof, self.points)

    def _logs(self, costs: Array) -> Array:
        return logarithms(costs, self._maximize)

    def _short(self, lows: Array, nearest: Array) -> Array:
        """Return how far bounds lie beyond designs, summed over objectives, [rows]."""
        room = np.log1p(self._gap)
        with np.errstate(invalid="ignore"):
            lag = np.nan_to_num(nearest - lows, nan=FAR) - room
        return np.asarray(np.clip(lag, 0.0, FAR).sum(axis=0))

    def _keep_open(self, rows: Array) -> None:
        self.open, self._lows = self.open.take(rows), self._lows[:, rows]
        self._beyond = self._beyond[rows]

    def _join(self, points: Array) -> None:
        """Let those of some points join the front that are allowed and lie beyond it.

        A design does by a part of the gap, so that a front stays short.
        """
        if not len(points):
            return
        found = self._exact(points)
        found = found.take(found.violation == 0)
        logs = self._logs(found.costs.T)
        beyond = ~self._cover.covers(logs, FINER * np.log1p(self._gap))
        if not beyond.any():
            return
        costs = np.concatenate([self.costs, found.costs[beyond]])
        points = np.concatenate([self.points, found.points[beyond]])
        best = front_mask(costs, keep="distinct")
        self.costs, self.points = costs[best], points[best]
        self._cover = self._covered()

    def _covered(self) -> Cover:
        return Cover(self._logs(self.costs.T), self._gap)
