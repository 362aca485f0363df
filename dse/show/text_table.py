"""Tables of plain text, for terminals and pipes."""

from __future__ import annotations

from collections.abc import Sequence

_NUMBER = frozenset("0123456789+-.,eE% ×")


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows in aligned columns under a header, numbers to the right."""
    lines = [list(header), *[list(row) for row in rows]]
    columns = list(zip(*lines, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:]) for column in columns]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        )
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(lines[0]), rule, *map(line, lines[1:])])


def _is_number(cell: str) -> bool:
    return set(cell) <= _NUMBER
