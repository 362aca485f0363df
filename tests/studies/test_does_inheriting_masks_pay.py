"""The committed answer follows from the committed accuracies, and the curves too."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dse.measure.n_of_m_curves import gains, mean_and_spread, n_of_m_curve
from dse.sparsity.curve_file import read_curve_file
from dse.sparsity.curve_names import curve_path

STUDY = Path(__file__).parents[2] / "studies" / "does_inheriting_masks_pay"
EXPECTED = tomllib.loads((STUDY / "expected.toml").read_text())


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(STUDY / "accuracies.csv")


def test_every_seed_has_every_model(table: pd.DataFrame) -> None:
    models = table.groupby("seed").size()
    assert models.index.to_list() == [0, 1, 2]
    assert models.nunique() == 1


@pytest.mark.parametrize("way", EXPECTED["gain"])
def test_the_gains_of_idp_are_the_committed_ones(table: pd.DataFrame, way: str) -> None:
    over, _, counted = way.partition("-")
    found = gains(table, over=over, per_series=counted == "per_series")
    assert len(found) == 3 * 5
    mean, spread = mean_and_spread(found)
    assert 100 * mean == pytest.approx(EXPECTED["gain"][way]["points"], abs=0.005)
    assert 100 * spread == pytest.approx(EXPECTED["gain"][way]["spread"], abs=0.005)


def test_the_first_model_of_idp_is_that_of_sr_ste(table: pd.DataFrame) -> None:
    # Nothing is inherited yet: the two are one method, trained twice.
    first = table[(table["steps"] == 120) & table["n"].isin([2, 4])]
    first = first[first["n"] * 2 == first["m"]]
    by_method = first.pivot_table(
        index=["seed", "m"], columns="method", values="accuracy"
    )
    assert np.array_equal(by_method["idp"], by_method["sr_ste"])


@pytest.mark.parametrize("method", ["one_shot", "frozen", "sr_ste", "idp"])
@pytest.mark.parametrize("m", [4, 8])
def test_the_shipped_curves_are_those_of_the_table(
    table: pd.DataFrame, method: str, m: int
) -> None:
    shipped = read_curve_file(curve_path(f"bert-tiny/wordnet/{method}_m{m}"))
    about = shipped.about.model_dump(exclude={"policy", "setting"})
    steps = int(table[table["method"] == "dense"]["steps"].max())
    found = n_of_m_curve(
        table, method=method, m=m, dense_steps=steps, texts=4000, about=about
    )
    assert found.about == shipped.about
    for name in ("settings", "accuracy", "spread"):
        wanted = getattr(shipped.curve, name)
        assert getattr(found.curve, name) == pytest.approx(wanted, rel=1e-4)
