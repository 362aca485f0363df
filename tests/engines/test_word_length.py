"""What words cost: nobody knows the accuracy of short ones, and arithmetic follows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import dse
from dse.csv_file import read_rows
from dse.engines.tile.units import unit
from dse.engines.word_length import adder_size, multiplier_size
from dse.shipped import hw_params_folder

BERT = dse.transformer("bert-tiny", seq_len=16)
MP_MRF = dse.load_curve("minilm-l6/wordnet/mp_mrf")
FILTERED = dse.transformer("minilm-l6", seq_len=64).with_curve(MP_MRF, -0.4)
SHORT: dict[str, tuple[Any, dict[str, float], dse.Workload]] = {
    "tile": (dse.TileEngine.edge(), {"integer_bits": 1, "fraction_bits": 0}, BERT),
    "tile, 19 bits": (dse.TileEngine.edge(), {"fraction_bits": 15}, BERT),
    "isaac, weights": (dse.CrossbarEngine.isaac(), {"weight_bits": 1}, BERT),
    "isaac, inputs": (dse.CrossbarEngine.isaac(), {"activation_bits": 7}, BERT),
    "energon": (
        dse.FilterEngine.energon_edge(),
        {"word_bits": 7},
        BERT.attention_only(),
    ),
    "energon, rounds": (
        dse.FilterEngine.energon_edge(),
        {"query_bits": 1},
        FILTERED.attention_only(),
    ),
    "a100": (dse.ReferenceMachine.a100(), {"word_bits": 4}, BERT),
}


@pytest.mark.parametrize("name", SHORT)
def test_the_accuracy_of_words_that_nobody_measured_is_not_known(name: str) -> None:
    published, short, workload = SHORT[name]
    assert not np.isnan(float(dse.evaluate(published, workload).accuracy_drop))
    found = dse.evaluate(published.replace(**short), workload)
    assert np.isnan(float(found.accuracy_drop))
    said = " ".join(repr(found).split())
    assert any(why in said for why in found.unknown)
    assert "which were not measured" in said


def test_eight_bits_lose_little_and_sixteen_nothing() -> None:
    eight, sixteen = (
        dse.evaluate(dse.NMEngine(kept=4, value_format=form), BERT)
        for form in ("int8", "int16")
    )
    assert float(eight.accuracy_drop) == float(sixteen.accuracy_drop) == 0.0
    assert float(eight.accuracy_spread) == pytest.approx(0.01 / 12**0.5)
    assert float(sixteen.accuracy_spread) == 0.0


def test_short_words_stay_out_of_limits_and_of_fronts_by_accuracy_alone() -> None:
    space = dse.Space(dse.TileEngine.edge(), fraction_bits=[0, 16], pes=[32, 64])
    limit = ["accuracy_drop <= 0.1 %"]
    runs = dse.sweep(space, BERT, progress=False)
    assert (runs.reason == "").all()  # accuracy was not asked for
    within = runs.limited(*limit)
    assert set(within.designs["fraction_bits"][within.reason == ""]) == {16.0}
    assert "`accuracy_drop` is not known" in set(within.reason)
    fastest = dse.sweep(space, BERT, front=("min:energy",), limits=limit)
    assert fastest.designs["fraction_bits"].tolist() == [16.0]
    front = dse.pareto(runs, "min:accuracy_drop", "min:energy")
    assert set(front.designs["fraction_bits"]) == {16.0}
    best = dse.tune("min:energy", space, workload=BERT, subject_to=limit, starts=4)
    assert best.feasible
    assert best.values["fraction_bits"] == 16.0


def claims() -> dict[tuple[str, float], float]:
    path = hw_params_folder() / "reported" / "arithmetic_by_width.csv"
    return {
        (row["unit"], float(row["bits"])): float(row["claimed"])
        for _, row in read_rows(path, "a CSV of claims")
    }


@pytest.mark.parametrize(
    ("kind", "small", "large"),
    [
        ("multiplier", 8.0, 32.0),
        ("adder", 8.0, 16.0),
        ("adder", 8.0, 32.0),
        ("adder", 16.0, 32.0),
    ],
)
def test_arithmetic_grows_with_the_width_as_published(
    kind: str, small: float, large: float
) -> None:
    """To a quarter; none of these figures was used for the law."""
    energy = claims()
    published = energy[kind, large] / energy[kind, small]
    law = (
        multiplier_size(large, large, small)
        if kind == "multiplier"
        else adder_size(large, small)
    )
    assert law == pytest.approx(published, rel=0.25)


def test_lanes_follow_the_word_and_the_published_one_keeps_its_numbers() -> None:
    edge = dse.TileEngine.edge()
    used = edge.default_technology()
    half = edge.replace(fraction_bits=6)
    multipliers = 16 * float(used["multiplier.area"])
    for what in ("area", "dynamic_power", "leakage_power"):
        published = float(used[f"lane.{what}_m16_gelu"])
        assert float(unit(used, "mac_lanes", what, edge)) == pytest.approx(
            published, rel=1e-6
        )
        share = multipliers / float(used["lane.area_m16_gelu"])
        by_hand = published * (share / 4 + (1 - share) / 2)
        assert float(unit(used, "mac_lanes", what, half)) == pytest.approx(by_hand)
        assert float(unit(used, "fifo", what, half)) == pytest.approx(
            float(used[f"fifo.{what}"]) / 2, rel=1e-6
        )
    one_bit = edge.replace(integer_bits=1, fraction_bits=0)
    lanes = [
        float(dse.evaluate(m, BERT).area_by_component["mac_lanes"])
        for m in (one_bit, half, edge)
    ]
    assert lanes == sorted(lanes)
    assert lanes[0] < lanes[2] / 20


@pytest.mark.parametrize(
    ("machine", "field", "wide", "narrow"),
    [
        (dse.NMEngine.edge(), "value_format", "int16", "int8"),
        (dse.NMEngine.sta_4(), "value_format", "int16", "int8"),
        (dse.CrossbarEngine.isaac(), "activation_bits", 16, 8),
    ],
)
def test_a_vector_unit_of_half_the_word_is_half_the_size(
    machine: Any, field: str, wide: Any, narrow: Any
) -> None:
    found = [
        dse.evaluate(machine.replace(**{field: word}), BERT) for word in (wide, narrow)
    ]
    for table in ("area_by_component", "dynamic_energy"):
        large, small = (float(getattr(m, table)["vector_unit"]) for m in found)
        assert small == pytest.approx(large / 2.0, rel=1e-6)


def test_shorter_words_allow_a_faster_clock() -> None:
    """Of 2b bits the carry is log 2b deep; the published word keeps its clock."""
    edge = dse.TileEngine.edge()
    used = edge.default_technology()
    path, margin = used["critical_path.lane_m16"], used["clock.uncertainty"]
    for bits in (20, 16, 8, 2):
        found = (
            edge.replace(fraction_bits=bits - 4)
            if bits > 4
            else edge.replace(integer_bits=1, fraction_bits=1)
        )
        deep = math.log2(2 * bits) / math.log2(40)
        by_hand = 1.0 / (path * deep + margin)
        assert float(found.highest_clock(used)) == pytest.approx(by_hand, rel=1e-6)
