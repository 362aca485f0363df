"""What the tables of accuracy say between their points, and of themselves."""

from __future__ import annotations

import tomllib

import jax
import numpy as np
import pytest

import dse
from dse.engines.nm.accuracy import NMAccuracy, nm_accuracy
from dse.errors import InputError
from dse.shipped import hw_params_folder
from dse.sparsity.loss import LEAST_FOREIGN

SUBJECT = dse.Subject(model="bert-tiny", task="by hand")
TABLE = NMAccuracy(
    name="by hand",
    subject=SUBJECT,
    points=((2, 4, 0.01), (1, 4, 0.03), (4, 8, 0.0), (2, 8, 0.01)),
    source="fang2022sta",
)


@pytest.mark.parametrize(
    ("kept", "group", "drop"),
    [
        (4, 4, 0.0),
        (2, 4, 0.01),
        (1.5, 4, 0.02),  # halfway between 2:4 and 1:4
        (3, 4, 0.005),  # halfway between 2:4 and dense
        (3, 8, 0.005),
        (1, 2, 0.01),  # below the least group: as 2:4
        (0.5, 4, 0.04),  # the line from 2:4 to 1:4 goes on by half its step
        (1, 8, 0.015),  # that from 4:8 to 2:8 likewise
        (8, 16, 0.0),  # beyond the largest group: as 4:8
    ],
)
def test_a_setting_between_points_lies_on_lines(
    kept: float, group: float, drop: float
) -> None:
    assert float(TABLE.drop(kept, float(group))) == pytest.approx(drop, abs=1e-7)


def test_between_group_sizes_the_drop_is_linear_in_their_logarithm() -> None:
    # sqrt(32) = 5.66 is halfway from 4 to 8: half of 0.01 and half of 0.0
    half = float(TABLE.drop(32**0.5 / 2, 32**0.5))
    assert half == pytest.approx(0.005, abs=1e-7)


def test_a_drop_is_as_sure_as_its_table_and_a_dense_machine_loses_nothing() -> None:
    table = TABLE.replace(spread=0.003)
    sparse, dense = table.loss(2.0, 4.0), table.loss(4.0, 4.0)
    assert float(sparse.spread) == pytest.approx(0.003)
    assert [float(dense.drop), float(dense.spread)] == [0.0, 0.0]
    # Of another model a sparse machine may lose as much again, a dense one nothing.
    off = np.hypot(0.003, max(float(sparse.drop), LEAST_FOREIGN))
    assert float(sparse.spread_on("gpt2", 24)) == pytest.approx(off)
    assert float(dense.spread_on("gpt2", 24)) == 0.0


def test_a_gain_in_accuracy_does_not_count() -> None:
    better = NMAccuracy(
        name="x", points=((2, 4, -0.01),), subject=SUBJECT, source="fang2022sta"
    )
    assert float(better.drop(2.0, 4.0)) == 0.0


@pytest.mark.parametrize(
    "name", ["bert-tiny/wordnet/one_shot", "bert-tiny/wordnet/idp"]
)
def test_what_was_measured_is_as_unsure_as_its_least_sure_point(name: str) -> None:
    spreads = [dse.load_curve(f"{name}_m{group}").spread for group in (4, 8)]
    most = float(np.max(np.concatenate(spreads)))
    assert nm_accuracy(name).spread == pytest.approx(most, rel=1e-6)
    assert most > 0.0


def test_every_table_says_where_its_dense_score_is_from() -> None:
    path = hw_params_folder() / "accuracy" / "nm_published.toml"
    for name, table in tomllib.loads(path.read_text()).items():
        assert table["where"], name
        if table["dense_status"] == "assumed":
            assert table["dense_low"] <= table["dense"] <= table["dense_high"]
            assert table["dense_why"]
        assert nm_accuracy(name).source == table["source"]


def test_the_drop_travels_into_the_metrics() -> None:
    bert = dse.transformer("bert-tiny", seq_len=32)
    machines = {
        "known": dse.NMEngine(accuracy=TABLE, kept=1),
        "unknown": dse.NMEngine(accuracy=None, kept=1),
    }
    found = {n: jax.eval_shape(dse.evaluate, d, bert) for n, d in machines.items()}
    assert found["unknown"].accuracy_drop is None
    assert float(dse.evaluate(machines["known"], bert).accuracy_drop) == pytest.approx(
        0.03
    )


def test_a_table_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="Did you mean `bert-base`"):
        nm_accuracy("bert-bse")
    with pytest.raises(InputError, match="has no points"):
        NMAccuracy(name="x", points=(), subject=SUBJECT, source="fang2022sta")
