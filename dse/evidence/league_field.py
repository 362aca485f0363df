"""All designs of a family on the suite, and one design under all draws.

Both are batches of (design, technology) pairs for one compiled function, which is most
of the time that a league takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dse.errors import InputError
from dse.evaluation import Metrics, combine, metrics
from dse.evidence.league_families import Family
from dse.evidence.league_technology import league_technology
from dse.explore.objectives import SHOWN_UNITS
from dse.hardware.technology import Technology
from dse.units import from_si

OBJECTIVES = {"throughput": True, "energy": False, "energy_delay": False}  # more is it
SHOWN = ("throughput", "energy", "area", "power", "energy_delay")
_BATCH = 256  # pairs evaluated at once


class Field:
    """What a family can do on a node: every design of its space, exact and drawn."""

    def __init__(self, family: Family, node_nm: float, draws: int) -> None:
        self._family = family
        self._exact = league_technology(family.space.design, node_nm)
        self._drawn = league_technology(family.space.design, node_nm, draws=draws)
        self._draws = draws
        suite = _stacked(family)
        count = len(family.suite)

        def ask(values: dict[str, Any], technology: Technology) -> dict[str, Any]:
            fields = {n: value for n, value in values.items() if n != "batch"}
            design = family.space.design.replace(**fields)
            together = jnp.broadcast_to(values["batch"], (count,))
            found = jax.vmap(lambda work: metrics(design, work, technology, "walk"))(
                suite.replace(batch=together)
            )
            parts = [jax.tree.map(lambda x, i=i: x[i], found) for i in range(count)]
            return _shown(combine(parts, [1.0] * count), family)

        self._ask = jax.jit(jax.vmap(ask))

    def best(self, limits: Mapping[str, float]) -> dict[str, int]:
        """Return the number of the best design for each objective, within limits in SI.

        Raises `InputError` where no design keeps within them.
        """
        size = self._family.space.size
        numbers = np.arange(size)
        found = self._answers(numbers, _repeated(self._exact, size))
        allowed = np.ones(size, bool)
        for metric, bound in limits.items():
            allowed &= found[metric] <= bound * (1.0 + 1e-6)
        if not allowed.any():
            told = ", ".join(
                f"{name} <= {from_si(bound, SHOWN_UNITS[name]):g} {SHOWN_UNITS[name]}"
                for name, bound in limits.items()
            )
            raise InputError(
                f"{self._family.name} has no design with {told}; widen the budget."
            )
        best = {}
        for objective, higher in OBJECTIVES.items():
            cost = -found[objective] if higher else found[objective]
            best[objective] = int(np.argmin(np.where(allowed, cost, np.inf)))
        return best

    def luck(self, number: int) -> dict[str, Any]:
        """Return the answers of one design: exact first, then one for each draw."""
        together = jax.tree.map(
            lambda exact, drawn: np.concatenate([[exact], drawn]),
            self._exact.values,
            self._drawn.values,
        )
        rows = np.full(self._draws + 1, number)
        return self._answers(rows, self._exact.replace(values=together))

    def _answers(self, numbers: Any, technology: Technology) -> dict[str, Any]:
        """Return the answers of designs, each with its technology, `[rows]`."""
        parts = []
        for start in range(0, len(numbers), _BATCH):
            rows = np.minimum(np.arange(start, start + _BATCH), len(numbers) - 1)
            moved = self._family.space.decode(numbers[rows])
            values = {
                name: jnp.asarray(np.broadcast_to(value, _BATCH), float)
                for name, value in moved.items()
            }
            own = jax.tree.map(lambda value, r=rows: jnp.asarray(value[r]), technology)
            parts.append(jax.device_get(self._ask(values, own)))
        joined = jax.tree.map(lambda *p: np.concatenate(p)[: len(numbers)], *parts)
        return dict(joined)


def _stacked(family: Family) -> Any:
    """Return the workloads of the suite as one, each number `[suite]`.

    They are of one model, and differ in their sizes alone.
    """
    alike = [work.replace(seq_len=0, name=work.name) for work in family.suite]
    return jax.tree.map(lambda *leaves: jnp.stack(jnp.asarray(leaves)), *alike)


def _repeated(technology: Technology, count: int) -> Technology:
    values = {key: np.full(count, value) for key, value in technology.values.items()}
    return technology.replace(values=values)


def _shown(found: Metrics, family: Family) -> dict[str, Any]:
    told = family.accuracy_drop
    drop = found.accuracy_drop if told is None else told
    return {
        **{name: getattr(found, name) for name in SHOWN},
        "accuracy_drop": jnp.asarray(0.0 if drop is None else drop) * 1.0,
        "utilization": found.utilization,
    }
