"""The report of a study: one HTML file that opens by itself, without a network."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from string import Template
from typing import Any

from dse.engines.base import Engine
from dse.errors import check_kind
from dse.explore.evaluator import Evaluator
from dse.explore.runs import Runs, pareto
from dse.files import write_whole
from dse.hardware.buildable import BUILDABLE
from dse.hardware.citations import cite
from dse.show import basis, sections
from dse.show.choices import choices_table
from dse.show.design_parts import (
    costs_data,
    parts_of_designs,
    parts_of_machine,
    some_rows,
    time_data,
)
from dse.show.findings import Findings, gather
from dse.show.front_figures import draw_front
from dse.show.page_data import Placed, page_data
from dse.show.scale import Scale, scale_of
from dse.show.tables import front_columns
from dse.study.sources import sources_of
from dse.study.study import Study
from dse.study.summary import Summary, summarize

BUDGETS = ("area", "power", "energy")  # what a reader may bound beside objectives
MOST_BUDGETS = 5
_PAGE = Path(__file__).parent / "page"
_PACKED = 4  # gzip's level: what the next ones save is not worth their time


def write_report(
    study: Study,
    front: Runs,
    path: str | Path,
    *,
    evaluator: Evaluator | None = None,
    command: str = "",
) -> Path:
    """Write what a study found as one HTML page, and return where it is.

    The page holds all it needs: the answer in words, the front in three and in two
    metrics before the density of all designs, budgets to bound it, its table, where
    energy, area and time of its knee go beside the reference machines, and the sources.
    A `command` that made it is told, with the date and a hash of the question.
    The density is that of 20,000 designs drawn at random and evaluated here, by the
    `evaluator` of the search for the front if it is given. Raises `InputError` for an
    empty front.
    """
    check_kind("`study`", study, Study, "what `dse.load_study` returns")
    check_kind("`front`", front, Runs, "what `study.run()` returns")
    check_kind("`path`", path, (str, Path), "the path of the file to write")
    summary = summarize(study, front)
    write_page(summary, Path(path), evaluator or study.evaluator(), command)
    return Path(path)


def write_page(
    summary: Summary, path: Path, evaluator: Evaluator, command: str
) -> None:
    """Write the report of a front that is summarised; see `write_report`."""
    write_whole(path, _page(gather(summary, evaluator), command))


def report(
    results: Runs,
    path: str | Path,
    *,
    question: str = "Which of these machines gives most for what it takes?",
    objectives: Sequence[str] = ("max:throughput", "min:energy", "min:area"),
    references: Mapping[str, Engine] | None = None,
    buildable: bool = True,
) -> Path:
    """Write what some results say as one HTML page, and return where it is.

    `dse.report(runs, "out.html")`. A front is shown as it is, of other results their
    front in the `objectives`. `references` are machines to compare with, by name.
    Raises `InputError` where nothing is on the front.
    """
    check_kind("`results`", results, Runs, "what `dse.sweep` or `dse.load` returns")
    front = (
        results
        if results.objectives
        else pareto(results, *objectives, buildable=buildable)
    )
    basis = results.basis
    sources = sources_of(basis)
    study = Study(
        name=Path(path).stem if isinstance(path, str | Path) else "",
        question=question,
        space=results.space,
        suite=basis.suite,
        why_density=tuple("" for _ in basis.suite),
        objectives=tuple(map(str, front.objectives)),
        limits=(BUILDABLE,) if buildable else (),
        references=dict(references or {}),
        reference_batches={},
        technology=basis.technology,
        timing=basis.timing,
        accept_foreign_accuracy=basis.accept_foreign_accuracy,
        sources=sources,
        bibtex=cite(sources),
    )
    return write_report(study, front, path)


def _page(found: Findings, command: str) -> str:
    study, summary, drawn = found.study, found.summary, found.drawn
    scale = scale_of(summary.front)
    columns = front_columns(drawn, scale)
    figures = _figures(found, scale)
    knee = found.row_drawn(summary.knee)
    budgets = _budgets(drawn)
    data = page_data(
        drawn,
        columns,
        figures,
        scale,
        knee=knee,
        budgets=budgets,
        parts=_parts(found, scale),
    )
    return Template(_part("page.html")).substitute(
        title=escape(study.name.replace("_", " ")),
        style=_part("page.css"),
        name=escape(f"Study {study.name}"),
        question=escape(study.question),
        answer=sections.answer(summary),
        summary=sections.summary_table(found, scale),
        sliders=sections.sliders(budgets, scale),
        fronts=sections.front_places([f.id for f in figures if len(f.metrics) == 3]),
        flats=sections.plot_places([f.id for f in figures if len(f.metrics) == 2]),
        density=escape(sections.density_note(found)),
        heads=sections.table_heads(columns),
        table_note=escape(sections.table_note(found)),
        choices=choices_table(summary.front),
        time_note=escape(sections.time_note(found.slowest[0])),
        workloads=basis.workloads_table(study),
        sources=basis.sources_list(study),
        bibtex=escape(study.bibtex),
        setup=basis.setup_list(study, sampled=len(found.sample), command=command),
        data=data,
        plotly=_plotly(),
        script=_part("page.js"),
    )


def _figures(found: Findings, scale: Scale) -> list[Placed]:
    """Return the figures of a page: the front in several views, then the machines."""
    front, references = found.drawn, found.references
    metrics = [o.metric for o in front.objectives][:3]
    flats = list(combinations(metrics, 2))
    placed = [
        Placed(
            f"front-{'-'.join(pair)}",
            draw_front(front, pair, references, scale, found.sample, tells=False),
            pair,
        )
        for pair in flats
    ]
    if len(metrics) == 3:
        solid = draw_front(front, metrics, references, scale, tells=False)
        placed.insert(0, Placed("front-solid", solid, tuple(metrics)))
    return placed


def _budgets(front: Runs) -> dict[str, bool]:
    """Return what a reader may bound, and whether from below: objectives first."""
    wanted = {o.metric: o.maximize for o in front.objectives}
    own = {m: False for m in BUDGETS if m not in wanted and m in front.metrics}
    return dict(list({**wanted, **own}.items())[:MOST_BUDGETS])


def _parts(found: Findings, scale: Scale) -> dict[str, Any]:
    """Return where energy, area and time of the designs of a page go."""
    study, summary, drawn = found.study, found.summary, found.drawn
    marked = [summary.knee, *summary.best.values()]
    marked += [standing.rival for standing in summary.standings]
    rows = some_rows(len(drawn), [found.row_drawn(row) for row in marked])
    index = drawn.index[rows]
    whole = parts_of_designs(study.space, study.basis, index)
    alone = study.basis
    if len(study.suite) > 1:
        one = next(w for w in study.suite if w[0].name == found.slowest[0])
        alone = replace(study, suite=((one[0], 1.0),)).basis
        slowest = parts_of_designs(study.space, alone, index)
    else:
        slowest = whole
    machines = {name: parts_of_machine(m) for name, m in found.references.items()}
    return {
        "rows": rows,
        "costs": costs_data(whole, machines, scale),
        "time": time_data(slowest, found.slowest[1].op_names, scale),
    }


def _plotly() -> str:
    """Return plotly.js packed by gzip, as Base64; two of five bytes are left.

    It is found without loading Plotly, which takes a second.
    """
    package = find_spec("plotly")
    assert package is not None
    assert package.origin is not None
    script = Path(package.origin).parent / "package_data" / "plotly.min.js"
    return b64encode(gzip.compress(script.read_bytes(), _PACKED, mtime=0)).decode()


def _part(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")
