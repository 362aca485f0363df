"""What a report rests on: workloads and their densities, sources, and the set-up."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from html import escape

from dse.explore.basis import workload_json
from dse.shipped import COMPUTES, versions
from dse.show.labels import describe_fields, run_kind, shown_limits, shown_range
from dse.show.sources import Source, read_sources
from dse.show.tables import definition_list, html_table
from dse.study.study import Study
from dse.workload.ops import Workload


def workloads_table(study: Study) -> str:
    """Return the workloads of a study, their densities and where those come from."""
    total = sum(weight for _, weight in study.suite)
    rows = [
        (
            workload.name,
            {
                "Share of the suite": f"{100 * weight / total:.0f} %",
                "Run": run_kind(workload),
                "Tokens": workload.prompt + workload.new_tokens,
                "Work": 2e-9 * workload.macs,
                **_densities(workload, study),
                "Where the densities come from": why,
            },
        )
        for (workload, weight), why in zip(study.suite, study.why_density, strict=True)
    ]
    work = f"GOP per {study.basis.counted}, dense"
    return html_table("Workload", rows, units={"Work": work})


def _densities(workload: Workload, study: Study) -> dict[str, str]:
    about = workload_json(workload, moved=study.space.names)
    return {
        title: shown_range(about[key]) if key in about else "by threshold"
        for title, key in (
            ("Density of activations", "activation_density"),
            ("Density of weights", "weight_density"),
            ("Pairs kept", "kept_pairs"),
        )
    }


def sources_list(study: Study) -> str:
    """Return the sources of a study as a list: key, authors, title, year and a link."""
    items = "".join(
        f"<li>{_source(source)}</li>" for source in read_sources(study.bibtex)
    )
    return f'<ul class="sources">{items}</ul>'


def _source(source: Source) -> str:
    title = escape(source.title)
    if source.link:
        title = f'<a href="{escape(source.link)}" rel="noreferrer">{title}</a>'
    by = ", ".join(escape(part) for part in (source.authors, source.year) if part)
    return f"<code>{escape(source.key)}</code> {title}. {by}."


def setup_list(study: Study, *, sampled: int, command: str) -> str:
    """Return how the answer was found: space, technology, timing, limits, versions."""
    design = study.space.design
    fixed = {
        name: float(design.number(name))
        for name in design.meanings()
        if name not in (*study.space.axes, *study.space.tied)
    }
    described = describe_fields(design, fixed).items()
    rules = [
        *study.space.legal,
        *shown_limits(study.limits),
    ]
    found = versions((*COMPUTES, "plotly"))
    pairs = [
        ("Engine", type(design).__name__),
        (
            "Fields that do not move",
            ", ".join(f"{k} {v}" for k, v in described) or "none",
        ),
        ("Rules and limits", ", ".join(rules) or "none"),
        ("Objectives", ", ".join(study.objectives)),
        ("Technology", study.technology.name),
        ("Timing", study.timing),
        (
            "Sample behind the front",
            f"{sampled:,} designs, drawn at random with seed 0",
        ),
        ("Hash of all this", study.hash),
        ("Made", f"{_now():%Y-%m-%d %H:%M} UTC"),
        ("By", command or "dse.report, in Python"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in found.items())),
    ]
    return definition_list(pairs)


def _now() -> datetime:
    """Return the time; for files that shall be equal, that of `SOURCE_DATE_EPOCH`."""
    told = os.environ.get("SOURCE_DATE_EPOCH", "")
    if told.isdigit():
        return datetime.fromtimestamp(int(told), UTC)
    return datetime.now(UTC)
