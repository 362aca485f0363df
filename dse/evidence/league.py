"""The league: every family at its own best design, under one budget.

Of each family all designs of its space are evaluated on the same suite; per objective
the best one within the budget plays. Then the assumed numbers are drawn from their
ranges, for all players together: in which share of the draws does each win?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from tqdm.auto import tqdm

from dse.engines.base import Engine
from dse.errors import InputError
from dse.evaluation import Metrics, combine, metrics
from dse.evidence.intervals import SHARE, Interval
from dse.evidence.league_families import Family, families
from dse.evidence.league_technology import league_technology
from dse.explore.sweep import sweep
from dse.hardware.technology import Technology
from dse.workload.ops import Workload

OBJECTIVES = {"throughput": True, "energy": False, "energy_delay": False}  # higher wins
SHOWN = ("throughput", "energy", "area", "power", "energy_delay")
DRAWS = 200


@dataclass(frozen=True)
class Player:
    """A family's best design for one objective, with its error bars."""

    family: str
    objective: str
    design: Engine
    skips: str
    bound: str
    busy: float  # share of the run in which what binds it is busy
    accuracy_drop: float
    answers: dict[str, float]
    ranges: dict[str, Interval]
    wins: float  # share of the draws


@dataclass(frozen=True)
class League:
    """All players, what they had to keep to, and how many designs they came from."""

    players: tuple[Player, ...]
    designs: dict[str, int]
    budget: dict[str, float]

    def of(self, objective: str) -> list[Player]:
        """Return the players of one objective, the best first."""
        sign = -1.0 if OBJECTIVES[objective] else 1.0
        ours = [p for p in self.players if p.objective == objective]
        return sorted(ours, key=lambda player: sign * player.answers[objective])


def play(
    *,
    node_nm: float = 14.0,
    area: float = 50e-6,
    power: float | None = None,
    accuracy_drop: float = 0.01,
    bandwidth_gb_per_s: float = 25.6,
    draws: int = DRAWS,
    entrants: Sequence[Family] | None = None,
    progress: bool = True,
) -> League:
    """Return the league under one budget; SI except where a name says otherwise.

    Raises `InputError` where a family has no design within the budget.
    """
    playing = list(entrants or families(accuracy_drop, bandwidth_gb_per_s))
    limits = [f"area <= {area * 1e6:g} mm^2"]
    if power is not None:
        limits.append(f"power <= {power:g} W")
    found: list[tuple[Family, str, Engine, Metrics, dict[str, Any]]] = []
    bar = tqdm(playing, unit="family", disable=not progress, delay=2.0)
    for family in bar:
        bar.set_postfix_str(family.name)
        technology = league_technology(family.space.design, node_nm)
        drawn = league_technology(family.space.design, node_nm, draws=draws)
        own = list(limits)
        if family.accuracy_drop is None:
            own.append(f"accuracy_drop <= {accuracy_drop * 100.0:g} %")
        for objective, design in _best(family, technology, own).items():
            exact = _answer(design, family.suite, technology)
            cloud = _answers(design, family.suite, drawn)
            found.append((family, objective, design, exact, cloud))
    budget = {
        "node_nm": node_nm,
        "area_mm2": area * 1e6,
        "accuracy_drop": accuracy_drop,
        "bandwidth_gb_per_s": bandwidth_gb_per_s,
    } | ({} if power is None else {"power_w": power})
    wins = _wins(found)
    players = tuple(
        _player(*row, wins=share) for row, share in zip(found, wins, strict=True)
    )
    return League(players, {f.name: f.space.size for f in playing}, budget)


def _best(
    family: Family, technology: Technology, limits: list[str]
) -> dict[str, Engine]:
    """Return the best design of a family for each objective, within the limits."""
    runs = sweep(
        family.space,
        family.suite,
        limits=limits,
        technology=technology,
        progress=False,
    )
    allowed = runs.reason == ""
    if not allowed.any():
        raise InputError(
            f"{family.name} has no design with {', '.join(limits)}; widen the budget."
        )
    best = {}
    for objective, higher in OBJECTIVES.items():
        values = runs.column(objective)
        cost = np.where(allowed, -values if higher else values, np.inf)
        best[objective] = runs.design(int(np.argmin(cost)))
    return best


def _suite_metrics(
    design: Engine, suite: tuple[Workload, ...], technology: Technology
) -> Metrics:
    parts = [metrics(design, workload, technology, "walk") for workload in suite]
    return combine(parts, [1.0] * len(parts))


_answer = jax.jit(_suite_metrics)


@jax.jit
def _answers(
    design: Engine, suite: tuple[Workload, ...], drawn: Technology
) -> dict[str, Any]:
    """Return the shown metrics over all draws of a technology, each `[draws]`."""

    def one(technology: Technology) -> dict[str, Any]:
        found = _suite_metrics(design, suite, technology)
        return {name: getattr(found, name) for name in SHOWN}

    return jax.vmap(one)(drawn)


def _wins(found: list[Any]) -> list[float]:
    """Return for each row the share of draws in which it wins its objective."""
    shares = []
    for _, objective, _, _, cloud in found:
        sign = 1.0 if OBJECTIVES[objective] else -1.0
        own = sign * np.asarray(cloud[objective])
        rivals = [
            sign * np.asarray(r[4][objective]) for r in found if r[1] == objective
        ]
        shares.append(float(np.mean(own >= np.max(rivals, axis=0))))
    return shares


def _player(
    family: Family,
    objective: str,
    design: Engine,
    exact: Metrics,
    cloud: dict[str, Any],
    *,
    wins: float,
) -> Player:
    tails = 50.0 * (1.0 - SHARE)
    ranges = {
        name: Interval(*map(float, np.percentile(cloud[name], [tails, 100.0 - tails])))
        for name in SHOWN
    }
    bound = exact.bottleneck
    told = family.accuracy_drop
    drop = exact.accuracy_drop if told is None else told
    return Player(
        family=family.name,
        objective=objective,
        design=design,
        skips=family.skips,
        bound=bound,
        busy=float(exact.utilization[bound]),
        accuracy_drop=0.0 if drop is None else float(drop),
        answers={name: float(getattr(exact, name)) for name in SHOWN},
        ranges=ranges,
        wins=wins,
    )
