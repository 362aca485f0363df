"""Tables of text: for terminals and pipes, and for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

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


@dataclass(frozen=True)
class Table:
    """Rows of cells as people read them, under heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def text(self) -> str:
        """The table in aligned columns."""
        return text_table(self.heads, self.rows)

    @property
    def html(self) -> str:
        """The table for a notebook; nothing in it is markup."""
        heads = "".join(f"<th>{escape(head)}</th>" for head in self.heads)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


@dataclass(frozen=True, repr=False)
class Tables:
    """A sentence, tables, and a note below them."""

    title: str
    tables: Sequence[Table]
    note: str = ""

    @property
    def text(self) -> str:
        """All of it as plain text."""
        parts = [self.title, *(table.text for table in self.tables), self.note]
        return "\n\n".join(filter(None, parts))

    @property
    def html(self) -> str:
        """All of it for a notebook."""
        tables = "".join(table.html for table in self.tables)
        said = [f"<p>{escape(s)}</p>" if s else "" for s in (self.title, self.note)]
        return said[0] + tables + said[1]

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html
