"""No accuracy without what it was measured on, and none of another model unasked."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dse
from dse.explore.accuracy import grounds_of
from dse.sparsity.curve_names import curve_names
from dse.sparsity.loss import LEAST_FOREIGN, Loss, together

TINY = dse.Subject(model="bert-tiny", task="wordnet", seq_len=24)
LABEL = "of bert-tiny on wordnet, 24 tokens, standing in here"
OTHER = dse.transformer("gpt2", seq_len=32)
OWN = dse.transformer("bert-tiny", seq_len=24)
SPACE = dse.Space(dse.NMEngine(), kept=[1, 2, 4])
LIMIT = "accuracy_drop <= 2 %"


def sweep(workload: dse.Workload, **how: Any) -> dse.Runs:
    return dse.sweep(SPACE, workload, progress=False, **how)


def in_a_row(text: str) -> str:
    """Text whose lines are broken where a table was too wide."""
    return " ".join(text.split())


def test_an_accuracy_of_another_model_says_so_wherever_it_is_told(
    tmp_path: Path,
) -> None:
    found = dse.evaluate(dse.NMEngine(), OTHER)
    assert found.measured_on == (TINY,)
    assert found.foreign == ("was measured on bert-tiny, not on gpt2",)
    assert LABEL in in_a_row(repr(found))
    assert grounds_of(found).to_json()["foreign"] == list(found.foreign)
    runs = sweep(OTHER)
    wanted = ("min:accuracy_drop", "min:energy")
    front = dse.pareto(runs, *wanted, accept_foreign_accuracy=True)
    page = dse.report(front, tmp_path / "page.html").read_text()
    assert page.count(LABEL) > 3  # in titles, on hovering, among what it rests on


def test_an_accuracy_of_its_own_model_says_what_that_is() -> None:
    found = dse.evaluate(dse.NMEngine(), OWN)
    assert found.foreign == ()
    assert "of bert-tiny on wordnet, 24 tokens)" in in_a_row(repr(found))
    longer = dse.evaluate(dse.NMEngine(), dse.transformer("bert-tiny", seq_len=64))
    assert longer.foreign == ("was measured at 24 tokens, not at 64",)


def test_dense_weights_lose_nothing_on_any_model() -> None:
    dense = dse.evaluate(dse.NMEngine(kept=4, value_format="int16"), OTHER)
    assert float(dense.accuracy_drop) == float(dense.accuracy_spread) == 0.0
    assert "standing in" not in in_a_row(repr(dense))
    fixed = dse.Space(dse.NMEngine(kept=4), tile_rows=[8, 16])
    dse.sweep(fixed, OTHER, limits=[LIMIT], progress=False)  # nothing to ask about


def test_it_never_enters_a_limit_or_an_objective_unasked() -> None:
    runs = sweep(OTHER)
    assert "accuracy_drop_percent" in runs.columns  # it is told, and decides nothing
    for ask in (
        lambda: sweep(OTHER, limits=[LIMIT]),
        lambda: sweep(OTHER, front=("min:accuracy_drop", "min:energy")),
        lambda: dse.pareto(runs, "min:accuracy_drop"),
        lambda: dse.pareto(runs, "min:energy", limits=[LIMIT]),
        lambda: runs.limited(LIMIT),
        lambda: dse.tune("min:energy", SPACE, workload=OTHER, subject_to=[LIMIT]),
        lambda: dse.tune("min:accuracy_drop", SPACE, workload=OTHER),
        lambda: dse.tune_front(
            SPACE, OTHER, objectives=("min:accuracy_drop", "min:energy")
        ),
    ):
        with pytest.raises(dse.InputError, match="accept_foreign_accuracy"):
            ask()


def test_it_enters_when_asked() -> None:
    asked = {"accept_foreign_accuracy": True}
    assert len(sweep(OTHER, front=("min:energy",), limits=[LIMIT], **asked)) == 1
    front = dse.pareto(sweep(OTHER), "min:accuracy_drop", **asked)
    assert front.designs["kept"].tolist() == [4.0]
    assert len(dse.pareto(sweep(OWN), "min:accuracy_drop")) == 1  # no need to ask


def test_a_curve_that_stands_in_may_not_decide_unasked() -> None:
    curve = dse.load_curve("bert-tiny/wordnet/dynatran")
    foreign = OTHER.with_curve(curve, 0.02, stand_in=True)
    space = dse.Space(dse.TileEngine.edge(), threshold=[0.01, 0.02])
    with pytest.raises(dse.InputError, match="measured on bert-tiny, not on gpt2"):
        dse.sweep(space, foreign, limits=[LIMIT], progress=False)


def test_results_keep_what_was_asked(tmp_path: Path) -> None:
    runs = sweep(OTHER, accept_foreign_accuracy=True)
    again = dse.load(dse.save(runs, tmp_path / "runs.parquet"))
    assert again.basis.accept_foreign_accuracy
    assert len(dse.pareto(again, "min:accuracy_drop")) == 1


def test_error_bars_grow_by_the_law_and_reach_the_draws() -> None:
    loss = Loss(drop=0.01, spread=0.003, subject=TINY)
    own = together([loss], "bert-tiny", 24)
    foreign = together([loss, Loss(drop=0.0)], "gpt2", 24)
    assert float(own.spread) == pytest.approx(0.003)
    assert float(foreign.spread) == pytest.approx(np.hypot(0.003, LEAST_FOREIGN))
    large = Loss(drop=0.2, spread=0.003, subject=TINY)
    assert float(large.spread_on("gpt2", 24)) == pytest.approx(np.hypot(0.2, 0.003))
    found = dse.uncertainty(dse.NMEngine(), OTHER, draws=400)
    low, high = found.interval("accuracy_drop")
    assert float(high[0] - low[0]) > LEAST_FOREIGN
    assert found.drivers("accuracy_drop").index[0] == "accuracy, as measured"


def test_two_thirds_of_what_curves_say_of_each_other_lie_within_that_law() -> None:
    """Over all shipped curves of one rule and two subjects, losses below ten points."""
    by_rule: dict[tuple[str, str], list[dse.Curve]] = {}
    for name in curve_names():
        curve = dse.load_curve(name)
        about = curve.about
        by_rule.setdefault((about.policy, about.setting), []).append(curve)
    inside = []
    for curves in by_rule.values():
        for one, other in itertools.permutations(curves, 2):
            if (one.about.model, one.about.seq_len) != (
                other.about.model,
                other.about.seq_len,
            ):
                inside += _within(one, other)
    assert len(inside) > 100
    assert 0.6 < np.mean(inside) < 0.75


def _within(one: dse.Curve, other: dse.Curve) -> list[bool]:
    low = max(one.settings[0], other.settings[0])
    high = min(one.settings[-1], other.settings[-1])
    found = []
    for setting in np.linspace(low, high, 9) if low < high else ():
        drop, spread = float(one.accuracy_drop(setting)), float(one.spread_at(setting))
        if drop < 0.1:
            loss = Loss(drop=drop, spread=spread, subject=TINY)
            off = abs(float(other.accuracy_drop(setting)) - drop)
            found.append(off < float(loss.spread_on("another", 24)))
    return found
