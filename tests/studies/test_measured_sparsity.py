"""The committed answers of the two studies of measured curves are what curves say."""

from __future__ import annotations

import tomllib
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from tests.studies.modules import STUDIES, module_of


def expected(study: str) -> dict[str, Any]:
    return tomllib.loads((STUDIES / study / "expected.toml").read_text())


def test_dynatran_and_top_k_compare_as_the_study_says() -> None:
    _, ratios = module_of("dynatran_against_top_k", "traces").answer()
    wanted = expected("dynatran_against_top_k")
    found = {
        model: {row["share of"]: row["ratio"] for _, row in rows.iterrows()}
        for model, rows in ratios.groupby("model")
    }
    assert found.keys() == wanted.keys()
    for model, shares in wanted.items():
        assert found[model] == pytest.approx(shares, rel=1e-2)


def test_published_curves_give_the_ratio_that_was_published() -> None:
    # AccelTran: "up to 1.2x" more sparsity than top-k, of BERT-Base on SST-2.
    ratio = expected("dynatran_against_top_k")["bert-base"]["zeros"]
    assert ratio == pytest.approx(1.2, abs=0.05)


@pytest.fixture(scope="module")
def filters() -> ModuleType:
    return module_of("what_attention_filters_keep", "filters")


def test_filters_save_what_the_study_says(filters: Any) -> None:
    wanted = expected("what_attention_filters_keep")
    for policy, shares in wanted["kept_at_published_loss"].items():
        found = filters.at_loss(filters.table(policy), "kept")
        assert found == pytest.approx(shares, rel=3e-3)
    rows = filters.table("mp_mrf")
    for name, cost in filters.PASS.items():
        rows["saved"] = filters.net_saved(rows, cost)
        assert filters.at_loss(rows, "saved") == pytest.approx(
            wanted["net_saved"][name], rel=3e-3
        )


def test_shares_by_length_are_those_of_the_study() -> None:
    study = "what_attention_filters_keep"
    by_length = module_of(study, "by_length")
    tables = by_length.density(), by_length.rounds(), by_length.locality("mp_mrf")
    for tokens, shares in expected(study)["by_length"].items():
        for name, share in shares.items():
            (table,) = (each for each in tables if name in each)
            assert table[name][int(tokens)] == pytest.approx(share, abs=6e-4)


def test_net_saving_counts_the_filter_by_hand(filters: Any) -> None:
    # Of 100 pairs 40 pass the first round and 20 the second. Two products a pair make
    # 200; 40 are left. The filter makes 100 + 40 passes at 8/256 of a product each:
    # 4.375. So 1 - (40 + 4.375) / 200 is saved; without reuse 180 passes, 5.625.
    rows = pd.DataFrame({"kept": [0.2], "first round": [0.4]})
    cost = filters.PASS["bit products"]
    assert filters.net_saved(rows, cost)[0] == pytest.approx(1 - 44.375 / 200)
    without = filters.net_saved(rows, cost, reuse=False)
    assert without[0] == pytest.approx(1 - 45.625 / 200)
