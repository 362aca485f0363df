"""Products, softmax, norms and non-linearities as measured on one A100 of 80 GB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dse.evidence import silicon


def validate(data: Path | None = None, *, progress: bool = True) -> dict[str, Any]:
    """Compare a table of ops with the machines that it names; see `silicon`."""
    return silicon.validate(data, "silicon_a100", progress=progress)
