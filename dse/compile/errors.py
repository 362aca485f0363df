"""What cannot be compiled is refused, with its name and the line that asked for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jax

from dse.errors import InputError

if TYPE_CHECKING:
    from dse.compile.trace import Equation

JAX_FOLDER = str(Path(jax.__file__).parent)


class NotByRowsError(InputError):
    """An operation that machine code cannot do; NumPy and JAX do it."""

    def at(self, equation: Equation) -> NotByRowsError:
        """Return the same error with the line of the function it is about."""
        place = place_in_source(equation)
        return NotByRowsError(f"{place}: {self}" if place else str(self))


def place_in_source(equation: Equation) -> str:
    """Return file and line where an operation was asked for, as far as JAX knows."""
    traceback = getattr(getattr(equation, "source_info", None), "traceback", None)
    for frame in traceback.frames if traceback is not None else ():
        if not frame.file_name.startswith((JAX_FOLDER, "<")):
            return f"{frame.file_name}:{frame.line_num}"
    return ""


def not_by_rows(operation: str, what: str = "") -> NotByRowsError:
    """Return the error about an operation that rows cannot do, or not on `what`."""
    told = " ".join([f"`{operation}`", *([what] if what else [])])
    return NotByRowsError(
        f"{told} cannot be compiled for rows; use `dse.sweep`, or "
        '`compile_model(..., backend="jax")`.'
    )
