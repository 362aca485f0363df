"""Products in 8 bits, and attention in decode, as measured on one H800."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dse.evidence import silicon


def validate(data: Path | None = None, *, progress: bool = True) -> dict[str, Any]:
    """Compare a table of ops with the machines that it names; see `silicon`."""
    return silicon.validate(data, "silicon_h800", progress=progress)
