"""Tables of text: for terminals and pipes, and for notebooks."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest

NARROWEST = 12  # characters of a column of text
_INDENT = 4 * " "
_RULE = re.compile("-+(  -+)*")  # below the header of a table
_SEAM = re.compile("[_.](?=[A-Za-z])")
_NUMBER = frozenset("0123456789+-.,eE% ×")


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows in aligned columns under a header, numbers to the right.

    Where that is wider than the terminal, the longest texts go over several lines; what
    rows are called stays in one piece as long as that is enough, and so do words. Names
    of rows and numbers are never cut: where they take more, the table is wider, which
    `too_wide` tells.
    """
    lines = [list(header), *[list(row) for row in rows]]
    columns = list(zip(*lines, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    room = terminal_width() - 2 * (len(widths) - 1)
    if sum(widths) > room:
        words = [
            max(map(len, (*column[1:], *column[0].split())))
            if is_number
            else _longest_word(column)
            for column, is_number in zip(columns, right, strict=True)
        ]
        least = [
            word if is_number else min(word, NARROWEST)
            for word, is_number in zip(words, right, strict=True)
        ]
        whole, *_ = widths
        for fewest in ([whole, *words[1:]], words, [whole, *least[1:]], least):
            narrow = _narrowed(widths, [max(fewest[0], words[0]), *fewest[1:]], room)
            if sum(narrow) <= room:
                break
        widths = narrow
        lines = [each for row in lines for each in _wrapped(row, widths)]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        )
        return "  ".join(padded).rstrip()

    heads = len(_wrapped(list(header), widths))
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([*map(line, lines[:heads]), rule, *map(line, lines[heads:])])


def noted_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, notes: int
) -> str:
    """Return a table whose last columns are `notes`: texts that may be long.

    Where they make it wider than the terminal, those of each row stand below it.
    """
    table = text_table(header, rows)
    if not too_wide(table):
        return table
    short = text_table(header[:-notes], [row[:-notes] for row in rows])
    head, rule, *lines = short.splitlines()
    if len(lines) != len(rows):  # they take several lines each as they are
        return table
    below = [_paragraph(", ".join(row[-notes:])) for row in rows]
    told = [part for both in zip(lines, below, strict=True) for part in both]
    return "\n".join([head, rule, *told])


def prose(text: str, widest: int | None = None) -> str:
    """Return paragraphs in lines that the terminal, or `widest`, has room for."""
    width = min(terminal_width(), widest or terminal_width())
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent="  " if line.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def _paragraph(text: str) -> str:
    """Return a text in lines that the terminal has room for, indented."""
    room = max(NARROWEST, terminal_width())
    return textwrap.fill(
        text,
        room,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_on_hyphens=False,
    )


def terminal_width() -> int:
    """Return the columns of the terminal; elsewhere COLUMNS, or 80."""
    return shutil.get_terminal_size((80, 24)).columns


def too_wide(text: str) -> int:
    """Return how wide the widest table of a text is; 0 where the terminal has room."""
    rules = [len(line) for line in text.splitlines() if _RULE.fullmatch(line)]
    widest = max(rules, default=0)
    return widest if widest > terminal_width() else 0


def _narrowed(widths: list[int], least: list[int], room: int) -> list[int]:
    """Return widths whose sum is the room, the widest columns cut down to one width."""
    cap = max(widths)
    while cap > 0 and sum(widths) > room:
        cap -= 1
        both = zip(widths, least, strict=True)
        widths = [min(width, max(cap, fewest)) for width, fewest in both]
    return widths


def _longest_word(cells: Sequence[str]) -> int:
    return max((len(word) for cell in cells for word in cell.split()), default=0)


def _wrapped(row: list[str], widths: list[int]) -> list[list[str]]:
    """Return the lines of a row whose texts are longer than their columns are wide."""
    cells = [
        cut(cell, width) or [""] if len(cell) > width else [cell]
        for cell, width in zip(row, widths, strict=True)
    ]
    return [list(line) for line in zip_longest(*cells, fillvalue="")]


def cut(text: str, width: int) -> list[str]:
    """Return a text in lines of a width, cut between words.

    A word that is wider is cut where parts of a name meet, as in
    `main_memory.interface_energy`, and anywhere if it has no such place.
    """
    return _AtSeams(width, break_on_hyphens=False).wrap(text)


class _AtSeams(textwrap.TextWrapper):
    def _handle_long_word(
        self, reversed_chunks: list[str], cur_line: list[str], cur_len: int, width: int
    ) -> None:
        word, room = reversed_chunks[-1], width - cur_len
        seams = [seam.end() for seam in _SEAM.finditer(word) if seam.end() <= room]
        if seams:
            cur_line.append(word[: seams[-1]])
            reversed_chunks[-1] = word[seams[-1] :]
        elif not cur_line:
            super()._handle_long_word(reversed_chunks, cur_line, cur_len, width)


def _marked_up(text: str) -> str:
    """Return a sentence as HTML, what stands between backticks as code."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(text))


def _is_number(cell: str) -> bool:
    return set(cell) <= _NUMBER


@dataclass(frozen=True)
class Table:
    """Rows of cells as people read them, under heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def text(self) -> str:
        """The table in aligned columns, as wide as the terminal."""
        return text_table(self.heads, self.rows)

    @property
    def html(self) -> str:
        """The table for a notebook; nothing in it is markup."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.heads)
        sides = ["right" if all(map(_is_number, each)) else "left" for each in columns]

        def line(cells: Sequence[str], tag: str) -> str:
            both = zip(cells, sides, strict=True)
            return "".join(
                f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>'
                for cell, side in both
            )

        rows = "".join(f"<tr>{line(row, 'td')}</tr>" for row in self.rows)
        head = f"<thead><tr>{line(self.heads, 'th')}</tr></thead>"
        return f"<table>{head}<tbody>{rows}</tbody></table>"


@dataclass(frozen=True, repr=False)
class Tables:
    """A sentence, tables, and a note below them."""

    title: str
    tables: Sequence[Table]
    note: str = ""

    @property
    def text(self) -> str:
        """All of it as plain text."""
        tables = (table.text for table in self.tables)
        parts = [prose(self.title), *tables, prose(self.note)]
        return "\n\n".join(filter(None, parts))

    @property
    def html(self) -> str:
        """All of it for a notebook."""
        tables = "".join(table.html for table in self.tables)
        said = [f"<p>{_marked_up(s)}</p>" if s else "" for s in (self.title, self.note)]
        return said[0] + tables + said[1]

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html
