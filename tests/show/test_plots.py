from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

import dse
from dse.engines.tile.engine import TileEngine
from dse.errors import InputError
from dse.evaluation import Metrics
from dse.explore.runs import Runs, pareto
from dse.show import front_figures, marks
from dse.show.figure import Figure
from dse.show.plots import plot_breakdown, plot_front, plot_time
from dse.show.style import CONFIG
from dse.study.study import Study

Machines = dict[str, Metrics]


def named(figure: Figure, name: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name == name)


def test_three_objectives_make_a_solid_front_with_units_on_all_axes(
    front: Runs, machines: Machines
) -> None:
    scene = plot_front(front, references=machines).layout.scene
    assert scene.xaxis.title.text == "Throughput (seq/s)"
    assert scene.yaxis.title.text == "Energy per sequence (µJ)"
    assert scene.zaxis.title.text == "Chip area (mm²)"
    assert {axis.type for axis in (scene.xaxis, scene.yaxis, scene.zaxis)} == {"log"}
    assert [note.text for note in scene.annotations] == [
        "<b>knee</b>",
        "<b>Edge</b>",
        "<b>Nano</b>",
    ]


def test_two_metrics_make_a_flat_front_before_the_density_of_all_designs(
    front: Runs, runs: Runs
) -> None:
    figure = plot_front(front, "area", "power", background=runs)
    assert figure.layout.xaxis.title.text == "Chip area (mm²)"
    assert figure.layout.yaxis.title.text == "Power (W)"
    shades = np.asarray(named(figure, "all designs").z)
    counted = np.expm1(shades[np.isfinite(shades)]).sum()
    assert counted == pytest.approx((runs.reason == "").sum(), rel=1e-5)


def test_every_design_is_drawn_where_its_metrics_are_and_tells_them(
    front: Runs,
) -> None:
    drawn = named(plot_front(front, "throughput", "energy"), "front")
    assert drawn.x == pytest.approx(front.metrics["throughput"], rel=1e-6)
    assert drawn.y == pytest.approx(1e6 * front.metrics["energy"], rel=1e-6)
    assert all("PEs: " in text and " µJ" in text for text in drawn.hovertext)


def test_reference_machines_and_the_knee_lie_within_the_axes(
    front: Runs, machines: Machines
) -> None:
    figure = plot_front(front, "throughput", "area", references=machines)
    for name in ("knee", *machines):
        mark = named(figure, name)
        for axis, place in (("xaxis", mark.x), ("yaxis", mark.y)):
            low, high = figure.layout[axis].range
            assert low < np.log10(place[0]) < high


def test_a_front_of_two_objectives_is_flat(runs: Runs) -> None:
    figure = plot_front(pareto(runs, "max:throughput", "min:energy"))
    assert isinstance(named(figure, "front"), go.Scatter)


def test_a_long_front_is_drawn_by_webgl_and_thinned_out(
    front: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_figures, "SVG_MARKS", 2)
    monkeypatch.setattr(marks, "MOST_MARKS", 3)
    drawn = named(plot_front(front, "throughput", "energy"), "front")
    assert isinstance(drawn, go.Scattergl)
    assert len(drawn.x) == 3
    kept = marks.thinned(front, keep=[1])
    assert front.index[1] in kept.index


def test_a_front_that_cannot_be_drawn_says_what_to_give(
    front: Runs, runs: Runs
) -> None:
    with pytest.raises(InputError, match="0 designs"):
        plot_front(front.take([]))
    with pytest.raises(InputError, match="two or three metrics"):
        plot_front(front, "area")
    with pytest.raises(InputError, match="Did you mean `energy`"):
        plot_front(front, "energi", "area")
    with pytest.raises(InputError, match="0 metrics"):
        plot_front(runs)


