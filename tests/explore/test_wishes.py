"""Objectives and limits: what a person may ask of a machine, and how it is told."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

import dse
from dse.errors import InputError
from dse.explore.limits import read_limits
from dse.explore.objectives import (
    LARGEST,
    LINEAR,
    SHOWN_UNITS,
    read_objective,
    read_objectives,
)
from dse.units import measures


@pytest.mark.parametrize("metric", SHOWN_UNITS)
def test_every_metric_can_be_asked_for_both_ways(metric: str) -> None:
    found: Any = SimpleNamespace(**{metric: 3.0})
    assert read_objective(f"max:{metric}").cost(found) == -3.0
    assert read_objective(f"min:{metric}").cost(found) == 3.0
    assert str(read_objective(f"min:{metric}")) == f"min:{metric}"
    assert measures(SHOWN_UNITS[metric])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((), "a front has no objectives"),
        (("throughput",), "'throughput': write `max:` or `min:` and a metric"),
        (("best:energy",), "write `max:` or `min:`"),
        (("min:enrgy",), "`enrgy` is not a metric. Did you mean `energy`?"),
        (
            ("min:energy", "max:energy"),
            "one metric twice, min:energy, max:energy; ",
        ),
    ],
)
def test_what_is_no_objective_is_refused(texts: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        read_objectives(texts)


@pytest.mark.parametrize(
    ("text", "value", "excess"),
    [
        ("area <= 50 mm^2", 60e-6, 0.2),
        ("area <= 50 mm2", 40e-6, -0.2),
        ("power<=5W", 5.0, 0.0),
        ("throughput >= 200 seq/s", 150.0, 0.25),
        ("throughput >= 200 tokens/s", 300.0, -0.5),
        (" latency <= 1 ms ", 1.1e-3, 0.1),
        # A bound of 0 has no size: a point of accuracy, a millijoule count as 1.
        ("accuracy_drop <= 0 %", 0.0, 0.0),
        ("accuracy_drop <= 0 %", 0.02, 2.0),
        ("weight_memory <= 0 GiB", 3 * 2.0**30, 3.0),
        ("throughput >= 0 seq/s", 150.0, -150.0),
    ],
)
def test_a_limit_is_broken_by_a_share_of_its_bound(
    text: str, value: float, excess: float
) -> None:
    (limit,) = read_limits([text])
    found: Any = SimpleNamespace(**{limit.metric: value})
    assert limit.excess(found) == pytest.approx(excess, abs=1e-12)


@pytest.mark.parametrize("metric", SHOWN_UNITS)
def test_what_nothing_can_meet_is_no_limit(metric: str) -> None:
    unit = SHOWN_UNITS[metric]
    with pytest.raises(InputError, match="never below 0; give a bound above it"):
        read_limits([f"{metric} <= -1 {unit}"])
    with pytest.raises(InputError, match="never below 0; give a bound above it"):
        read_limits([f"{metric} >= -1 {unit}"])
    read_limits([f"{metric} >= 0 {unit}"])
    if metric in LINEAR:  # what a machine may have none of
        read_limits([f"{metric} <= 0 {unit}"])
    else:
        with pytest.raises(InputError, match="always above 0; give a bound above it"):
            read_limits([f"{metric} <= 0 {unit}"])
    if metric in LARGEST:
        for sign in ("<=", ">="):
            read_limits([f"{metric} {sign} 100 {unit}"])
            with pytest.raises(InputError, match="never above 100 %; give a bound up"):
                read_limits([f"{metric} {sign} 101 {unit}"])


def test_tokens_are_no_sequences() -> None:
    assert read_limits(["throughput >= 9 tokens/s", "area <= 1 mm2"], "token")
    said = "limit 'throughput>=9 seq/s': a token is counted here; write `throughput >= "
    with pytest.raises(InputError, match=re.escape(f"{said}9 tokens/s`.")):
        read_limits(["throughput>=9 seq/s"], "token")
    decode = dse.transformer("gpt2", mode="decode", context_len=16)
    space = dse.Space(dse.TileEngine.edge(), pes=[64, 128])
    limit = "throughput >= 1 seq/s"
    with pytest.raises(InputError, match="a token is counted here"):
        dse.sweep(space, decode, limits=[limit])
    with pytest.raises(InputError, match="a token is counted here"):
        dse.tune("min:energy", space, workload=decode, subject_to=[limit])


def test_a_limit_reads_as_it_can_be_written() -> None:
    limits = read_limits(["area<=50mm2", "latency <= 20 ms", "latency <= 20 us"])
    assert [str(limit) for limit in limits] == [
        "area <= 50 mm^2",
        "latency <= 20 ms",
        "latency <= 20 us",
    ]
    for limit, again in zip(limits, read_limits(map(str, limits)), strict=True):
        assert again.bound == pytest.approx(limit.bound)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("area < 50 mm^2", "limit 'area < 50 mm^2': write `metric <= bound`"),
        ("aera <= 50", "`aera` is not a metric. Did you mean `area`?"),
        (
            "area <= 5 W",
            "limit 'area <= 5 W': '5 W' is power; give area, as in '50 mm^2'",
        ),
        ("area <= 5 kg", "limit 'area <= 5 kg': `kg` is not a unit"),
        (
            "latency <= 20",
            "limit 'latency <= 20': '20' has no unit; write '20 s' or '20",
        ),
        ("area <= large", "limit 'area <= large': 'large' is not a quantity"),
    ],
)
def test_what_is_no_limit_is_refused_with_its_text(text: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        read_limits([text])
