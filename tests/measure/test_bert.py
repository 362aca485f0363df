"""The encoder computes what the reference implementation in PyTorch computes.

What that made of the same weights stands in reference/, with the script that ran it.
"""

from __future__ import annotations

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dse.measure.bert import FIRST_SITE, SITES, Architecture, Bert, mean_of_tokens
from dse.measure.checkpoint import load_checkpoint
from dse.workload.transformer import transformer
from dse.workload.zoo import listed_sizes

REFERENCE = Path(__file__).parent / "reference"
MINILM = os.environ.get("DSE_MINILM")
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.mark.parametrize("name", ["bert-gelu", "bert-relu", "roberta-tanh"])
def test_every_layer_equals_the_reference(name: str) -> None:
    expected = np.load(REFERENCE / name / "expected.npz")
    model = load_checkpoint(REFERENCE / name).model
    trace = model(jnp.asarray(expected["tokens"]), jnp.asarray(expected["present"]))
    real = expected["present"]
    found = [trace.sites[FIRST_SITE][0], *trace.sites["norm_ffn"]]
    for hidden, wanted in zip(found, expected["hidden"], strict=True):
        np.testing.assert_allclose(hidden[real], wanted[real], atol=1e-5, rtol=0)


@pytest.mark.skipif(MINILM is None, reason="DSE_MINILM names no folder with weights")
def test_real_weights_equal_the_reference_and_the_published_embedding() -> None:
    assert MINILM is not None
    checkpoint = load_checkpoint(MINILM)
    assert checkpoint.sha256 == MINILM_SHA256
    expected = np.load(REFERENCE / "minilm.npz")
    present = jnp.asarray(expected["present"])
    trace = checkpoint.model(jnp.asarray(expected["tokens"]), present)
    real = expected["present"]
    found = (trace.sites[FIRST_SITE][0], trace.hidden)
    for hidden, wanted in zip(found, expected["hidden"], strict=True):
        np.testing.assert_allclose(hidden[real], wanted[real], atol=1e-5, rtol=0)
    first = mean_of_tokens(trace.hidden, present)[0]
    published = [0.06765679, 0.06349587, 0.04871314, 0.07930492, 0.03744802]
    np.testing.assert_allclose(first[:5] / jnp.linalg.norm(first), published, atol=1e-6)


def tiny() -> Bert:
    return Bert(Architecture(shape=listed_sizes("bert-tiny")), rngs=nnx.Rngs(0))


def test_its_sites_are_ops_of_the_workload() -> None:
    names = {n for b in transformer("bert-tiny").blocks for n in b.ops.names}
    assert {FIRST_SITE, *SITES} == names - {"embedding"}


def test_padding_changes_nothing_for_real_tokens() -> None:
    tokens = jax.random.randint(jax.random.key(0), (2, 9), 5, 1000)
    short = tiny()(tokens, jnp.ones_like(tokens, bool)).hidden
    longer = jnp.pad(tokens, ((0, 0), (0, 7)))
    present = jnp.arange(16)[None] < jnp.full((2, 1), 9)
    padded = tiny()(longer, present).hidden[:, :9]
    np.testing.assert_allclose(padded, short, atol=1e-5)


def test_a_causal_run_never_looks_ahead() -> None:
    tokens = jax.random.randint(jax.random.key(0), (1, 9), 5, 1000)
    present = jnp.ones_like(tokens, bool)
    other = tokens.at[0, 5:].set(7)
    first = tiny()(tokens, present, causal=True).hidden[:, :5]
    second = tiny()(other, present, causal=True).hidden[:, :5]
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_padded_sequence_has_finite_gradients() -> None:
    graph, state = nnx.split(tiny())
    tokens = jnp.full((1, 6), 3)
    present = jnp.arange(6)[None] < 2

    def loss(state: nnx.State) -> jax.Array:
        return (nnx.merge(graph, state)(tokens, present).hidden[:, :2] ** 3).sum()

    slopes = jax.tree.leaves(jax.grad(loss)(state))
    assert all(bool(jnp.isfinite(slope).all()) for slope in slopes)