def test_the_bars_of_a_machine_sum_to_its_total(machines: Machines) -> None:
    figure = plot_breakdown(machines)
    sums: dict[str, float] = {}
    for bar in figure.data:
        title = figure.layout["xaxis" + bar.xaxis[1:]].title.text
        key = f"{bar.xaxis} {title}"
        sums[key] = sums.get(key, 0.0) + sum(bar.x)
    expected = [1e3 * float(m.energy) for m in machines.values()]
    expected += [1e6 * float(m.area) for m in machines.values()]
    shown = [
        value if "(mJ)" in key or "(mm²)" in key else value * 1e-3
        for key, value in sums.items()
    ]
    assert shown == pytest.approx(expected, rel=1e-6)


def test_panels_of_machines_carry_their_names_totals_and_units(
    machines: Machines,
) -> None:
    figure = plot_breakdown(machines)
    titles = [note.text for note in figure.layout.annotations]
    assert any("<b>Edge</b>" in t and "J per sequence" in t for t in titles)
    assert any("<b>Nano</b>" in t and "mm²" in t for t in titles)
    axes = [axis.title.text for axis in figure.select_xaxes()]
    assert all("(" in text for text in axes)


def test_shares_are_equal_where_bars_are(machines: Machines) -> None:
    figure = plot_breakdown(machines, shares=True)
    areas = [float(m.area) for m in machines.values()]
    ends = [axis.range[1] for axis in figure.select_xaxes()][len(machines) :]
    assert ends[0] / ends[1] == pytest.approx(areas[0] / areas[1])


def test_equal_bars_are_equal_amounts_unless_shares_are_asked_for(
    machines: Machines,
) -> None:
    figure = plot_breakdown(machines)
    ends = [axis.range[1] for axis in figure.select_xaxes()]
    for own in (ends[: len(machines)], ends[len(machines) :]):
        assert len(set(own)) == 1
    longest = max(max(trace.x) for trace in figure.data)
    assert max(ends) > longest


def test_one_machine_needs_no_name_and_none_is_an_error(machines: Machines) -> None:
    assert len(list(plot_breakdown(machines["Edge"]).select_xaxes())) == 2
    with pytest.raises(InputError, match="no machine"):
        plot_breakdown({})


def test_the_busiest_part_stands_out_in_the_plot_of_time(machines: Machines) -> None:
    edge = machines["Edge"]
    figure = plot_time(edge)
    busy = named(figure, "busy")
    assert busy.x[0] == pytest.approx(100 * float(edge.utilization[edge.bottleneck]))
    assert busy.marker.color[0] not in busy.marker.color[1:]
    for stage in ("load", "compute", "store"):
        total = sum(named(figure, stage).x)
        micro = 1e6 if "µs" in figure.layout.xaxis2.title.text else 1e3
        assert total == pytest.approx(micro * float(edge.op_busy[stage].sum()))


def test_a_suite_whose_ops_share_names_keeps_a_bar_for_each(study: Study) -> None:
    twice = replace(study, suite=study.suite * 2)
    figure = plot_time(twice.evaluate(TileEngine.edge(), batch=4.0))
    places = named(figure, "load").y
    assert len(set(places)) == len(places) == 28


def test_no_figure_offers_to_upload_itself(front: Runs) -> None:
    figure = plot_front(front, "throughput", "area")
    assert CONFIG["showSendToCloud"] is False
    assert '"showSendToCloud": false' in figure.to_html(include_plotlyjs=False)
    shown = figure._repr_mimebundle_(renderer="plotly_mimetype")
    for content in shown.values():
        assert "showSendToCloud" in str(content)


def test_a_sensitivity_names_fields_in_words_and_parameters_as_they_are_given() -> None:
    run, machine = dse.transformer("bert-tiny", seq_len=64), dse.TileEngine.edge()
    found = dse.sensitivity(machine, run)
    figure = dse.plot_sensitivity(found, "energy", count=30)
    names = {name for bars in figure.data for name in bars.y}
    assert {"weight buffer", "memory bandwidth", "integer bits"} <= names
    assert "sram.leakage_power" in names
    assert "energy per sequence" in figure.layout.xaxis.title.text
