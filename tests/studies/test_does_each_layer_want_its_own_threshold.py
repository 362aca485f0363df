"""Thresholds by layer: what was measured, what was found, and why it is the best."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import dse
from tests.studies.modules import module_of

HERE = Path(__file__).parents[2] / "studies" / "does_each_layer_want_its_own_threshold"
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text())
LAYERS = 6


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


def test_sparser_layers_never_cost_more() -> None:
    """As the answer says, over chips and assignments of every kind."""
    study, random = dse.load_study(HERE), np.random.default_rng(0)
    space, count = study.space, 20_000
    names = [*space.names, *space.tied]
    model = dse.compile_model(
        space.design,
        study.suite[0][0],
        over=names,
        technology=study.technology,
        precision="double",
    )
    moved = {name: random.choice(space.values(name), count) for name in space.names}
    sparser = {
        name: np.maximum(moved[name], random.choice(space.values(name), count))
        for name in moved
        if name.startswith("threshold.")
    }
    before, after = (
        model(space.complete(each))["energy_delay"] for each in (moved, moved | sparser)
    )
    assert (after <= before * (1.0 + 1e-9)).all()


def test_layers_pay_what_is_stated() -> None:
    for answer in EXPECTED.values():
        better = min(answer["layers"], answer["chip"])
        assert better / answer["both"] == pytest.approx(answer["gain"], rel=1e-4)
        assert answer["both"] == answer["both_exact"] >= answer["both_any_number"]


@pytest.mark.nightly
def test_a_run_gives_the_committed_answer() -> None:
    study = module_of(HERE.name)
    for what, value in study.answer(dse.load_study(HERE)).items():
        close = 1e-2 if what == "both_any_number" else 1e-4
        assert value == pytest.approx(EXPECTED["memories"][what], rel=close)
