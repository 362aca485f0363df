"""The report of a study: one HTML file that opens by itself, without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from string import Template
from types import NoneType
from typing import Any

from dse.arguments import named_machines, texts
from dse.engines.base import Engine
from dse.errors import check_kind
from dse.explore.evaluator import Evaluator
from dse.explore.objectives import USUAL
from dse.explore.runs import Runs, pareto
from dse.files import make_parent, write_whole
from dse.hardware.buildable import BUILDABLE
from dse.hardware.citations import cite
from dse.show import basis, sections
from dse.show.design_parts import (
    costs_data,
    live_bars_of_designs,
    parts_of_designs,
    parts_of_machine,
    roofline_data_of,
    schedule_of_designs,
    some_rows,
    time_data,
)
from dse.show.findings import Findings, gather
from dse.show.memory_figure import draw_memory, memory_data
from dse.show.page_data import Placed, page_data
from dse.show.roofline import NARROW, draw_roofline, roofline_data
from dse.show.scale import Scale, scale_of
from dse.show.schedule_figure import draw_schedule, schedule_data
from dse.show.tables import front_columns
from dse.show.view import (
    budgets_of,
    front_views,
    packed_plotly,
    page_part,
    view_html,
    view_script,
    view_style,
)
from dse.study.sources import sources_of
from dse.study.study import Study
from dse.study.summary import Summary, summarize


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
    check_kind("`evaluator`", evaluator, (Evaluator, NoneType), "`study.evaluator()`")
    check_kind("`command`", command, str, "the command that made the front")
    make_parent(Path(path))
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
    objectives: Sequence[str] = USUAL,
    references: Mapping[str, Engine] | None = None,
    buildable: bool = True,
) -> Path:
    """Write what some results say as one HTML page, and return where it is.

    `dse.report(runs, "out.html")`. A front is shown as it is, of other results their
    front in the `objectives`. `references` are machines to compare with, by name.
    Raises `InputError` where nothing is on the front.

    Examples:
        >>> space = dse.Space("tile:edge", pes=[16, 32, 64], batch=[1, 4])
        >>> runs = dse.sweep(space, "bert-tiny")
        >>> others = {"server": dse.TileEngine.server()}
        >>> print(dse.report(runs, "front.html", references=others))
        front.html
    """
    wanted = texts("objectives", objectives, USUAL[0])
    check_kind("`results`", results, Runs, "what `dse.sweep` or `dse.load` returns")
    check_kind("`question`", question, str, "a sentence")
    front = (
        results if results.objectives else pareto(results, *wanted, buildable=buildable)
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
        references=named_machines("references", references),
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
    chances = None if found.bars is None else found.bars.on_front
    columns = front_columns(drawn, scale, chances=chances)
    parts, own = _parts(found, scale)
    fronts = _fronts(found, scale)
    knee = found.row_drawn(summary.knee)
    budgets = budgets_of(drawn)
    data = page_data(
        drawn,
        columns,
        [*fronts, *own],
        scale,
        knee=knee,
        budgets=budgets,
        bars=found.bars,
        parts=parts,
    )
    return Template(page_part("page.html")).substitute(
        title=escape(study.name.replace("_", " ")),
        view_style=view_style(),
        style=page_part("page.css"),
        name=escape(f"Study {study.name}"),
        question=escape(study.question),
        answer=sections.answer(summary),
        summary=sections.summary_table(found, scale),
        view=view_html(
            columns,
            fronts,
            scale,
            budgets=budgets,
            density=sections.density_note(found),
            table_note=sections.table_note(found),
        ),
        choices=sections.choices_table(summary.front),
        time_note=escape(sections.time_note(found.slowest[0])),
        workloads=basis.workloads_table(study),
        sources=basis.sources_list(study),
        bibtex=escape(study.bibtex),
        setup=basis.setup_list(study, sampled=len(found.sample), command=command),
        data=data,
        plotly=packed_plotly(),
        view_script=view_script(),
        script=page_part("report.js"),
        schedule_note=escape(sections.schedule_note(found.slowest[0])),
        memory=sections.memory_place(found.slowest[0]) if "memory" in parts else "",
    )


def _fronts(found: Findings, scale: Scale) -> list[Placed]:
    return front_views(found.drawn, found.references, scale, found.sample)


def _parts(found: Findings, scale: Scale) -> tuple[dict[str, Any], list[Placed]]:
    """Return where energy, area, bytes and time of the designs of a page go.

    Beside them the figures of a machine that show one design after another.
    """
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
    names = found.slowest[1].op_names
    roofs = roofline_data_of(slowest, names)
    bars = schedule_of_designs(study.space, alone, index)
    own = [
        Placed("roofline", draw_roofline(roofs, scale, width=NARROW)),
        Placed("schedule", draw_schedule(bars)),
    ]
    memory = {}
    live = live_bars_of_designs(study.space, alone, index)
    if live is not None:
        own.append(Placed("memory", draw_memory(live)))
        memory = {"memory": memory_data(live)}
    return {
        "rows": rows,
        "costs": costs_data(whole, machines, scale),
        "time": time_data(slowest, names, scale),
        "roofline": roofline_data(roofs, scale),
        "schedule": schedule_data(bars),
        **memory,
    }, own
