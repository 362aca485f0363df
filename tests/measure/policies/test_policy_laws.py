"""What holds for every pruning rule, whatever it looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dse.errors import InputError
from dse.measure import statistics
from dse.measure.bert import Architecture, Bert
from dse.measure.encoding import Encoder
from dse.measure.policies.choices import CHOICES, find_choice
from dse.measure.policies.contract import Pruning
from dse.measure.tokenizer import Tokens
from dse.workload.shapes import TransformerShape

Select = Callable[[Any, int, Any], Any]
SHAPE = TransformerShape(
    name="tiny",
    family="encoder",
    layers=2,
    hidden=24,
    heads=2,
    head_width=12,
    ffn=(40,),
    vocab=50,
    positions=24,
    token_types=2,
)
TOKENS = Tokens(
    np.random.default_rng(0).integers(1, 50, (4, 24)).astype(np.int32),
    np.arange(24)[None] < np.array([[24], [24], [17], [3]]),
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(Bert(Architecture(shape=SHAPE), rngs=nnx.Rngs(0)))


def build(encoder: Encoder, name: str, setting: float) -> Pruning:
    return find_choice(name).build(setting, lambda s: encoder.calibrated(TOKENS, s))


def kept_shares(encoder: Encoder, pruning: Pruning) -> list[float]:
    sums = encoder.sums(TOKENS, pruning)
    rounds = statistics.share(sums["rounds"], pooled=True).tolist()
    density = statistics.pooled_density(sums)
    return [density, encoder.weight_density(pruning), *rounds]


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_kept_is_monotone_in_the_setting(encoder: Encoder, name: str) -> None:
    settings = find_choice(name).settings[::3]
    shares = np.asarray(
        [kept_shares(encoder, build(encoder, name, x)) for x in settings]
    )
    steps = np.diff(shares, axis=0) * np.sign(shares[-1, 0] - shares[0, 0])
    assert steps.min() >= -2e-3  # later layers see what earlier ones left
    assert ((shares >= 0) & (shares <= 1)).all()


@pytest.mark.parametrize("name", CHOICES)
def test_every_setting_runs_the_same_compiled_code(encoder: Encoder, name: str) -> None:
    traced = []

    @jax.jit
    def run(pruning: Pruning, values: jax.Array) -> jax.Array:
        traced.append(pruning)
        query = jnp.stack([values, values])[None]
        scores = query @ query.swapaxes(-1, -2)
        allowed = jnp.ones_like(scores, bool)
        left = pruning.select(0, query, query, scores, allowed).rounds[-1]
        return left.sum() + pruning.weights(pruning.values("key", 0, values)).sum()

    for setting in find_choice(name).settings[:3]:
        run(build(encoder, name, setting), jnp.asarray(TOKENS.ids, jnp.float32))
    assert len(traced) == 1


@pytest.mark.parametrize("name", CHOICES)
def test_compiled_is_eager(
    encoder: Encoder, select: Select, name: str, pairs: Any
) -> None:
    pruning = build(encoder, name, find_choice(name).settings[2])
    eager = pruning.select(0, *pairs)
    compiled = select(pruning, 0, pairs)
    for one, other in zip(eager.rounds, compiled.rounds, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", CHOICES)
def test_rounds_are_nested_and_never_leave_what_was_allowed(
    encoder: Encoder, select: Select, name: str, pairs: Any
) -> None:
    pruning = build(encoder, name, find_choice(name).settings[3])
    outer = np.asarray(pairs.allowed)
    for inner in select(pruning, 0, pairs).rounds:
        assert not (np.asarray(inner) & ~outer).any()
        outer = np.asarray(inner)


@pytest.mark.parametrize("name", CHOICES)
def test_nothing_is_ever_undefined(encoder: Encoder, name: str) -> None:
    for setting in (find_choice(name).settings[0], find_choice(name).settings[-1]):
        features = encoder.features(TOKENS, build(encoder, name, setting))
        assert np.isfinite(features).all()


def test_without_rules_nothing_is_pruned(encoder: Encoder) -> None:
    assert kept_shares(encoder, Pruning()) == [1.0, 1.0, 1.0]


def test_an_unknown_policy_is_named() -> None:
    with pytest.raises(InputError, match=r"'dynatram'.*`dynatran`"):
        find_choice("dynatram")
