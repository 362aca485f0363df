"""Tables for eyes: columns of numbers with their units, and tables as HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from dse.arrays import Rows
from dse.explore.runs import Runs
from dse.explore.space import meaning_of
from dse.show.labels import buildable_label, field_label, number, shown_unit
from dse.show.scale import Scale

_ALWAYS_SHOWN = ("throughput", "energy", "area", "power", "latency", "effective_rate")


CHANCE = "on_front_percent"  # the name of that column
_LONG = 24  # characters; a longer text has a card's whole width


@dataclass(frozen=True)
class Column:
    """One column: its name in files, its title and its unit for people, its values.

    `digits` are how many of a metric mean something; `about` says what a field is.
    """

    name: str
    title: str
    unit: str
    values: list[Any]
    digits: int = 4
    about: str = ""


def front_columns(
    runs: Runs, scale: Scale, *, chances: Rows | None = None
) -> list[Column]:
    """Return the columns of runs: number, metrics (objectives first), design.

    `chances` are those that each is on the front, a metric like others.
    """
    wanted = dict.fromkeys([*(o.metric for o in runs.objectives), *_ALWAYS_SHOWN])
    metrics = [
        Column(
            scale.column_name(metric),
            scale.title(metric),
            scale.shown_unit(metric),
            _digits(scale.column(runs, metric)),
        )
        for metric in wanted
    ]
    design, designs = runs.space.design, runs.designs
    if chances is not None:
        shares = _digits(100.0 * chances)
        metrics.append(Column(CHANCE, "Chance to be on the front", "%", shares, 2))
    fields = []
    for name in designs:
        known = meaning_of(design, name)
        title, unit = field_label(name, known.unit), shown_unit(known.unit)
        values = designs[name].tolist()
        fields.append(Column(name, title, unit, values, about=known.doc))
    labels = [buildable_label(reason) for reason in runs.cannot_be_built]
    built = Column("buildable", "Buildable", "", labels)
    number_of = Column("design", "Design", "", runs.index.tolist())
    return [number_of, *metrics, built, *fields]


def _digits(values: Rows) -> list[float | None]:
    """Return numbers to six digits; None for one that is not known."""
    digits = (float(f"{value:.6g}") for value in values)
    return [value if math.isfinite(value) else None for value in digits]


def html_table(
    what: str,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    units: Mapping[str, str] | None = None,
    picks: Sequence[int | None] | None = None,
) -> str:
    """Return rows, each with its name, as an HTML table; all have the same cells.

    `what` is named stands above the names, units below the heads of the columns.
    Numbers are set to three digits; everything else is text, nothing in it is markup.
    On a narrow screen each row is a card, in which its cells have their names.
    `picks` say for each row which design it shows when a reader chooses it.
    """
    units = units or {}
    corner = html_head(what, "", is_number=False)
    heads = "".join(
        html_head(title, units.get(title, ""), is_number=_is_number(value))
        for title, value in rows[0][1].items()
    )
    body = "".join(
        f'<tr{_pick(pick)}><th scope="row">{escape(name)}</th>'
        + "".join(_cell(of, units.get(of, ""), value) for of, value in cells.items())
        + "</tr>"
        for (name, cells), pick in zip(rows, picks or [None] * len(rows), strict=True)
    )
    head = f"<thead><tr>{corner}{heads}</tr></thead>"
    return f'<table class="cards">{head}<tbody>{body}</tbody></table>'


def html_head(
    title: str, unit: str, *, is_number: bool, sorts: bool = False, about: str = ""
) -> str:
    """Return the head of a column, its unit in its own line; a button if it sorts.

    What it is `about` shows when a mouse rests on it.
    """
    text = f'<span class="title">{escape(title)}</span>'
    if unit:
        text += f'<span class="unit">{escape(unit)}</span>'
    if sorts:
        text = f'<button type="button">{text}</button>'
    look = ' class="number"' if is_number else ""
    told = f' title="{escape(about)}"' * bool(about)
    return f'<th scope="col"{look}{told}>{text}</th>'


def _pick(row: int | None) -> str:
    return "" if row is None else f' data-row="{row}" tabindex="0"'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _cell(title: str, unit: str, value: Any) -> str:
    named = f'data-of="{escape(title)}"' + f' data-unit="{escape(unit)}"' * bool(unit)
    if _is_number(value):
        return f'<td class="number" {named}>{number(float(value))}</td>'
    text = str(value)
    look = ' class="long"' * (len(text) > _LONG)
    return f"<td{look} {named}>{escape(text)}</td>"


def definition_list(pairs: Sequence[tuple[str, str]]) -> str:
    """Return pairs of a term and what it is as HTML."""
    rows = (f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in pairs)
    return f"<dl>{''.join(rows)}</dl>"
