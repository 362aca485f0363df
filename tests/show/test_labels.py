from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.engines.base import Engine
from dse.engines.reference import ReferenceMachine
from dse.engines.registry import ENGINES
from dse.engines.tile.engine import TileEngine
from dse.explore.limits import read_limits
from dse.explore.space import meaning_of
from dse.show.labels import (
    amount,
    component_label,
    describe_fields,
    describe_workload,
    field_label,
    number,
    shown_limit,
    shown_unit,
)
from dse.workload.transformer import transformer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (35_640_000.0, "35,600,000"),
        (1234.5, "1,230"),
        (17.42, "17.4"),
        (34.0, "34"),
        (0.012345, "0.0123"),
        (1.5e-7, "1.50e-07"),
        (-2.5, "-2.5"),
        (999.9, "1,000"),
    ],
)
def test_a_number_has_three_digits_and_its_thousands_apart(
    value: float, text: str
) -> None:
    assert number(value) == text


@given(st.floats(1e-12, 1e12))
def test_a_printed_number_is_the_number_to_half_a_unit_of_its_last_digit(
    value: float,
) -> None:
    printed = float(number(value).replace(",", ""))
    assert printed == pytest.approx(value, rel=0.0051)


def test_amounts_carry_their_unit() -> None:
    assert amount(5.4e-5, "mm^2") == "54 mm²"
    assert amount(17.4e-3, "mJ") == "17.4 mJ"
    assert amount(3.0, "1") == "3"
    assert [shown_unit(u) for u in ("us", "uJ", "um^2")] == ["µs", "µJ", "µm²"]


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("memory_bandwidth_gb_per_s", "memory bandwidth"),
        ("weight_buffer_mib", "weight buffer"),
        ("lanes_per_pe", "lanes per PE"),
        ("clock_mhz", "clock"),
        ("batch", "batch"),
        ("integer_bits", "integer bits"),
    ],
)
def test_a_field_in_words_leaves_its_unit_to_the_value(field: str, label: str) -> None:
    assert field_label(field, meaning_of(TileEngine.edge(), field).unit) == label


@pytest.mark.parametrize("kind", ENGINES.values())
def test_a_field_and_its_value_tell_the_unit_once(kind: type[Engine]) -> None:
    design = kind()
    for name, known in design.meanings().items():
        (both,) = describe_fields(design, {name: design.number(name)}).items()
        words = re.findall(r"[a-z]+|/|\^", " ".join(both).lower())
        unit = re.findall(r"[a-z]+", known.unit.lower())
        told = [word for word in words if word.removesuffix("s") in unit]
        assert len(told) <= len(unit), both
        if not known.choices:
            assert "^" not in words, both


def test_a_value_has_no_unit_where_its_label_is_one() -> None:
    machine = TileEngine.edge()
    values = {
        name: machine.number(name) for name in ("integer_bits", "mask_buffer_mib")
    }
    assert describe_fields(machine, values) == {
        "integer bits": "4",
        "mask buffer": "1 MiB",
    }
    gpu = ReferenceMachine()
    told = {name: gpu.number(name) for name in ("overhead_us", "die_mm2", "peak_tops")}
    assert describe_fields(gpu, told) == {
        "overhead": "29.7 µs",
        "die": "826 mm²",
        "peak": "312 TOP/s",
    }


def test_parts_and_ops_are_written_as_people_write_them() -> None:
    assert component_label("mac_lanes") == "MAC lanes"
    assert component_label("ffn_up") == "FFN up"


def test_a_run_is_told_from_every_other() -> None:
    gpt2 = transformer("gpt2", seq_len=64)
    sparse = gpt2.with_density(activation=0.5).with_attention(kept=0.25)
    runs = [
        transformer("gpt2", mode="decode", context_len=64),
        gpt2,
        sparse,
        sparse.replace(batch=4),
        transformer("bert-base", seq_len=64),
        transformer("bert-base", seq_len=64, padded_fraction=0.25),
    ]
    assert [describe_workload(run) for run in runs] == [
        "gpt2: decode step, 64 tokens of context, batch 1",
        "gpt2: causal prefill of 64 tokens, batch 1",
        "gpt2: causal prefill of 64 tokens, batch 1, density of activations 0.25 to "
        "0.5, query-key pairs kept 0.25",
        "gpt2: causal prefill of 64 tokens, batch 4, density of activations 0.25 to "
        "0.5, query-key pairs kept 0.25",
        "bert-base: prefill of 64 tokens, batch 1",
        "bert-base: prefill of 64 tokens, batch 1, 25% padding",
    ]
    assert describe_workload(gpt2, moved=["batch"]) == (
        "gpt2: causal prefill of 64 tokens"
    )


def test_a_limit_is_printed_as_it_was_written() -> None:
    limits = read_limits(["area <= 50 mm2", "latency<=20ms", "throughput >= 2 seq/s"])
    printed = ["area ≤ 50 mm²", "latency ≤ 20 ms", "throughput ≥ 2 seq/s"]
    assert [shown_limit(limit) for limit in limits] == printed
