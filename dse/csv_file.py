"""Tables of text with a header, as CSV, whose rows know their line."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from dse.errors import Faults, InputError, quoted
from dse.files import LARGEST, read_text

T = TypeVar("T")


def read_rows(
    path: Path, wanted: str, *, largest: int = LARGEST
) -> list[tuple[str, dict[str, str]]]:
    """Return place and cells of every row of a CSV with a header, as text.

    Raises `InputError` for a file without rows, and one that tells all names that stand
    twice in the header and all rows of another length.
    """
    lines = csv.reader(
        io.StringIO(read_text(path, wanted, largest=largest)), strict=True
    )
    faults = Faults()
    try:
        header = [name.strip() for name in next(lines, [])]
        rows = list(_rows(path, header, lines, faults))
    except csv.Error as error:
        raise InputError(
            f"{path}, line {lines.line_num}: is no CSV ({error}); give {wanted}."
        ) from None
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        columns = "`, `".join(sorted(twice))
        faults.note(1, f"{path}: columns `{columns}` stand twice; rename them.")
    faults.tell()
    if not rows:
        raise InputError(f"{path}: holds no rows; give {wanted}.")
    return rows


def read_each(
    rows: Iterable[tuple[str, dict[str, str]]], read: Callable[[str, dict[str, str]], T]
) -> list[T]:
    """Return what each row is read as, by its place and its cells.

    Raises one `InputError` with the fault of every row that has one.
    """
    faults, found = Faults(), []
    for number, (place, row) in enumerate(rows):
        with faults.gathered(number):
            found.append(read(place, row))
    faults.tell()
    return found


def number_in(place: str, column: str, text: str | None) -> float:
    """Return the number in a cell; raise `InputError` naming place and column."""
    if text is None or not text.strip():
        raise InputError(f"{place}: `{column}` is missing; write a number.")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{place}: `{column}` is {quoted(text)}; write a number.")
    return number


def _rows(
    path: Path, header: list[str], lines: Any, faults: Faults
) -> Iterator[tuple[str, dict[str, str]]]:
    for cells in lines:
        if not cells:
            continue
        place = f"{path.name}, line {lines.line_num}"
        if len(cells) != len(header):
            faults.note(
                lines.line_num,
                f"{place}: has {len(cells)} cells under {len(header)} names; write one "
                "for each.",
            )
        yield place, dict(zip(header, cells, strict=False))
