"""Proofs of odd questions: each equals enumeration, and the second program agrees."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.tuning.enclosure import Enclosure
from dse.tuning.exact import Exact
from dse.tuning.problem import Problem
from dse.tuning.prove import prove
from tests.tuning.test_prove import every_design

CHECK = runpy.run_path(
    str(Path(__file__).parents[2] / "benchmarks" / "proofs" / "check.py")
)
EDGE = dse.TileEngine.edge()
AXES: dict[str, Any] = {
    "pes": dse.integers(1, 13),
    "lanes_per_pe": [7, 3, 5, 1, 2],  # not in order
    "clock_mhz": dse.interval(100, 900, 9),
}
Own = Callable[[Any], Any]


def waves(d: Any) -> Any:
    third = d.pes - 3.0 * jnp.floor(d.pes / 3.0)
    return jnp.tanh(5.0 * ((d.pes - 6.5) / 7.0) ** 2 - third) + abs(d.clock_mhz - 420.0)


def tied(d: Any) -> Any:
    return jnp.floor(d.pes / 4.0) + jnp.where(d.lanes_per_pe > 2, 0.0, 1.0)


def negative(d: Any) -> Any:
    return -d.pes * d.lanes_per_pe + d.pes**2 / 3.0


def zero(d: Any) -> Any:
    return (d.pes - 7.0) ** 2 * d.lanes_per_pe


def unknown(d: Any) -> Any:
    return jnp.where(d.pes * d.lanes_per_pe < 20.0, jnp.nan, d.pes * d.clock_mhz)


def endless(d: Any) -> Any:
    return 1.0 / (d.pes - 5.0) + d.clock_mhz / (d.lanes_per_pe - 3.0)


def rooted(d: Any) -> Any:
    return jnp.sqrt(d.pes - 4.0) + jnp.log(d.lanes_per_pe - 1.0) - d.clock_mhz / 1e3


GOALS: list[Own] = [waves, tied, negative, zero, unknown, endless, rooted]
LIMITS: dict[str, list[Own]] = {
    "none": [],
    "met with equality": [lambda d: d.pes - 7.0, lambda d: 500.0 - d.clock_mhz],
    "never met": [lambda d: d.pes * d.lanes_per_pe - 0.5],
    "met by one": [lambda d: abs(d.pes - 11.0) + abs(d.lanes_per_pe - 5.0) - 1e-13],
    "at times unknown": [lambda d: jnp.where(d.pes > 6, jnp.nan, -1.0)],
    "a ridge": [lambda d: abs(d.pes * d.lanes_per_pe - 22.0) - 0.5],
}


def verdict(file: Path, capsys: Any, **claim: Any) -> str:
    """Return what the second program says of a proof; of another claim, if any."""
    if claim:
        with np.load(file) as kept:
            parts = dict(kept)
        text = json.dumps(json.loads(bytes(parts["told"])) | claim).encode()
        np.savez(file, **parts | {"told": np.frombuffer(text, np.uint8)})
    capsys.readouterr()
    try:
        CHECK["main"](file)
    except SystemExit as end:
        return str(end)
    return str(capsys.readouterr().out)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.__name__)
def test_what_is_proven_of_an_odd_question_is_what_enumeration_finds(
    goal: Own, limit: str, tmp_path: Path, capsys: Any
) -> None:
    space = dse.Space(EDGE, **AXES)
    problem = Problem([goal], space, subject_to=LIMITS[limit])
    every = every_design(problem)
    allowed = every.costs[every.violation == 0, 0]
    for plain in (False, True):
        enclosure, exact = Enclosure(problem, plain=plain), Exact(problem)
        file = tmp_path / "proof.npz" if plain else None
        best, proof = prove(enclosure, exact, every.take([0]), file=file)
        assert proof.optimal
        assert proof.designs == space.size
        assert proof.feasible == bool(len(allowed))
        if len(allowed):
            assert best.violation[0] == 0
            assert best.costs[0, 0] == allowed.min()
            assert proof.bound == allowed.min()
    assert file is not None
    told = "costs less than" if len(allowed) else "is allowed"
    if goal not in (endless, rooted):  # a cost that is none it may take for any
        assert f"of {space.size} designs none {told}" in verdict(file, capsys)
    if len(allowed):
        least = float(allowed.min())
        for claim in ([], [[least + 1e-9 * (1.0 + abs(least))]]):
            assert "NOT PROVEN" in verdict(file, capsys, front=claim)


@pytest.mark.parametrize("gap", [0.03, 0.5])
def test_a_gap_is_kept_where_costs_are_negative_or_none(gap: float) -> None:
    for goal in (negative, zero):
        problem = Problem([goal], dse.Space(EDGE, **AXES))
        every = every_design(problem)
        start = every.take([int(np.argsort(every.costs[:, 0])[200])])
        best, proof = prove(Enclosure(problem), Exact(problem), start, gap=gap)
        least, found = every.costs.min(), best.costs[0, 0]
        assert least >= found - gap * abs(found)
        assert proof.bound is not None
        assert proof.bound <= least


def test_spaces_of_one_design_and_values_that_come_twice_are_refused() -> None:
    with pytest.raises(InputError, match="nothing can move"):
        Problem([zero], dse.Space(EDGE, pes=[4], lanes_per_pe=[2]))
    with pytest.raises(InputError, match="twice"):
        dse.Space(EDGE, pes=[4, 4, 8])


def test_of_two_designs_the_better_one_is_proven() -> None:
    problem = Problem([zero], dse.Space(EDGE, pes=[6, 8], lanes_per_pe=[2]))
    exact = Exact(problem)
    best, proof = prove(Enclosure(problem), exact, exact(np.asarray([[1.0, 0.0]])))
    assert proof.optimal
    assert (proof.designs, best.costs[0, 0]) == (2, 2.0)
