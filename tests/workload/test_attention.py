"""The ops of attention: fused, alone, and with only some pairs kept."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import dse
from dse.workload.attention import attention_places, fuse_attention
from dse.workload.zoo import zoo

BERT = dse.transformer("bert-tiny", seq_len=64)


def test_fused_attention_waits_for_the_values_and_feeds_the_output() -> None:
    ops = fuse_attention(BERT.blocks[1].ops)
    assert ops.names[:5] == ("query", "key", "value", "attention", "output")
    assert ops.kinds[3] == "attention"
    assert ops.depends[3:5] == (1, 1)
    assert (ops.heads[3], ops.rows[3], ops.inner[3], ops.columns[3]) == (2, 64, 64, 64)


def test_ops_after_a_fused_attention_keep_their_producers() -> None:
    plain = dse.transformer("gpt2", seq_len=32).blocks[1].ops
    fused = fuse_attention(plain)

    def producers(ops: dse.Ops) -> dict[str, str | None]:
        return {
            name: ops.names[i - back] if back else None
            for i, (name, back) in enumerate(zip(ops.names, ops.depends, strict=True))
        }

    before, after = producers(plain), producers(fused)
    rest = [n for n in after if n not in ("attention", "output")]
    assert {n: after[n] for n in rest} == {n: before[n] for n in rest}
    assert after["output"] == "attention"


def test_kept_pairs_are_the_density_of_the_probabilities() -> None:
    ops = BERT.with_attention(kept=0.25).blocks[1].ops
    place = ops.names.index("scores")
    made = np.where(np.isin(np.arange(len(ops)), (place, place + 1)), 0.25, 1.0)
    read = np.where(np.isin(np.arange(len(ops)), (place + 1, place + 2)), 0.25, 1.0)
    np.testing.assert_array_equal(ops.output_density, made)
    np.testing.assert_array_equal(ops.input_density, read)
    assert fuse_attention(ops).output_density[place] == 0.25


@pytest.mark.parametrize("mode", ["prefill", "decode"])
@pytest.mark.parametrize("name", sorted(zoo()))
def test_softmax_takes_and_makes_what_scores_make(name: str, mode: Any) -> None:
    try:
        run = dse.transformer(name, mode=mode)
    except dse.InputError:  # an encoder takes no steps
        assert mode == "decode"
        return
    for block in run.blocks:
        ops = block.ops
        made = np.asarray(ops.heads) * ops.rows * ops.columns
        for scores in attention_places(ops):
            assert made[scores] == made[scores + 1] > 0, ops.names[scores]


def test_attention_alone_has_three_ops_and_a_third_of_their_names() -> None:
    alone = BERT.attention_only()
    assert [block.ops.names for block in alone.blocks] == [
        ("scores", "softmax", "context")
    ]
    # 2 heads x (64 x 64 scores x 64 deep, twice) in each of 2 layers
    assert alone.macs == 2 * 2 * 2 * 64 * 64 * 64


def test_a_workload_without_attention_cannot_be_cut_to_it() -> None:
    bare = BERT.replace(blocks=BERT.blocks[:1])
    with pytest.raises(dse.InputError, match="has no attention"):
        bare.attention_only()


def test_what_pruning_costs_is_known_for_the_dense_model_only() -> None:
    assert BERT.accuracy_drop == 0.0
    assert BERT.with_density(activation=1.0).accuracy_drop == 0.0
    assert BERT.with_density(activation=0.5).accuracy_drop is None
    assert BERT.with_attention(kept=1.0).accuracy_drop == 0.0
    assert BERT.with_attention(kept=0.5).accuracy_drop is None


def test_layers_that_differ_cost_what_they_cost_one_by_one() -> None:
    densities = np.asarray([0.2, 0.9])
    layer = BERT.blocks[1]
    count = len(layer.ops)
    differing = layer.replace(
        ops=layer.ops.replace(input_density=densities[:, None] * np.ones(count))
    )
    apart = tuple(
        layer.replace(
            repeats=1, ops=layer.ops.replace(input_density=density * np.ones(count))
        )
        for density in densities
    )
    together = dse.evaluate(
        dse.TileEngine.edge(), BERT.replace(blocks=(BERT.blocks[0], differing))
    )
    separate = dse.evaluate(
        dse.TileEngine.edge(), BERT.replace(blocks=(BERT.blocks[0], *apart))
    )
    for metric in ("off_chip_bytes", "dynamic_energy"):
        one, other = (getattr(found, metric) for found in (together, separate))
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
            assert float(a) == pytest.approx(float(b), rel=1e-6)
    # What the last layer alone writes is spread over both, so that it waits elsewhere.
    assert float(together.latency) == pytest.approx(float(separate.latency), rel=2e-3)
