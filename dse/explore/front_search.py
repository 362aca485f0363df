"""The search for an exact front in constant memory.

The grid is searched block by block in float32: a design that a known one beats by more
than `GUARD` in every objective cannot be on the front and is dropped on the device. The
few that remain are evaluated in float64 and merged into the front. What comes out is
the front of the float64 model, whatever the size and order of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.explore.evaluator import BATCH, Evaluator
from dse.explore.grid import Answer, over_grid, split_axes
from dse.explore.limits import Limit
from dse.explore.objectives import Objective
from dse.explore.pareto import Keep, front_mask
from dse.explore.runs import Runs, with_reasons
from dse.explore.space import Space

GUARD = 1e-5  # relative; float32 answers lie well within it of the float64 ones
PIVOTS = 16  # designs of the front that every block is compared with on the device

Rows = np.ndarray[Any, Any]


class FrontSearch:
    """The front so far, and the search that grows it block by block."""

    def __init__(
        self,
        space: Space,
        evaluator: Evaluator,
        objectives: tuple[Objective, ...],
        limits: Sequence[Limit],
        keep: Keep,
    ) -> None:
        self._space = space
        self._evaluate = evaluator
        self._objectives = objectives
        self._limits = limits
        self._keep = keep
        self._waiting: list[Rows] = []
        self._pivots = np.full((PIVOTS, len(objectives)), np.inf, np.float32)
        self._front: Runs | None = None
        self._sample = np.zeros((0, len(objectives)))

    def run(
        self,
        answer_with: Callable[[Callable[[Any], Any]], Answer],
        block_size: int,
        report: Callable[[int], Any],
    ) -> Runs:
        """Search the whole space; `report` is told the size of each block."""
        space = self._space
        latency = answer_with(lambda found: found.latency)
        slow, fast = split_axes(space, latency, block_size)
        grid = {n: jnp.asarray(space.values(n), jnp.float32) for n in fast}
        first = {n: jnp.float32(space.values(n)[0]) for n in slow}
        block = jax.jit(self._block_search(answer_with, fast))
        # Compiled now, while the evaluator compiles in a thread of its own.
        search = block.lower({**first, **grid}, self._pivots).compile()
        places = _places(space, fast)
        front = self._take_sample()
        for corner in _corners(space, slow):
            values = {n: jnp.float32(space.values(n)[at]) for n, at in corner.items()}
            alive = np.asarray(search({**values, **grid}, self._pivots))
            start = sum(at * _stride(space, n) for n, at in corner.items())
            self._waiting.append(self._legal(start + places[np.flatnonzero(alive)]))
            if sum(map(len, self._waiting)) >= max(BATCH, len(front)):
                front = self._merge()
            report(len(places))
        front = self._merge()
        return replace(front, evaluated=space.size, objectives=self._objectives)

    def _block_search(
        self, answer_with: Callable[[Callable[[Any], Any]], Answer], fast: Sequence[str]
    ) -> Callable[[Mapping[str, Any], Any], Any]:
        """Return what says which designs of a block may be on the front."""
        over_block = over_grid(answer_with(self._costs_within_limits), fast)

        def search(moved: Mapping[str, Any], pivots: Any) -> Any:
            costs = [cost.ravel() for cost in over_block(moved)]
            beaten = jnp.zeros(costs[0].shape, bool)
            for pivot in pivots + GUARD * jnp.abs(pivots):
                worse = jnp.ones_like(beaten)
                for cost, best in zip(costs, pivot, strict=True):
                    worse &= cost >= best
                beaten |= worse
            return ~beaten

        return search

    def _legal(self, indices: Rows) -> Rows:
        """Drop designs that break a rule of the space, decided in float64."""
        legal = np.ones(len(indices), bool)
        for broken in self._space.illegal(self._space.decode(indices)).values():
            legal &= ~np.asarray(broken)
        return indices[legal]

    def _costs_within_limits(self, found: Any) -> list[Any]:
        broken = [limit.excess(found) > GUARD for limit in self._limits]
        costs = [jnp.asarray(o.cost(found)) for o in self._objectives]
        for rule in broken:
            costs = [jnp.where(rule, jnp.inf, cost) for cost in costs]
        return costs

    def _take_sample(self) -> Runs:
        """Start from the front of some designs drawn at random."""
        count = min(BATCH, self._space.size)
        self._waiting.append(self._space.sample(count))
        front = self._merge()
        self._sample = self._last_costs
        return front

    def _look_at(self, indices: Rows) -> Runs:
        metrics = self._evaluate(indices)
        return with_reasons(self._space, indices, metrics, self._limits, 0)

    def _merge(self) -> Runs:
        """Evaluate what waits in float64; keep the front of it and of the old one."""
        known = np.zeros(0, np.int64) if self._front is None else self._front.index
        fresh = np.setdiff1d(np.concatenate([known[:0], *self._waiting]), known)
        self._waiting = []
        new = self._look_at(fresh)
        self._last_costs = new.costs(self._objectives)
        both = new if self._front is None else _joined(self._front, new)
        # In order of the index, so that "distinct" keeps the first design of equals.
        both = both.take(np.argsort(both.index))
        front = both.take(front_mask(both.costs(self._objectives), keep=self._keep))
        self._choose_pivots(front.costs(self._objectives)[:1024])
        self._front = front
        return front

    def _choose_pivots(self, front: Rows) -> None:
        """Pick designs of the front that, in turn, rule out most of a sample."""
        if len(front) == 0:
            return
        seen = np.concatenate([self._sample, self._last_costs[:BATCH]])
        beats = np.stack([(seen >= row).all(axis=1) for row in front])
        alive = np.ones(len(seen), bool)
        for place in range(PIVOTS):
            best = int((beats & alive).sum(axis=1).argmax())
            self._pivots[place] = front[best]
            alive &= ~beats[best]


def _stride(space: Space, name: str) -> int:
    """Return by how much the index grows from one value of an axis to the next."""
    after = space.names.index(name) + 1
    return int(np.prod(space.shape[after:], dtype=np.int64))


def _places(space: Space, fast: Sequence[str]) -> Rows:
    """Return the index of each design of a block, counted from its first one."""
    shape = [len(space.axes[n]) for n in fast]
    place = np.zeros(shape, np.int64)
    for axis, name in enumerate(fast):
        steps = np.arange(shape[axis]) * _stride(space, name)
        place += steps.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return place.ravel()


def _corners(space: Space, slow: Sequence[str]) -> Iterator[dict[str, int]]:
    """Yield the positions on the slow axes, in an order scattered over the space."""
    shape = tuple(len(space.axes[n]) for n in slow)
    count = int(np.prod(shape, dtype=np.int64))
    for number in np.random.default_rng(0).permutation(count):
        digits = np.unravel_index(number, shape) if shape else ()
        yield {n: int(d) for n, d in zip(slow, digits, strict=True)}


def _joined(first: Runs, second: Runs) -> Runs:
    return replace(
        first,
        index=np.concatenate([first.index, second.index]),
        metrics={
            n: np.concatenate([c, second.metrics[n]]) for n, c in first.metrics.items()
        },
        reason=np.concatenate([first.reason, second.reason]),
    )
