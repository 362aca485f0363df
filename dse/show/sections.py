"""The parts of a report that are worked out: sentences, tables, places of plots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from dse.evaluation import Metrics
from dse.explore.runs import Runs
from dse.explore.space import meaning_of
from dse.show import words
from dse.show.findings import Findings
from dse.show.front_bars import bars_note
from dse.show.labels import describe_design, field_label, field_value
from dse.show.scale import Scale
from dse.show.tables import Column, html_head, html_table
from dse.study.summary import Summary

_BEST = {True: "Most", False: "Least"}
_STRONGEST = 0.36  # opacity of the accent behind a value that all designs have


def answer(summary: Summary) -> str:
    """Return the answer in sentences: the front, its knee, the reference machines."""
    batches = summary.study.reference_batches
    index = int(summary.front.index[summary.knee])
    design = describe_design(summary.front.space, index)
    chosen = ", ".join(f"{field} {value}" for field, value in design.items())
    told = [
        f"{words.lead(summary)} {words.knee(summary)}",
        f"The knee is design {index:,}: {chosen}.",
        *(
            words.standing(found, summary.front, batches.get(found.name))
            for found in summary.standings
        ),
    ]
    return "".join(f"<p>{_unbroken(escape(text))}</p>" for text in told)


def _unbroken(text: str) -> str:
    """Return text in which no line ends between a number and what it counts."""
    return re.sub(r"(?<=\d) ", "\u00a0", text)


def summary_table(found: Findings, scale: Scale) -> str:
    """Return the designs that stand out and the reference machines, a row each."""
    summary, front = found.summary, found.summary.front
    rows: list[tuple[str, int | None, Metrics | None]] = [("Knee", summary.knee, None)]
    for objective in front.objectives:
        sense, what = _BEST[objective.maximize], scale.title(objective.metric).lower()
        rows.append((f"{sense} {what}", summary.best[str(objective)], None))
    for standing in summary.standings:
        rows.append((standing.name, None, standing.metrics))
        rows.append((f"Rival of {standing.name}", standing.rival, None))
    metrics = list(
        dict.fromkeys([*(o.metric for o in front.objectives), "power", "latency"])
    )
    cells = [(name, _values(found, row, of, metrics, scale)) for name, row, of in rows]
    breaking = {standing.name for standing in summary.standings if standing.breaks}
    for name, values in cells:
        if name in breaking:
            values["Design"] = "breaks limits"
    picks = [None if row is None else found.row_drawn(row) for _, row, _ in rows]
    units = {scale.title(m): scale.shown_unit(m) for m in metrics}
    return html_table("Machine", cells, units=units, picks=picks)


def _values(
    found: Findings,
    row: int | None,
    machine: Metrics | None,
    metrics: Sequence[str],
    scale: Scale,
) -> dict[str, float | str]:
    front = found.summary.front
    values: dict[str, float | str] = {}
    for m in metrics:
        si = front.metrics[m][row] if machine is None else getattr(machine, m)
        values[scale.title(m)] = scale.value(m, si)
    values["Design"] = "published" if row is None else f"{int(front.index[row]):,}"
    return values


def sliders(budgets: Mapping[str, bool], scale: Scale) -> str:
    """Return a slider for each metric that a reader may bound, from below or above."""
    return "".join(
        _slider(scale.title(metric), scale.column_name(metric), 0 if least else 1000)
        for metric, least in budgets.items()
    )


def _slider(title: str, name: str, start: int) -> str:
    return (
        f'<label for="budget-{name}">{title} '
        f'<output id="output-{name}" for="budget-{name}">any</output>'
        f'<input id="budget-{name}" type="range" min="0" max="1000" value="{start}">'
        "</label>"
    )


def plot_places(names: Sequence[str]) -> str:
    """Return the elements into which the plots of these names go."""
    return "".join(f'<div id="{name}" class="plot"></div>' for name in names)


def front_places(names: Sequence[str]) -> str:
    """Return the place of the plot beside the design of choice, if there is one."""
    return plot_places(names) or "<div></div>"


def density_note(found: Findings) -> str:
    """Say what lies behind the front in its flat plots."""
    size, drawn = found.study.space.size, len(found.sample)
    allowed = int((found.sample.reason == "").sum())
    what = (
        f"all {size:,} designs of the space"
        if drawn == size
        else f"{drawn:,} of the {size:,} designs, drawn at random"
    )
    ruled_out = f"; {drawn - allowed:,} that break a rule or a limit are left out" * (
        allowed < drawn
    )
    return (
        f"Grey: {what}{ruled_out}; the stronger, the more. Blue: the front. By name: "
        "published machines."
    )


def table_note(found: Findings) -> str:
    """Say what the table of the front holds, and what all its rows share."""
    front, drawn = found.summary.front, found.drawn
    thin = (
        ""
        if len(drawn) == len(front)
        else f"{len(drawn):,} of the {len(front):,} designs, evenly thinned out."
    )
    use = (
        "A head sorts by its column; a row shows its design in every plot; "
        "the budget above applies."
    )
    how_sure = (words.model_error(front), bars_note(found.bars))
    parts = (words.shared_choices(front), *how_sure, thin, use)
    return " ".join(filter(None, parts))


def table_heads(columns: Sequence[Column]) -> str:
    """Return the heads of the table of the front, each a button that sorts."""
    return "".join(
        html_head(
            column.title,
            column.unit,
            is_number=bool(
                np.issubdtype(np.asarray(column.values[:1]).dtype, np.number)
            ),
            sorts=True,
            about=column.about,
        )
        for column in columns
    )


def time_note(workload: str) -> str:
    """Say what the times on a page are of."""
    return (
        f"While it runs {workload}. The times of an op are those of a whole batch, all "
        "layers together; loads, work and stores of different ops overlap, so they do "
        "not add up to a run."
    )


def schedule_note(workload: str) -> str:
    """Say what is drawn of a layer in time."""
    return (
        f"Of {workload}, once layers follow each other evenly: what loads, works and "
        "stores for each op; of the design that is chosen. A unit that waits for what "
        "it streams in is shown at work."
    )


def memory_place(workload: str) -> str:
    """Return the place of the figure of live values, with its heading."""
    return (
        "<h3>What lives when</h3>"
        f'<p class="note">Of {escape(workload)}; of the design that is chosen.</p>'
        '<div id="memory" class="plot"></div>'
    )


def choices_table(front: Runs) -> str:
    """Return, as HTML, the share of a front that has each value of each axis."""
    rows = "".join(
        f"<div><strong>{escape(label)}</strong><small>{escape(about)}</small></div>"
        f'<div class="shares">{"".join(cells)}</div>'
        for label, about, cells in _shares(front)
    )
    return f'<div class="choices">{rows}</div>'


def _shares(front: Runs) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each axis in words, what it is, and the share of each of its values."""
    design, digits = front.space.design, front.space.digits(front.index)
    for name, axis in front.space.axes.items():
        if len(axis) < 2:
            continue
        known = meaning_of(design, name)
        counts = np.bincount(digits[name], minlength=len(axis))
        values = front.space.values(name)
        taken = [
            _share(field_value(known, name, value), count / len(front))
            for value, count in zip(values, counts, strict=True)
        ]
        label = field_label(name, known.unit)
        yield label, known.doc if known.doc != label else "", taken


def _share(text: str, share: float) -> str:
    style = f"background:rgba(11,98,168,{_STRONGEST * share:.3f})"
    if share == 0:
        style = "color:var(--muted)"
    percent = f"{100 * share:.0f} %" if share == 0 or share >= 0.005 else "< 1 %"
    return f'<span style="{style}">{escape(text)}: {percent}</span>'
