"""What keeps a chip from being built: the reticle, heat, wear, and clocks.

Each is a bound on a metric that a machine has anyway; a person may set a tighter one
beside it, as any limit. Numbers: hw_params/buildable.toml; laws: docs/buildable.md.
Beside them stands what keeps a run from a machine: a memory that does not hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dse.hardware.parameters import load_parameters
from dse.units import from_si

if TYPE_CHECKING:
    from dse.arrays import Values

BUILDABLE = "buildable"  # among limits: those that every chip must keep
CANNOT = "cannot be built:"  # begins what is said of a design that breaks one
FITS = "fits"  # among limits: that main memory holds the run
DOES_NOT_FIT = "does not fit:"  # begins what is said of a run that it does not hold


class Bound(NamedTuple):
    """A metric, the most that it may be, in SI and in a unit, and what sets it."""

    metric: str
    most: float
    unit: str
    why: str


FIT = Bound("capacity_use", 1.0, "%", "what main memory holds")


@cache
def bounds() -> tuple[Bound, ...]:
    """Return all that a chip must keep to, whatever it is for."""
    number = load_parameters("buildable").si()
    per_second = 1.0 / number["service.life"]
    return (
        Bound("area", number["reticle.area"], "mm^2", "one reticle"),
        Bound("power_density", number["cooling.power_density"], "W/mm^2", "cooling"),
        Bound("wear", per_second, "%/year", "a service life"),
        Bound("clock_use", 1.0, "%", "the critical path"),
        Bound("edge_use", number["edge.share"], "%", "pins and stacks"),
        Bound("budget_use", 1.0, "%", "what an FPGA holds"),
    )


def fastest_clock() -> float:
    """Return the clock in Hz that no logic passes, where no critical path is known."""
    return load_parameters("buildable").si()["clock.fastest"]


def broken_bounds(metrics: object) -> tuple[str, ...]:
    """Return in words what keeps a machine with some metrics from being built.

    As "area 25,500 mm^2 is above 858 mm^2 (one reticle)"; empty where it can be. What
    is not known of a machine keeps nothing from being built.
    """
    found = []
    for bound in bounds():
        value = getattr(metrics, bound.metric)
        if value is not None and np.any(np.asarray(value) > bound.most * (1 + 1e-9)):
            most = float(np.max(value))
            shown, limit = (from_si(x, bound.unit) for x in (most, bound.most))
            name = bound.metric.replace("_", " ")
            found.append(
                f"{name} {shown:,.4g} {bound.unit} is above {limit:,.4g} {bound.unit} "
                f"({bound.why})"
            )
    return tuple(found)


def lacking_memory(use: Mapping[str, Values], share: Values) -> str:
    """Return in words why main memory does not hold what is in use; '' where it does.

    As "needs 1,039 GiB (cache 1,024 GiB, weights 14.96 GiB); main memory holds 40 GiB".
    `use` in bytes by kind, and what share of the memory that is.
    """
    share = float(np.max(share))
    if not share > 1 + 1e-9:
        return ""
    used = {kind: from_si(float(np.max(size)), "GiB") for kind, size in use.items()}
    total = sum(used.values())
    parts = sorted(used.items(), key=lambda part: -part[1])
    told = ", ".join(f"{kind} {gib:,.4g} GiB" for kind, gib in parts if gib > 0)
    holds = total / share
    return f"needs {total:,.4g} GiB ({told}); main memory holds {holds:,.4g} GiB"
