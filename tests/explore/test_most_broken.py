"""What most designs break, where no design keeps all that was asked."""

from __future__ import annotations

import dse
from dse.explore.basis import Basis, read_suite
from dse.explore.evaluator import Evaluator
from dse.explore.limits import read_limits
from dse.explore.most_broken import most_broken

DESIGN = dse.TileEngine.edge()


def told(space: dse.Space, *limits: str) -> str:
    technology = DESIGN.default_technology()
    basis = Basis(read_suite("bert-nano", None), technology, "roofline")
    return most_broken(space, Evaluator(space, basis), read_limits(limits))


def test_the_two_that_most_break_are_told_with_how_near_designs_come() -> None:
    legal = {"few": "pes * batch < 128", "never": "pes < 0"}
    space = dse.Space(DESIGN, legal=legal, pes=[32, 64], batch=[1, 2])
    assert told(space) == "all 4 break `never`; 1 breaks `few`"
    runs = dse.sweep(space, "bert-nano", timing="roofline", progress=False)
    least = runs.metrics["area"].min() * 1e6
    assert told(space, "area <= 1 mm^2", "latency >= 9 s") == (
        "all 4 break `never`; all 4 break `area <= 1 mm^2` "
        f"(the nearest has {least:.4g} mm^2)"
    )


def test_a_chip_that_cannot_be_built_says_why() -> None:
    space = dse.Space(DESIGN, pes=[2**14, 2**15], weight_buffer_mib=[2**14])
    assert told(space, "buildable").startswith(
        "all 2 break `area <= 858 mm^2` (one reticle; the nearest has "
    )


def test_of_many_designs_some_are_tried() -> None:
    space = dse.Space(DESIGN, pes=dse.integers(1, 2000), batch=dse.integers(1, 2000))
    found = told(space, "energy <= 1 pJ")
    assert found.startswith("of 10,000 drawn at random all break `energy <= 1 pJ` (")
