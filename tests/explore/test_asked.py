"""Names stand for what they name; what is neither is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dse

EDGE = dse.TileEngine.edge()
TINY = dse.transformer("bert-tiny")
PAIR = np.asarray([64.0, 128.0])
SPACE = dse.Space("tile:edge", pes=[64, 128])


def test_names_are_as_good_as_what_they_name() -> None:
    named = dse.evaluate("tile:edge", "bert-tiny", technology="acceltran")
    told = EDGE.published_technology()
    assert float(named.energy) == float(
        dse.evaluate(EDGE, TINY, technology=told).energy
    )
    runs = dse.sweep(SPACE, "bert-tiny", technology="acceltran")
    by_records = dse.sweep(SPACE, [TINY], technology=told)
    assert list(runs.metrics["energy"]) == list(by_records.metrics["energy"])


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: dse.evaluate("edge", TINY), "'edge' is no design; give one, as"),
        (lambda: dse.evaluate(dse.TileEngine, TINY), "class `TileEngine` is no design"),
        (lambda: dse.evaluate(TINY, EDGE), "a `Workload` is no design"),
        (lambda: dse.evaluate(EDGE, EDGE), "a `TileEngine` is no workload"),
        (lambda: dse.evaluate(EDGE, None), "None is no workload"),
        (
            lambda: dse.evaluate(EDGE.replace(pes=PAIR), TINY),
            "pes` holds an arr",
        ),
        (lambda: dse.evaluate(EDGE, TINY.replace(batch=PAIR)), "batch` holds an array"),
        (lambda: dse.Space(EDGE.replace(pes=PAIR), lanes_per_pe=[8]), "an array of 2"),
        (lambda: TINY.with_density(activation=PAIR / 128), "density holds an array"),
        (lambda: dse.evaluate(EDGE, TINY.replace(blocks=())), "has no op to run"),
        (lambda: EDGE.replace(loop_order="b_i_j"), "`TileEngine.loop_order` is"),
        (lambda: EDGE.replace(conventions=3), "give a `Conventions`"),
        (lambda: TINY.replace(seq_len=-1), "`Workload.seq_len` is -1; give 0 or more"),
        (lambda: dse.choice(np.float32("nan"), 1), "a value of an axis is"),
        (lambda: dse.choice(10**400, 1), "a value of an axis is 1000"),
        (lambda: dse.evaluate(EDGE, "bert-tny"), "Did you mean `bert-tiny`"),
        (lambda: dse.evaluate("tile:egde", TINY), "Did you mean `edge`"),
        (lambda: dse.evaluate(EDGE, TINY, technology=7), "7 is no technology; give"),
        (lambda: dse.gradient(EDGE, TINY, "energy", technology="aceltran"), "Did you"),
        (
            lambda: dse.gradient(EDGE, TINY, "energy", timing="wlak"),
            "Did you mean `walk`",
        ),
        (lambda: dse.sensitivity(EDGE, TINY, timing="wlak"), "Did you mean `walk`"),
        (lambda: dse.uncertainty(EDGE, TINY, timing="wlak"), "Did you mean `walk`"),
        (lambda: dse.sweep(SPACE, TINY, timing="wlak"), "Did you mean `walk`"),
        (lambda: dse.sweep(EDGE, TINY), "`space` is a `TileEngine`; give `dse.Space("),
        (lambda: dse.sweep(SPACE, None), "None is no workload"),
        (lambda: dse.Space("edge", pes=[1]), "'edge' is no design"),
        (lambda: dse.tune("min:energy", "edge", workload=TINY), "no `Space` to tune"),
        (lambda: dse.compile_model(EDGE, 3), "3 is no workload"),
        (lambda: TINY.with_curve("minilm", 0.1), "`curve` is 'minilm'; give what"),
        (lambda: dse.plot_front("front"), "`runs` is 'front'; give runs, as"),
        (lambda: dse.plot_breakdown("edge"), "is 'edge'; give what `dse.evaluate`"),
        (lambda: dse.plot_time(EDGE), "`metrics` is a `TileEngine`; give what"),
        (lambda: dse.plot_sensitivity("x", "energy"), "is 'x'; give what `dse.sensit"),
        (lambda: dse.load_study(EDGE), "`path` is a `TileEngine`; give the folder"),
    ],
)
def test_what_is_neither_is_refused(ask: Callable[[], Any], said: str) -> None:
    with pytest.raises(dse.InputError) as caught:
        ask()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
