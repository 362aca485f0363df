"""Elasticities are slopes of logarithms: worked out by hand, and by differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.errors import InputError
from dse.evaluation import metrics
from dse.explore.evaluator import known_metrics

EDGE = dse.TileEngine.edge()
BERT = dse.transformer("bert-tiny").with_density(activation=0.5, weight=0.5)
# Whole tiles, waves and issue windows are counted, so that time is a staircase in
# these; the elasticity is that of the line through it, see `dse.smooth`.
COUNTED = {"pes", "softmax_units_per_pe", "tile_batch", "tile_size", "issue_batch"}
STEP = 1e-5


@pytest.fixture(scope="module")
def found() -> dse.Sensitivity:
    return dse.sensitivity(EDGE, BERT, technology="acceltran")


def test_what_can_be_worked_out_by_hand(found: dse.Sensitivity) -> None:
    area = dse.evaluate(EDGE, BERT, technology="acceltran").area_by_component
    total = sum(float(part) for part in area.values())
    # The area of a buffer is linear in its size: its elasticity is its share.
    share = float(area["weight_buffer"]) / total
    assert found.design.loc["weight_buffer_mib", "area"] == pytest.approx(share)
    assert found.technology.loc["weight_buffer.area", "area"] == pytest.approx(share)
    # No area depends on how fast the main memory is.
    assert found.design.loc["memory_bandwidth_gb_per_s", "area"] == 0.0


def test_power_is_energy_over_time(found: dse.Sensitivity) -> None:
    # P = E batch / t, so that slopes of logarithms subtract.
    for table in (found.design, found.technology):
        difference = table["energy"] - table["latency"]
        np.testing.assert_allclose(table["power"], difference, atol=1e-12)


def test_every_elasticity_agrees_with_a_finite_difference(
    found: dse.Sensitivity,
) -> None:
    technology = EDGE.published_technology()
    fields = [name for name in found.design.index if name not in COUNTED]
    keys = list(found.technology.index)

    def ask(moved: dict[str, float]) -> dict[str, float]:
        machine = EDGE.replace(**{name: moved[name] for name in fields})
        own = technology.values | {key: moved[key] for key in keys}
        return known_metrics(
            metrics(machine, BERT, technology.replace(values=own), "walk")
        )

    base = {name: float(EDGE.number(name)) for name in fields}
    base |= {key: float(technology.values[key]) for key in keys}
    table = {name: np.full(2 * len(base), value) for name, value in base.items()}
    for place, name in enumerate(base):
        table[name][2 * place] *= math.exp(STEP)
        table[name][2 * place + 1] *= math.exp(-STEP)
    function = compile_function(ask, list(base))
    answers = function.rows(table, float, backend="numpy")
    both = {**found.design.T, **found.technology.T}
    for metric in ("latency", "energy", "power", "area"):
        logs = np.log(answers[metric]).reshape(-1, 2)
        slopes = (logs[:, 0] - logs[:, 1]) / (2 * STEP)
        told = [both[name][metric] for name in base]
        np.testing.assert_allclose(told, slopes, rtol=0.01, atol=1e-6)


def test_the_largest_come_first_and_nothing_unknown_is_asked(
    found: dse.Sensitivity,
) -> None:
    largest = found.largest("latency", 5).abs()
    assert list(largest) == sorted(largest, reverse=True)
    assert largest.iloc[0] >= found.technology["latency"].abs().max()
    with pytest.raises(InputError, match="not a metric"):
        dse.sensitivity(EDGE, BERT, metrics=["speed"])


@pytest.mark.parametrize(
    ("metric", "machine", "told"),
    [
        ("wear", dse.TileEngine.edge(), "`wear` is 0 here"),
        ("accuracy_drop", dse.TileEngine.edge(), "`accuracy_drop` is 0 here"),
        ("accuracy_drop", dse.TileEngine(fraction_bits=1), "not known here"),
        ("budget_use", dse.TileEngine.edge(), "not known of this machine"),
    ],
)
def test_a_metric_that_is_0_or_not_known_has_no_percents(
    metric: str, machine: dse.TileEngine, told: str
) -> None:
    with pytest.raises(dse.InputError, match=told):
        dse.sensitivity(machine, "bert-tiny", metrics=[metric])


def test_staircases_are_the_fields_that_count_whole_things() -> None:
    machines: dict[str, tuple[dse.Workload, set[str]]] = {
        "nm:edge": (BERT, {"kept", "group", "tile_rows"}),
        "crossbar:isaac": (BERT, {"active_rows", "weight_bits", "dac_bits"}),
        "sprint:m_sprint": (BERT.attention_only(), {"multipliers", "pruning_bits"}),
        "tile:edge": (BERT, {"pes", "tile_size", "fraction_bits"}),
    }
    for name, (workload, some) in machines.items():
        found = dse.sensitivity(name, workload, metrics=["energy"])
        assert some <= set(found.whole)
        assert "memory_bandwidth_gb_per_s" not in found.whole
