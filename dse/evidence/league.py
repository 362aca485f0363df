"""The league: every family at its own best design, under one budget.

Of each family all designs of its space are evaluated on the same suite; per objective
the best one within the budget plays. Then the assumed numbers are drawn from their
ranges, for all players together, and the error of each family's model from what was
learned of it: in which share of the draws does each win?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dse.engines.base import Engine
from dse.engines.pair import Pair
from dse.engines.sprint.engine import SprintEngine
from dse.engines.tile.engine import TileEngine
from dse.errors import InputError, did_you_mean
from dse.evaluation import Metrics, combine
from dse.evidence.intervals import Interval
from dse.evidence.league_families import CLOCK_MHZ, WORD_BITS, Family, families
from dse.explore.evaluate import evaluate
from dse.explore.limits import read_limits
from dse.explore.progress import progress_bar
from dse.explore.runs import Runs
from dse.explore.sweep import sweep
from dse.explore.uncertainty import Uncertainty, uncertainty
from dse.hardware.buildable import bounds
from dse.hardware.main_memory import FILE as MEMORIES
from dse.hardware.main_memory import KINDS
from dse.hardware.shared_parts import multiplier, with_shared_parts
from dse.hardware.technology import Technology, join_technologies, load_technology

DRAWS = 1000
# What is played for, and whether more of it is better.
OBJECTIVES = {"throughput": True, "energy": False, "energy_delay": False}
SHOWN = ("throughput", "energy", "area", "power", "energy_delay")


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
    tight: tuple[str, ...]  # bounds of the budget, or of any chip, that are used up
    accuracy_drop: float
    answers: dict[str, float]
    ranges: dict[str, Interval]
    wins: float  # share of the draws, of numbers and of the error of the models


@dataclass(frozen=True)
class League:
    """All players, what they had to keep to, and how many designs they came from.

    `absent` names the families of which no design keeps to the budget.
    """

    players: tuple[Player, ...]
    designs: dict[str, int]
    absent: tuple[str, ...]
    budget: dict[str, Any]

    def of(self, objective: str) -> list[Player]:
        """Return the players of one objective, the best first."""
        sign = -1.0 if OBJECTIVES[objective] else 1.0
        ours = [p for p in self.players if p.objective == objective]
        return sorted(ours, key=lambda player: sign * player.answers[objective])


def play(
    *,
    node_nm: float = 14.0,
    area_mm2: float = 50.0,
    power_w: float | None = None,
    accuracy_drop: float = 0.01,
    memory: str = "ddr4",
    bandwidth_gb_per_s: float | None = None,
    draws: int = DRAWS,
    entrants: Sequence[Family] | None = None,
    progress: bool = True,
) -> League:
    """Return the league under one budget.

    `memory` is the kind of main memory of all machines, its bandwidth that of a channel
    or stack where none is given. Raises `InputError` for an unknown memory or node, and
    where no family has a design within the budget that can be built.
    """
    if memory not in KINDS:
        raise InputError(
            f"`memory` is {memory!r:.40}, no kind of main memory."
            + did_you_mean(memory, KINDS)
        )
    lost, *limits = _limits(accuracy_drop, area_mm2, power_w)
    if bandwidth_gb_per_s is None:
        bandwidth = load_technology(MEMORIES)[f"{memory}.bandwidth"]
        bandwidth_gb_per_s = float(bandwidth) / 1e9
    playing = list(entrants or families(accuracy_drop, memory, bandwidth_gb_per_s))
    found: dict[str, tuple[Family, Uncertainty]] = {}
    absent = []
    bar = progress_bar(progress, unit="family", over=playing)
    for family in bar:
        bar.set_postfix_str(family.name)
        # Where a family's loss is stated, its model knows of none.
        known = [lost] if family.accuracy_drop is None else []
        best = best_of(family, node_nm, [*limits, *known])
        if len(best):
            technology = best.basis.technology
            workloads = list(family.suite)
            drawn = uncertainty(best, workloads, draws=draws, technology=technology)
            found[family.name] = family, drawn
        else:
            absent.append(family.name)
    budget = {
        "node_nm": node_nm,
        "area_mm2": area_mm2,
        "accuracy_drop": accuracy_drop,
        "memory": memory,
        "bandwidth_gb_per_s": bandwidth_gb_per_s,
    } | ({} if power_w is None else {"power_w": power_w})
    if not found:
        raise InputError(
            f"no family has a design with {' and '.join(limits)} that can be built; "
            "widen the budget."
        )
    most = {"area": area_mm2 * 1e-6} | ({} if power_w is None else {"power": power_w})
    players = tuple(
        player
        for objective in OBJECTIVES
        for player in _players(objective, found, most)
    )
    sizes = {family.name: family.space.size for family in playing}
    return League(players, sizes, tuple(absent), budget)


def _limits(drop: float, area_mm2: float, power_w: float | None) -> list[str]:
    """Return the budget as limits, accuracy first; `InputError` if none can keep it."""
    limits = [f"accuracy_drop <= {drop * 100.0!r} %", f"area <= {area_mm2!r} mm^2"]
    if power_w is not None:
        limits.append(f"power <= {power_w!r} W")
    read_limits(limits)  # now, and not after designs were evaluated
    return limits


def best_of(family: Family, node_nm: float, limits: Sequence[str]) -> Runs:
    """Return the best design of a family for each objective, in their order.

    Only designs that can be built and keep some limits; no rows where there are none.
    """
    goals = [f"{'max' if most else 'min'}:{name}" for name, most in OBJECTIVES.items()]
    front = sweep(
        family.space,
        list(family.suite),
        front=goals,
        limits=limits,
        accept_foreign_accuracy=True,
        technology=league_technology(family.space.design, node_nm),
        keep="distinct",
        progress=False,
    )
    if not len(front):
        return front
    return front.take(np.argmin(front.costs(front.objectives), axis=0))


def league_technology(engine: Engine, node_nm: float) -> Technology:
    """Return the technology of an engine at a node, with what all families share."""
    if isinstance(engine, Pair):
        return join_technologies(
            host=league_technology(engine.host, node_nm),
            coprocessor=league_technology(engine.coprocessor, node_nm),
        )
    return with_shared_parts(engine.default_technology(), node_nm)


def differences(node_nm: float) -> dict[str, str]:
    """Return what is not the same for all, by family, each with its size."""
    edge = TileEngine.edge().replace(clock_mhz=CLOCK_MHZ)
    shared = league_technology(edge, node_nm)
    long = multiplier(shared, edge.word_bits, edge.word_bits).energy
    word = multiplier(shared, WORD_BITS, WORD_BITS).energy
    energon = load_technology("energon")["pipeline.utilization"]
    pruner = SprintEngine.m_sprint()
    sprint = league_technology(pruner, node_nm)
    interface = float(pruner.interface_area(sprint)["memory_interface"]) * 1e6
    clock = float(edge.clock(shared)) / 1e6
    return {
        "AccelTran": f"words of {edge.word_bits:g} bits, whose products cost "
        f"{long / word:.2f} times those of {WORD_BITS:g}, for shorter ones were not "
        f"measured; {clock:.0f} MHz, which is what its lanes allow, for "
        f"{CLOCK_MHZ:g}; lanes that idle are gated, as nobody else's are",
        "STA": "its array, and that of both hosts, is full whenever its operands are "
        "there: nothing public says otherwise",
        "SPRINT": "a ReRAM of its own beside the main memory, whose interface takes "
        f"{interface:.1f} mm^2, and whose cells wear; a product of 4 bits in it takes "
        f"{sprint['main_memory.mac_energy'] * 1e12:.2f} pJ at any node (one of "
        f"{WORD_BITS:g} bits in logic {word * 1e12:.2f})",
        "Energon": f"units that work in {energon:.0%} of the cycles, fitted to a "
        "published rate",
    }


def _players(
    objective: str,
    found: dict[str, tuple[Family, Uncertainty]],
    most: dict[str, float],
) -> list[Player]:
    place = list(OBJECTIVES).index(objective)
    sign = 1.0 if OBJECTIVES[objective] else -1.0
    clouds = {
        n: sign * drawn.metrics[objective][place] for n, (_, drawn) in found.items()
    }
    best = np.max(list(clouds.values()), axis=0)
    return [
        _player(
            family,
            objective,
            place,
            drawn,
            float(np.mean(clouds[name] >= best)),
            most,
        )
        for name, (family, drawn) in found.items()
    ]


def _tight(answers: Metrics, most: dict[str, float]) -> tuple[str, ...]:
    """Return the bounds of which a machine uses nine tenths or more."""
    limits = {bound.metric: bound.most for bound in bounds()} | most
    used = {name: getattr(answers, name) for name in limits}
    return tuple(
        name.replace("_", " ")
        for name, value in used.items()
        if value is not None and value >= 0.9 * limits[name] and name != "clock_use"
    )


def _player(
    family: Family,
    objective: str,
    place: int,
    drawn: Uncertainty,
    wins: float,
    most: dict[str, float],
) -> Player:
    index = int(drawn.runs.index[place])  # type: ignore[union-attr]
    values = {n: float(v) for n, v in family.space.decode(index).items()}
    technology = drawn.basis.technology
    placed = [family.space.place(values, workload) for workload in family.suite]
    answers = combine(
        [evaluate(*each, technology=technology) for each in placed],
        [1.0] * len(placed),
    )
    busy = {unit: float(share) for unit, share in answers.utilization.items()}
    bound = max(busy, key=lambda unit: busy[unit])
    drop = family.accuracy_drop
    if drop is None:
        drop = float(answers.accuracy_drop or 0.0)
    return Player(
        family=family.name,
        objective=objective,
        design=family.space.at(index),
        batch=values["batch"],
        skips=family.skips,
        bound=bound,
        busy=busy[bound],
        tight=_tight(answers, most),
        accuracy_drop=drop,
        answers={name: float(drawn.nominal[name][place]) for name in SHOWN},
        ranges={
            n: Interval(*(float(e[place]) for e in drawn.interval(n))) for n in SHOWN
        },
        wins=wins,
    )
