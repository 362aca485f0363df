"""`dse.evaluate` traces a form once, whatever runs of that form are called."""

from __future__ import annotations

from typing import Any

import pytest

import dse
from dse import evaluation

EDGE = dse.TileEngine.edge()


def test_another_length_or_node_traces_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the model was traced again")

    usual = EDGE.default_technology()
    short, long = (dse.transformer("bert-tiny", seq_len=n) for n in (40, 80))
    first = dse.evaluate(EDGE, short, technology=usual)
    monkeypatch.setattr(evaluation, "costs", refuse)
    assert dse.evaluate(EDGE, long, technology=usual).latency > first.latency
    key = "sram.leakage_power"
    dearer = usual.replace(**{key: 2.0 * usual[key]})
    assert dearer.name != usual.name
    assert dse.evaluate(EDGE, short, technology=dearer).energy > first.energy
    smaller = dse.evaluate(EDGE, short, technology=usual.at_node("7 nm"))
    assert smaller.area < first.area


def test_what_is_not_of_the_form_is_told_of_each_run() -> None:
    curve = dse.load_curve("bert-tiny/wordnet/dynatran")
    lengths = {"gpt2": (24, 48), "bert-tiny": (24, 512)}
    runs = [
        dse.transformer(n, seq_len=tokens) for n in lengths for tokens in lengths[n]
    ]
    other, still, own, longer = (
        dse.evaluate(EDGE, run.with_curve(curve, 0.02, stand_in=True)).foreign
        for run in runs
    )
    assert other == still == ("was measured on bert-tiny, not on gpt2",)
    assert own == ()
    assert "tokens, not at 512" in longer[0]
    for name in ("mine", "yours"):
        bare = dse.Technology(name=name, files=(), values={"process.node": 7e-9})
        with pytest.raises(dse.InputError, match=f"technology {name} has no"):
            dse.evaluate(EDGE, runs[0], technology=bare)
