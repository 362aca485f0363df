"""What a report rests on: workloads and their densities, sources, and the set-up."""

from __future__ import annotations

import platform
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from dse.explore.limits import read_limits
from dse.explore.study import Study
from dse.show.labels import describe_fields, number
from dse.show.sources import Source, read_sources
from dse.show.tables import definition_list, html_table
from dse.workload.ops import Workload

_PACKAGES = ("dse", "jax", "numpy", "moocore", "plotly")


def workloads_table(study: Study) -> str:
    """Return the workloads of a study, their densities and where those come from."""
    total = sum(weight for _, weight in study.suite)
    rows = [
        (
            workload.name,
            {
                "Share of sequences": f"{100 * weight / total:.0f} %",
                "Tokens": workload.seq_len,
                "Work": 2e-9 * workload.macs,
                "Density of activations": _density(workload, "input_density"),
                "Density of weights": _density(workload, "weight_density"),
                "Where the densities come from": why,
            },
        )
        for (workload, weight), why in zip(study.suite, study.why_density, strict=True)
    ]
    return html_table("Workload", rows, units={"Work": "GOP per sequence, dense"})


def _density(workload: Workload, operand: str) -> str:
    """Return the density of an operand of all products, or between what it lies."""
    weights_only = operand == "weight_density"
    kinds = (
        ("linear", "convolution")
        if weights_only
        else ("linear", "matmul", "convolution")
    )
    found = np.concatenate(
        [
            np.atleast_2d(getattr(block.ops, operand))[
                :, [kind in kinds for kind in block.ops.kinds]
            ].ravel()  # a row for each layer where these differ
            for block in workload.blocks
        ]
    )
    if not found.size:  # attention alone has no weights
        return "none"
    low, high = float(found.min()), float(found.max())
    return number(low) if low == high else f"{number(low)} to {number(high)}"


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


def setup_list(study: Study, *, sampled: int) -> str:
    """Return how the answer was found: space, technology, timing, limits, versions."""
    design = study.space.design
    fixed = {
        name: float(design.number(name))
        for name in design.meanings()
        if name not in (*study.space.axes, *study.space.tied)
    }
    described = describe_fields(design, fixed).items()
    rules = [*study.space.legal, *(str(limit) for limit in read_limits(study.limits))]
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
        ("Versions", _versions()),
    ]
    return definition_list(pairs)


def _versions() -> str:
    found: dict[str, Any] = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # run from a checkout that is not installed
            found[package] = "not installed"
    return ", ".join(f"{name} {number}" for name, number in found.items())
