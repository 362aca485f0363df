"""What a question is asked with: objects, or the names of what `dse` knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dse.arguments import one_of
from dse.engines.base import Engine, check_format
from dse.engines.registry import find_preset
from dse.errors import InputError, named
from dse.evaluation import TIMINGS, Timing
from dse.hardware.technology import Technology, read_technology
from dse.records import Record, several
from dse.workload.model_file import usual_run
from dse.workload.ops import Workload

DesignLike = Engine | str  # a name is `tile:edge`
WorkloadLike = Workload | str | Path
TechnologyLike = Technology | str | Path


def read_question(
    design: DesignLike,
    workload: WorkloadLike,
    technology: TechnologyLike | None,
    timing: Timing,
) -> tuple[Engine, Workload, Technology]:
    """Return design, workload and technology, each given as such or by its name.

    Raises `InputError` for what is neither, and for an unknown timing.
    """
    check_timing(timing)
    machine, run = read_design(design), read_workload(workload)
    check_single(machine, but=())
    check_single(run, but=("threshold",))  # which may be one for each layer
    if not run.blocks:
        raise InputError(f"`{run.name}` has no op to run; give it blocks.")
    check_format(machine, run)
    return machine, run, read_technology(technology, machine)


def check_single(asked: Record, but: Sequence[str]) -> None:
    """Raise `InputError` where a record holds an array in place of a number."""
    for name in asked.meanings():
        if name not in but and np.ndim(asked.number(name)):
            place = f"`{type(asked).__name__}.{name}`"
            raise several(place, asked.number(name))


def check_timing(timing: str) -> None:
    """Raise `InputError` for an unknown timing."""
    one_of("timing", timing, TIMINGS)


def read_design(given: DesignLike) -> Engine:
    """Return a design, or the published machine of a name, as `tile:edge`."""
    if isinstance(given, str) and ":" in given:
        return find_preset(*given.split(":", 1))
    if not isinstance(given, Engine):
        raise InputError(
            f"{named(given)} is no design; give one, as `dse.TileEngine.edge()`, or a "
            'published machine by its name, as "tile:edge" (`dse engines` lists them).'
        )
    return given


def read_workload(given: WorkloadLike) -> Workload:
    """Return a workload, or what a transformer of a name computes at its usual length.

    The name is one of `dse models`, or the path of what `model` of a study may be.
    """
    if isinstance(given, str | Path):
        return usual_run(str(given))
    if not isinstance(given, Workload):
        raise InputError(
            f'{named(given)} is no workload; give `dse.transformer("bert-base")`, or '
            "the name of a model (`dse models` lists them)."
        )
    return given
