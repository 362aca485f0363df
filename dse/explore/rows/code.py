"""What runs a scalar program over rows: this processor, or the devices that JAX has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import jax
import numpy as np

from dse.explore.rows.program import ScalarProgram

Column = np.ndarray[Any, Any]
Columns = dict[str, Column]


class RowCode(Protocol):
    """A program that is compiled when it is first run, for rows of any count."""

    program: ScalarProgram

    def __call__(self, columns: Mapping[str, Column], count: int) -> Columns:
        """Return the answers of `count` rows, a column each.

        `columns` have as many rows, or one for all.
        """


def compile_rows(program: ScalarProgram, kind: Any) -> RowCode:
    """Return what runs a program on floats of some kind.

    Accelerators if JAX has any, else this processor.
    """
    if jax.default_backend() == "cpu":
        from dse.explore.rows.machine_code import MachineCode

        return MachineCode(program, kind)
    from dse.explore.rows.xla import DeviceCode

    return DeviceCode(program, kind)
