"""Accuracy as a metric: known for the dense model, not known for stated densities."""

from __future__ import annotations

import pytest

import dse

SPACE = dse.Space(dse.TileEngine.edge(), pes=[64, 128], batch=[1, 4])
BERT = dse.transformer("bert-tiny", seq_len=32)
STATED = BERT.with_density(activation=0.5)


def test_the_dense_model_loses_nothing() -> None:
    runs = dse.sweep(SPACE, BERT, progress=False)
    assert (runs.to_pandas()["accuracy_drop_percent"] == 0.0).all()


def test_what_is_not_known_has_no_column() -> None:
    runs = dse.sweep(SPACE, STATED, progress=False)
    assert "accuracy_drop_percent" not in runs.to_pandas()


def test_asking_for_what_is_not_known_is_an_error_that_says_where_to_get_it() -> None:
    runs = dse.sweep(SPACE, STATED, progress=False)
    with pytest.raises(dse.InputError, match="measured curve"):
        dse.pareto(runs, "min:accuracy_drop", "max:throughput")
    with pytest.raises(dse.InputError, match="measured curve"):
        runs.limited("accuracy_drop <= 1 %")
    with pytest.raises(dse.InputError, match="measured curve"):
        dse.sweep(SPACE, STATED, front=("min:accuracy_drop",), progress=False)
