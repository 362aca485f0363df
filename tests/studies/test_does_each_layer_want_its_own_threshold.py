"""Thresholds by layer: what was measured, what was found, and why it is the best."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dse

HERE = Path(__file__).parents[2] / "studies" / "does_each_layer_want_its_own_threshold"
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text())
LAYERS = 6


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that finds the best of all designs by bounds."""
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module("exact")


def lost(thresholds: Any) -> float:
    """Return the share of accuracy that was measured to be lost."""
    table = pd.read_csv(HERE / "layers.csv")
    tried = table.filter(like="threshold_").to_numpy()
    row = table[np.isclose(tried, thresholds).all(axis=1)]
    dense, pruned = row.filter(like="dense_"), row.filter(like="accuracy_")
    return float((dense.to_numpy() - pruned.to_numpy()).mean())


def test_the_curve_states_the_losses_that_were_measured() -> None:
    curve = tomllib.loads(
        (
            HERE.parents[1] / "hw_params/curves/minilm-l6/wordnet/dynatran.toml"
        ).read_text()
    )
    stated = curve["layer_loss"]
    for layer, row in enumerate(stated["accuracy_drop"]):
        for setting, drop in zip(stated["settings"], row, strict=True):
            alone = setting * np.eye(LAYERS)[layer]
            assert drop == pytest.approx(lost(alone), abs=1e-5)


def test_the_last_layer_loses_most_and_small_losses_nearly_add() -> None:
    singles = np.asarray([lost(0.02 * np.eye(LAYERS)[n]) for n in range(LAYERS)])
    assert np.argmax(singles) == LAYERS - 1
    assert singles[-1] > 3 * singles[:-1].max()
    assert singles.sum() == pytest.approx(lost([0.02] * LAYERS), rel=0.3)


def test_all_assignments_within_the_floor_are_tried_and_no_others(exact: Any) -> None:
    study = dse.load_study(HERE)
    rows = exact.allowed(study, 0.01)
    loss = study.suite[0][0].curve.layer_loss
    values = study.space.values("threshold.0")
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert all(loss.together(row) <= 0.01 for row in rows)
    for layer in range(LAYERS):
        for value in values:
            alone = np.where(np.arange(LAYERS) == layer, value, 0.0)
            within = loss.together(alone) <= 0.01
            assert (rows == alone).all(axis=1).any() == within


def test_sparser_layers_never_cost_more(exact: Any) -> None:
    """What the bounds rest on, over chips and assignments of every kind."""
    study = dse.load_study(HERE)
    random = np.random.default_rng(0)
    values = np.asarray(study.space.values("threshold.0"))
    chips = random.integers(exact.chips_of(study.space).size, size=20_000)
    places = random.integers(len(values), size=(len(chips), LAYERS))
    sparser = np.minimum(
        places + random.integers(3, size=places.shape), len(values) - 1
    )
    before = exact.costs(study, chips, values[places], np.inf)
    after = exact.costs(study, chips, values[sparser], np.inf)
    assert (after <= before * (1.0 + exact.ROUNDING)).all()


def test_layers_pay_what_is_stated() -> None:
    for answer in EXPECTED.values():
        better = min(answer["layers"], answer["chip"])
        assert better / answer["both"] == pytest.approx(answer["gain"], rel=1e-4)
        assert answer["both"] == answer["both_exact"] >= answer["both_any_number"]


@pytest.mark.nightly
def test_a_run_gives_the_committed_answer(exact: Any) -> None:
    assert exact  # the study imports it
    study = importlib.import_module("study")
    for what, value in study.answer(dse.load_study(HERE)).items():
        close = 1e-2 if what == "both_any_number" else 1e-4
        assert value == pytest.approx(EXPECTED["memories"][what], rel=close)
