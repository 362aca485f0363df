"""Shares that a person gives a workload: each is between 0 and 1, whatever its type."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dse

BERT = dse.transformer("bert-tiny", seq_len=16)
NAN = float("nan")


@pytest.mark.parametrize(
    "share", [50, -0.1, NAN, np.float32(50), np.asarray(1.5), jnp.asarray(-2.0), "0.5"]
)
def test_what_is_no_share_is_refused(share: Any) -> None:
    with pytest.raises(dse.InputError, match="`activation` density"):
        BERT.with_density(activation=share)
    with pytest.raises(dse.InputError, match="`weight` density"):
        BERT.with_density(weight=share)
    with pytest.raises(dse.InputError, match="share of pairs `kept`"):
        BERT.with_attention(kept=share)


@pytest.mark.parametrize("one", [1, np.float32(1.0), np.float64(1.0)])
def test_nothing_pruned_costs_no_accuracy_whatever_the_type(one: Any) -> None:
    assert BERT.with_density(activation=one, weight=one).accuracy_drop == 0.0
    assert BERT.with_attention(kept=one).accuracy_drop == 0.0


@pytest.mark.parametrize("batch", [0, -4, 1.5, NAN, np.float32(2.5), "4", True])
def test_a_batch_is_a_whole_number_of_sequences(batch: Any) -> None:
    with pytest.raises(dse.InputError, match=r"`Workload\.batch`"):
        dse.transformer("bert-tiny", batch=batch)


@pytest.mark.parametrize("ratio", [0.5, np.float32(0.5), NAN, "2"])
def test_a_slow_tile_takes_no_less_than_the_mean_one(ratio: Any) -> None:
    with pytest.raises(dse.InputError, match="imbalance"):
        BERT.with_imbalance(ratio)
