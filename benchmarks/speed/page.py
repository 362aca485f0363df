"""The tables of `docs/speed.md`, from the record of a run.

`python -m benchmarks.speed.page` writes those of `results.json` into the page, each
after its mark `<!-- table: name -->`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.speed import fronts, growth, rates
from benchmarks.speed.table import Rate, as_markdown, rates_as_markdown, short

PAGE = Path(__file__).parents[2] / "docs" / "speed.md"
RESULTS = Path(__file__).parent / "results.json"
_MARKED = re.compile(r"<!-- table: (\w+) -->\n\n(?:(?:\|.*\n)+\n)?")

_DAY = re.compile(r"Measured on [^.]*\.")
_LIMIT = re.compile(r"Fused products and sums reach [^.]*\.")


def _rates(table: Any) -> str:
    return rates_as_markdown([Rate(*row) for row in table])


def _fronts(table: Any) -> str:
    return as_markdown(*fronts.rows([fronts.Filtering(*row) for row in table]))


def _growth(table: Any) -> str:
    return as_markdown(*growth.rows([growth.Cost(*row) for row in table]))


def _engines(table: Any) -> str:
    return rates.as_text([rates.Measured(*row) for row in table])


TABLES: dict[str, Callable[[Any], str]] = {
    "configurations_walk": _rates,
    "configurations_roofline": _rates,
    "mappings": _rates,
    "gradients": _rates,
    "fronts": _fronts,
    "growth": _growth,
    "engines": _engines,
    "generations": _engines,
}


def filled(page: str, record: dict[str, Any]) -> str:
    """Return a page with date, machine and every marked table from a record."""

    def table(mark: re.Match[str]) -> str:
        name = mark[1]
        return f"<!-- table: {name} -->\n\n{TABLES[name](record['tables'][name])}\n"

    day = f"Measured on {record['date']}, on {record['machine']}."
    limit = (
        f"Fused products and sums reach {short(record['peak_per_cpu_s'])} a CPU second "
        f"here, memory {short(record['bytes_per_cpu_s'])} bytes."
    )
    return _MARKED.sub(table, _LIMIT.sub(limit, _DAY.sub(day, page)))


if __name__ == "__main__":
    recorded = json.loads(RESULTS.read_text())
    PAGE.write_text(filled(PAGE.read_text(), recorded))
