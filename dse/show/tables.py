"""Tables for eyes: columns of numbers with their units, and tables as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from dse.explore.objectives import SHOWN_UNITS
from dse.explore.runs import Runs, column_name
from dse.show.labels import (
    TITLES,
    field_label,
    meaning,
    number,
    shown_column,
    shown_unit,
)

_ALWAYS_SHOWN = ("throughput", "energy", "area", "power", "latency", "effective_rate")


@dataclass(frozen=True)
class Column:
    """One column: its name in files, its title and its unit for people, its values."""

    name: str
    title: str
    unit: str
    values: list[Any]


def front_columns(runs: Runs) -> list[Column]:
    """Return the columns of runs: number, metrics (objectives first), design."""
    wanted = dict.fromkeys([*(o.metric for o in runs.objectives), *_ALWAYS_SHOWN])
    metrics = [
        Column(
            column_name(metric),
            TITLES[metric],
            shown_unit(SHOWN_UNITS[metric]),
            _digits(shown_column(runs, metric)),
        )
        for metric in wanted
    ]
    design, designs = runs.space.design, runs.designs
    fields = []
    for name in map(str, designs):
        unit = meaning(design, name).unit
        title = field_label(name, unit)
        fields.append(Column(name, title, shown_unit(unit), designs[name].tolist()))
    return [Column("design", "Design", "", runs.index.tolist()), *metrics, *fields]


def _digits(values: np.ndarray[Any, Any]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def html_table(
    table: pd.DataFrame,
    *,
    units: Mapping[str, str] | None = None,
    picks: Sequence[int | None] | None = None,
) -> str:
    """Return a table as HTML: the index as row heads, units below the column heads.

    Numbers are set to three digits; everything else is text, nothing in it is markup.
    `picks` say for each row which design it shows when a reader chooses it.
    """
    corner = html_head(str(table.index.name or ""), "", is_number=False)
    heads = "".join(
        html_head(
            str(name),
            (units or {}).get(str(name), ""),
            is_number=pd.api.types.is_numeric_dtype(table[name]),
        )
        for name in table
    )
    rows = "".join(
        f'<tr{_pick(pick)}><th scope="row">{escape(str(name))}</th>'
        + "".join(_cell(value) for value in row)
        + "</tr>"
        for name, row, pick in zip(
            table.index,
            table.itertuples(index=False),
            picks or [None] * len(table),
            strict=True,
        )
    )
    return (
        f"<table><thead><tr>{corner}{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def html_head(title: str, unit: str, *, is_number: bool, sorts: bool = False) -> str:
    """Return the head of a column, its unit in its own line; a button if it sorts."""
    text = f'<span class="title">{escape(title)}</span>'
    if unit:
        text += f'<span class="unit">{escape(unit)}</span>'
    if sorts:
        text = f'<button type="button">{text}</button>'
    look = ' class="number"' if is_number else ""
    return f'<th scope="col"{look}>{text}</th>'


def _pick(row: int | None) -> str:
    return "" if row is None else f' data-row="{row}" tabindex="0"'


def _cell(value: Any) -> str:
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return f'<td class="number">{number(float(value))}</td>'
    return f"<td>{escape(str(value))}</td>"


def definition_list(pairs: Sequence[tuple[str, str]]) -> str:
    """Return pairs of a term and what it is as HTML."""
    rows = (f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in pairs)
    return f"<dl>{''.join(rows)}</dl>"
