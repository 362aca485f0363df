"""By which modules a question passes, and how often from one to another.

    python -m benchmarks.ways

A passage is a call from one module of `dse` into another. The figures stand in
docs/architecture.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import dse

HOME = f"{Path(dse.__file__).parent}/"


class Way(NamedTuple):
    """The modules that a call enters, in the order in which it does, and passages."""

    modules: tuple[str, ...]
    passages: int


def follow(ask: Callable[[], Any]) -> Way:
    """Return by which modules a call passes."""
    modules: dict[str, None] = {}
    passages = 0

    def module(frame: FrameType | None) -> str:
        while frame is not None and not frame.f_code.co_filename.startswith(HOME):
            frame = frame.f_back
        return "" if frame is None else frame.f_code.co_filename.removeprefix(HOME)

    def see(frame: FrameType, event: str, _: Any) -> None:
        nonlocal passages
        here = frame.f_code
        if event != "call" or not here.co_filename.startswith(HOME):
            return
        if here.co_name == "<module>":  # it is only read
            return
        name = module(frame)
        modules[name] = None
        passages += module(frame.f_back) != name

    sys.setprofile(see)
    try:
        ask()
    finally:
        sys.setprofile(None)
    return Way(tuple(modules), passages)


def ways() -> dict[str, Callable[[], Any]]:
    """Return the questions that are followed, of the tile engine and BERT-Tiny."""
    bert, edge = dse.transformer("bert-tiny"), dse.TileEngine.edge()
    curve = dse.load_curve("bert-tiny/sst-2/dynatran")
    space = dse.Space(edge, pes=[64, 128], lanes_per_pe=[8, 16])
    front = ("max:throughput", "min:energy")
    evaluate, sweep = dse.evaluate, dse.sweep  # read from their files here
    return {
        "evaluate": lambda: evaluate(edge, bert),
        "sweep": lambda: sweep(space, bert, front=front, progress=False),
        "threshold": lambda: evaluate(edge, bert.with_curve(curve, 0.05)),
    }


if __name__ == "__main__":
    for name, ask in ways().items():
        for time in ("first", "again"):
            way = follow(ask)
            print(f"{name}, {time}: {len(way.modules)} modules, {way.passages:,}")
            print("   ", ", ".join(way.modules))
