"""A share of a sweep or a proof: every n-th part, beginning with the i-th."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dse.errors import InputError


@dataclass(frozen=True)
class Shard:
    """Which of `count` shares this is; `number` runs from 1 to `count`."""

    number: int = 1
    count: int = 1

    @property
    def name(self) -> str:
        """Its name in a folder, as `3-of-8`; '' for what is not shared."""
        return f"{self.number}-of-{self.count}" if self.count > 1 else ""

    def parts(self, count: int) -> range:
        """Return which of all parts are this shard's."""
        return range(self.number - 1, count, self.count)


def read_shard(text: str) -> Shard:
    """Read `3/8`: the third of eight shards. Raises `InputError` for anything else."""
    match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(
            f"shard {text!r}: write which of how many, from 1/n to n/n, as `3/8`."
        )
    return Shard(int(match[1]), int(match[2]))
