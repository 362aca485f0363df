"""What a sweep keeps beside the front: the best by each objective, a sample, or all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dse.arguments import MOST_ROWS
from dse.errors import InputError


@dataclass(frozen=True)
class Kept:
    """What is kept: the front, and `count` more designs of a kind, or all of them."""

    kind: Literal["front", "top", "sample", "all"] = "front"
    count: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.count}" if self.count else self.kind


def read_kept(text: str) -> Kept:
    """Read `front`, `top:100`, `sample:1000` or `all`; else raise `InputError`."""
    if text in ("front", "all"):
        return Kept("front" if text == "front" else "all")
    match = re.fullmatch(r"(top|sample):(\d+)", text)
    if match is None or not 1 <= int(match[2]) <= MOST_ROWS:
        raise InputError(
            f"keep {text!r}: write `front`, `top:100` (the best by each objective), "
            f"`sample:1000` (drawn at random) or `all`, with at most {MOST_ROWS:,}."
        )
    return Kept("top" if match[1] == "top" else "sample", int(match[2]))
