"""What a law is, and how one says that it is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np

from dse.engines.base import Engine
from dse.evaluation import Metrics
from dse.explore.evaluate import evaluate
from dse.hardware.technology import Technology
from dse.workload.ops import Workload
from dse.workload.transformer import transformer


class BrokenLawError(AssertionError):
    """A machine does what no machine can; the message says what, and by how much."""


@dataclass(frozen=True)
class Case:
    """A machine that laws are tried on, and what most of them let it run."""

    machine: Engine

    @cached_property
    def technology(self) -> Technology:
        """Its own technology."""
        return self.machine.default_technology()

    @cached_property
    def workload(self) -> Workload:
        """A small encoder, sparse in activations and weights."""
        dense = transformer("bert-tiny", seq_len=64, batch=4)
        return dense.with_density(activation=0.5, weight=0.4)

    @cached_property
    def found(self) -> Metrics:
        """What the machine answers to that."""
        return self.ask()

    def ask(
        self,
        workload: Workload | None = None,
        /,
        *,
        timing: Any = "walk",
        **changes: Any,
    ) -> Metrics:
        """Return the metrics of the machine, some of its fields changed."""
        machine = self.machine.replace(**changes) if changes else self.machine
        run = self.workload if workload is None else workload
        return evaluate(machine, run, technology=self.technology, timing=timing)

    def fields(self, *units: str) -> list[str]:
        """Return the fields of some units that the machine has."""
        known = self.machine.meanings().items()
        return [
            name
            for name, meaning in known
            if meaning.unit in units and self.machine.number(name) is not None
        ]

    @property
    def buffers(self) -> list[str]:
        """Fields that say how large a buffer is."""
        return self.fields("KiB", "MiB")

    @property
    def bandwidths(self) -> list[str]:
        """Fields that say how fast its main memory is."""
        names = self.machine.meanings()
        return [n for n in names if n.endswith("memory_bandwidth_gb_per_s")]

    @property
    def clocks(self) -> list[str]:
        """Fields that say which clock is wanted."""
        return [n for n in self.machine.meanings() if n.endswith("clock_mhz")]


Law = Callable[[Case], None]


def hold(condition: Any, said: str) -> None:
    """Raise `BrokenLawError` with what is said, unless a condition holds for all."""
    if not np.all(condition):
        raise BrokenLawError(said)


def near(
    found: Any, wanted: Any, what: str, *, relative: float, absolute: float = 0.0
) -> None:
    """Raise `BrokenLawError` unless numbers are those that are wanted, within a bit."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    allowed = absolute + relative * np.abs(wanted)
    off = np.abs(found - wanted)
    worst = int(np.argmax(off - allowed)) if off.size else 0
    hold(
        off <= allowed,
        f"{what}: {np.ravel(found)[worst]:.6g}, not {np.ravel(wanted)[worst]:.6g}"
        if off.size
        else what,
    )


def rises(values: Any, what: str, *, slack: float = 0.0) -> None:
    """Raise `BrokenLawError` unless no number is below the one before it."""
    numbers = np.asarray(values, float)
    hold(np.isfinite(numbers), f"{what}: not all of {shown(numbers)} is finite")
    fits = np.diff(numbers) >= -slack * np.abs(numbers[:-1])
    hold(fits, f"{what} falls: {shown(numbers)}")


def falls(values: Any, what: str, *, slack: float = 0.0) -> None:
    """Raise `BrokenLawError` unless no number is above the one before it."""
    numbers = np.asarray(values, float)
    hold(np.isfinite(numbers), f"{what}: not all of {shown(numbers)} is finite")
    fits = np.diff(numbers) <= slack * np.abs(numbers[:-1])
    hold(fits, f"{what} rises: {shown(numbers)}")


def shown(numbers: Any) -> str:
    """Return numbers as a message has them."""
    return ", ".join(f"{float(each):.6g}" for each in np.ravel(numbers))


def named_numbers(tree: Any) -> Mapping[str, Any]:
    """Return every number of a record by its dotted name."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf, float)
        for path, leaf in jax.tree.leaves_with_path(tree)
    }
