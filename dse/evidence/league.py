"""The league: every family at its own best design, under one budget.

Of each family all designs of its space are evaluated on the same suite; per objective
the best one within the budget plays. Then the assumed numbers are drawn from their
ranges, for all players together: in which share of the draws does each win?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from dse.engines.base import Engine
from dse.evidence.intervals import SHARE, Interval
from dse.evidence.league_families import Family, families
from dse.evidence.league_field import OBJECTIVES, SHOWN, Field

DRAWS = 200


@dataclass(frozen=True)
class Player:
    """A family's best design for one objective, with its error bars."""

    family: str
    objective: str
    design: Engine
    batch: float  # sequences run together
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
    limits = {"area": area, "accuracy_drop": accuracy_drop}
    if power is not None:
        limits["power"] = power
    found: list[tuple[Family, str, int, dict[str, Any]]] = []
    bar = tqdm(playing, unit="family", disable=not progress, delay=2.0)
    for family in bar:
        bar.set_postfix_str(family.name)
        field = Field(family, node_nm, draws)
        for objective, row in field.best(limits).items():
            found.append((family, objective, row, field.luck(row)))
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


def _wins(found: list[Any]) -> list[float]:
    """Return for each row the share of draws in which it wins its objective."""
    shares = []
    for _, objective, _, cloud in found:
        sign = 1.0 if OBJECTIVES[objective] else -1.0
        own = sign * cloud[objective][1:]
        same = (row[3] for row in found if row[1] == objective)
        best = np.max([sign * rival[objective][1:] for rival in same], axis=0)
        shares.append(float(np.mean(own >= best)))
    return shares


def _player(
    family: Family,
    objective: str,
    row: int,
    cloud: dict[str, Any],
    *,
    wins: float,
) -> Player:
    """Return a player from its answers: the first is exact, the others are draws."""
    tails = 50.0 * (1.0 - SHARE)
    ranges = {
        name: Interval(
            *map(float, np.percentile(cloud[name][1:], [tails, 100.0 - tails]))
        )
        for name in SHOWN
    }
    busy = {unit: float(share[0]) for unit, share in cloud["utilization"].items()}
    bound = max(busy, key=lambda unit: busy[unit])
    return Player(
        family=family.name,
        objective=objective,
        design=family.space.at(row),
        batch=float(family.space.decode(row)["batch"]),
        skips=family.skips,
        bound=bound,
        busy=busy[bound],
        accuracy_drop=float(cloud["accuracy_drop"][0]),
        answers={name: float(cloud[name][0]) for name in SHOWN},
        ranges=ranges,
        wins=wins,
    )
