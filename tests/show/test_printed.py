"""What objects look like where they are printed, or end a cell of a notebook."""

from __future__ import annotations

import dataclasses
import inspect
import pydoc
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import dse

EDGE = dse.TileEngine.edge()
GPU = dse.ReferenceMachine.a100()
TINY = dse.transformer("bert-tiny", seq_len=32)
CURVE = dse.load_curve("minilm-l6/wordnet/dynatran")


def metrics() -> dse.Metrics:
    return dse.evaluate(EDGE, TINY)


SHOWN: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "metrics": (metrics, ["Energy per sequence", "Latency", "Bottleneck"]),
    "design": (lambda: EDGE, ["TileEngine", "weight_buffer_mib", "8 MiB", "dram_32"]),
    "pair": (
        lambda: dse.Pair(host=EDGE, coprocessor=dse.SprintEngine.m_sprint()),
        ["host.pes", "coprocessor.corelets"],
    ),
    "workload": (lambda: TINY, ["bert-tiny: prefill of 32 tokens", "1 x 32 x 128 x"]),
    "curve": (lambda: CURVE, ["minilm-l6/wordnet/dynatran", "density of activations"]),
    "technology": (
        EDGE.default_technology,
        ["acceltran + memories: ", "frequency"],
    ),
    "sensitivity": (lambda: dse.sensitivity(EDGE, TINY), ["pes", "energy", " %"]),
    "uncertainty": (
        lambda: dse.uncertainty(EDGE, TINY, draws=20),
        ["20 draws", "Energy per sequence", " to "],
    ),
    "model": (lambda: dse.compile_model(EDGE, TINY), ["TileEngine", "float32", "pes"]),
    "space": (
        lambda: dse.Space(
            EDGE, weight_buffer_mib=[8, 16], batch=[1, 4], issue_batch=dse.tied("pes/8")
        ),
        ["4 designs", "8 MiB, 16 MiB", "pes/8", "sequences run together"],
    ),
    "front": (
        lambda: dse.pareto(
            dse.sweep(dse.Space(EDGE, pes=[64, 128]), TINY, progress=False),
            "max:throughput",
            "min:energy",
        ),
        ["of 2 designs evaluated", "seq/s", "J", "PEs 64"],
    ),
    "study": (
        lambda: dse.load_study("acceltran_design_space"),
        ["35,640,000 of TileEngine", "max:throughput", "bert-base: prefill"],
    ),
    "shape": (
        lambda: dse.model_shape("llama-3-8b"),
        ["7,504,924,672", "16.1 GB", "131 kB", "32 of width 4,096"],
    ),
    "jax.grad": (
        lambda: jax.grad(lambda design: dse.evaluate(design, TINY).energy)(EDGE),
        ["Numbers of a TileEngine that no machine has"],
    ),
    "slopes": (lambda: dse.gradient(EDGE, TINY, "power"), ["Slopes of power", "W per"]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_it_prints_as_a_short_table_in_text_and_in_html(name: str) -> None:
    make, said = SHOWN[name]
    shown = make()
    text, html = repr(shown), shown._repr_html_()
    lines = text.splitlines()
    assert 5 < len(lines) < 45
    assert name == "curve" or max(map(len, lines)) <= 80  # all numbers
    assert any(set(line) == {"-", " "} for line in lines)  # the rule below the heads
    for part in said:
        assert part in text
        assert part in html.replace("&#x27;", "'")
    assert "<table>" in html
    assert "[" not in text.split("`")[0]  # no array is written out


def test_a_summary_is_what_the_command_line_prints() -> None:
    from dse.show.evaluation_text import metrics_text

    assert str(metrics().summary()) == metrics_text(metrics())
    assert metrics().summary()._repr_html_().count("<table>") == 5


def test_each_op_of_a_generation_has_one_line_that_sums_prompt_and_steps() -> None:
    work = dse.generation("gpt2", prompt=8, new_tokens=4)
    found = dse.evaluate(GPU, work, timing="roofline")
    table = found.summary().tables[-1]
    assert table.heads[0] == "op, all layers and steps"
    names = [row[0] for row in table.rows]
    assert len(names) == len(set(names)) == len(set(found.op_names))
    assert table.heads[-1] == "work (J)"
    joule = sum(float(row[-1]) for row in table.rows)
    assert joule == pytest.approx(float(found.op_energy.sum()), rel=1e-2)


def test_metrics_of_many_designs_and_traced_records_print_too() -> None:
    def answer(clock: Any) -> Any:
        design = GPU.replace(clock_mhz=clock)
        assert "clock_mhz" in repr(design)
        found = dse.evaluate(design, TINY.attention_only(), timing="roofline")
        assert "shape" in repr(found)
        return found

    assert "(2,)" in repr(jax.vmap(answer)(jnp.asarray([700.0, 1400.0])))


def test_text_of_a_user_is_no_markup() -> None:
    html = TINY.replace(name="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in html


def test_help_says_what_each_field_can_be() -> None:
    signature = inspect.signature(dse.TileEngine)
    size = signature.parameters["weight_buffer_mib"]
    assert (size.annotation, size.default) == ("MiB, 1e-06 or more", 8.0)
    assert signature.parameters["non_linearity"].default == "gelu"
    assert signature.parameters["pes"].default == 64
    text = pydoc.render_doc(dse.TileEngine, renderer=pydoc.plaintext)
    assert "weight_buffer_mib: weight buffer; MiB, 1e-06 or more; default 8 MiB" in text
    assert (
        "non_linearity: at the lanes' output; one of relu, gelu; default gelu" in text
    )
    assert dse.TileEngine.edge() == dse.TileEngine()  # the signature is only shown


def test_what_is_set_in_place_is_told_of_replace() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"\.replace\(pes=3\)"):
        EDGE.pes = 3  # type: ignore[misc]
    with pytest.raises(AttributeError, match="never changed"):
        del EDGE.pes


def test_what_only_a_kind_has_is_told_with_its_unit() -> None:
    run = dse.transformer("bert-tiny", seq_len=64)
    pair = dse.Pair(host=dse.TileEngine.edge(), coprocessor=dse.SprintEngine())
    told = repr(dse.evaluate(pair, run))
    assert re.search(r"^coprocessor lifetime +\S+ years", told, re.M)
    assert re.search(r"^coprocessor main memory read +\S+ Mbit", told, re.M)
    assert "mbit" not in told


def test_a_tuned_machine_is_told_as_others_are() -> None:
    run = dse.transformer("bert-tiny", seq_len=64)
    space = dse.Space(dse.TileEngine.edge(), weight_buffer_mib=[4, 8])
    told = repr(dse.tune("min:energy", space, workload=run, starts=2, steps=2))
    assert re.search(r"^weight buffer +\d MiB$", told, re.M)
    order = [told.index(name) for name in ("Throughput", "Energy per", "Chip area")]
    assert order == sorted(order)


def test_code_in_a_sentence_is_code_in_a_notebook() -> None:
    assert "`.summary()`" in repr(metrics())
    assert "<code>.summary()</code>" in metrics()._repr_html_()
