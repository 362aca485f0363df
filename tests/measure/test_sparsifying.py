"""N:M masks during training, against a plain NumPy reference of the update."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dse.errors import InputError
from dse.measure.bert import Architecture, Bert
from dse.measure.policies.n_of_m import NOfM
from dse.measure.series import prune_in_series
from dse.measure.sparsifying import Sparsifying, keep_inherited, prunable
from dse.measure.tokenizer import Tokens
from dse.measure.training import (
    Classifier,
    Recipe,
    accuracy,
    parameters_of,
    train,
)
from dse.workload.zoo import listed_sizes

RECIPE = Recipe(steps=6, learning_rate=3e-3, batch=8)


def keep_by_hand(
    weights: np.ndarray, inherited: np.ndarray, n: int, m: int
) -> np.ndarray:
    """Which weights a loop over outputs and groups keeps."""
    kept = np.zeros(weights.shape, bool)
    for column in range(weights.shape[1]):
        for start in range(0, len(weights), m):
            rows = [
                row
                for row in range(start, min(start + m, len(weights)))
                if inherited[row, column]
            ]
            rows.sort(key=lambda row: -abs(weights[row, column]))
            kept[rows[:n], column] = True
    return kept


@pytest.mark.parametrize(("n", "m"), [(4, 8), (1, 8), (2, 4), (1, 4)])
@pytest.mark.parametrize("inner", [16, 10])  # the second leaves a group half full
def test_the_mask_is_that_of_a_loop(n: int, m: int, inner: int) -> None:
    random = np.random.default_rng(n + m)
    weights = random.normal(size=(inner, 6)).astype(np.float32)
    inherited = random.random((inner, 6)) < 0.6
    found = keep_inherited(jnp.asarray(weights), jnp.asarray(inherited), NOfM(n=n, m=m))
    assert np.array_equal(found, keep_by_hand(weights, inherited, n, m))


def test_dropped_weights_are_drawn_to_zero_and_kept_ones_are_not() -> None:
    # Of 4, 3, 2, 1 the first two stay; with pull 1/2 the others feel 2/2 and 1/2.
    weights = {"w": jnp.asarray([[4.0], [3.0], [2.0], [1.0]])}
    rule = Sparsifying(
        inherited={"w": jnp.ones((4, 1), bool)}, rule=NOfM(n=2, m=4), pull=0.5
    )
    slopes = rule.slopes({"w": jnp.full((4, 1), 10.0)}, weights)
    assert slopes["w"].ravel().tolist() == [10.0, 10.0, 11.0, 10.5]
    assert rule.apply(weights)["w"].ravel().tolist() == [4.0, 3.0, 0.0, 0.0]


@pytest.fixture(scope="module")
def texts() -> tuple[Tokens, np.ndarray]:
    """Sequences whose class is their first token: 64 of them, four classes."""
    labels = np.arange(64, dtype=np.int32) % 4
    ids = np.random.default_rng(0).integers(8, 16, (64, 6)).astype(np.int32)
    ids[:, 0] = labels
    return Tokens(ids, np.ones(ids.shape, bool)), labels


@pytest.fixture(scope="module")
def model() -> Classifier:
    shape = dataclasses.replace(
        listed_sizes("bert-tiny"), hidden=16, head_width=8, ffn=(32,), vocab=16
    )
    rngs = nnx.Rngs(0)
    return Classifier(Bert(Architecture(shape=shape), rngs=rngs), 4, rngs=rngs)


Texts = tuple[Tokens, np.ndarray]


def test_training_learns_and_repeats_itself(model: Classifier, texts: Texts) -> None:
    recipe = Recipe(steps=60, learning_rate=1e-2, batch=16)
    learned, again = (train(model, *texts, recipe) for _ in range(2))
    assert accuracy(learned, *texts) > 0.9 > accuracy(model, *texts)
    for name, value in parameters_of(learned).items():
        assert np.array_equal(value, parameters_of(again)[name])


def kept_counts(model: Classifier, m: int) -> set[int]:
    """How many weights the groups of all encoder matrices keep."""
    weights = parameters_of(model)
    return {
        int(count)
        for name in prunable(weights)
        for count in (
            np.asarray(weights[name]).reshape(-1, m, weights[name].shape[1]) != 0
        )
        .sum(1)
        .ravel()
    }


@pytest.mark.parametrize("method", ["one_shot", "frozen", "sr_ste", "idp"])
def test_every_group_of_every_matrix_keeps_n(
    model: Classifier, texts: Texts, method: str
) -> None:
    series = prune_in_series(
        model, *texts, method=method, counts=(4, 1), m=8, recipe=RECIPE
    )
    assert {n: kept_counts(found, 8) for n, found in series} == {4: {4}, 1: {1}}


def masks(model: Classifier) -> dict[str, np.ndarray]:
    weights = parameters_of(model)
    return {name: np.asarray(weights[name]) != 0 for name in prunable(weights)}


def series(model: Classifier, texts: Texts, method: str) -> list[Classifier]:
    found = prune_in_series(
        model, *texts, method=method, counts=(4, 2), m=8, recipe=RECIPE
    )
    return [pruned for _, pruned in found]


def test_idp_keeps_a_part_of_what_the_model_before_kept(
    model: Classifier, texts: Texts
) -> None:
    denser, sparser = (masks(found) for found in series(model, texts, "idp"))
    for name, kept in sparser.items():
        assert np.all(denser[name][kept])


def test_frozen_masks_are_those_of_the_dense_weights(
    model: Classifier, texts: Texts
) -> None:
    once = masks(series(model, texts, "one_shot")[1])
    trained = masks(series(model, texts, "frozen")[1])
    assert all(np.array_equal(once[name], trained[name]) for name in once)


def test_the_first_of_an_idp_series_has_nothing_to_inherit(
    model: Classifier, texts: Texts
) -> None:
    first, second = series(model, texts, "idp"), series(model, texts, "sr_ste")
    ours, theirs = parameters_of(first[0]), parameters_of(second[0])
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_counts_that_do_not_fall_and_unknown_methods_are_refused(
    model: Classifier, texts: Texts
) -> None:
    for wrong, told in (
        ({"method": "idp", "counts": (1, 4)}, "must fall"),
        ({"method": "ipd", "counts": (4, 1)}, "Did you mean `idp`"),
    ):
        with pytest.raises(InputError, match=told):
            next(prune_in_series(model, *texts, m=8, recipe=RECIPE, **wrong))
