"""Training an encoder with a head, dense or while its weights are being pruned.

Small models and minutes: no dropout, AdamW, one pass after another over shuffled texts.
Everything follows from the seed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from tqdm import tqdm

from dse.errors import InputError
from dse.measure.bert import Bert, mean_of_tokens
from dse.measure.sparsifying import DENSE, Sparsifying
from dse.measure.tokenizer import Tokens

WARM_UP = 0.1  # share of the steps over which the learning rate rises
WEIGHT_DECAY = 0.01
TEST_BATCH = 512

Parameters = dict[str, jax.Array]  # by name, as `encoder.layers.0.query.kernel`


class Classifier(nnx.Module):
    """An encoder with a linear map from the mean of its tokens to classes."""

    def __init__(self, encoder: Bert, classes: int, *, rngs: nnx.Rngs) -> None:
        self.encoder = encoder
        hidden = encoder.architecture.shape.hidden
        self.head = nnx.Linear(hidden, classes, rngs=rngs)

    def __call__(self, ids: jax.Array, present: jax.Array) -> jax.Array:
        """Return a score per class, [texts, classes]."""
        hidden = self.encoder(ids, present).hidden
        scores: jax.Array = self.head(mean_of_tokens(hidden, present))
        return scores


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How long and how hard a model is trained."""

    steps: int
    learning_rate: float
    batch: int = 128  # texts per step
    seed: int = 0  # of the order of the texts


def train(
    model: Classifier,
    tokens: Tokens,
    labels: np.ndarray,
    recipe: Recipe,
    *,
    sparsifying: Sparsifying = DENSE,
    progress: str = "",
) -> Classifier:
    """Return the model after so many steps of AdamW; its argument is left as it was.

    The learning rate rises linearly, then falls linearly to 0. Where weights are
    pruned, the result holds them as zeros. `progress` labels a bar on stderr. Raises
    `InputError` where a weight ends up not finite.
    """
    graph, parameters = _split(model)
    state = optax.scale_by_adam().init(parameters)
    batches = _batches(len(labels), recipe)
    for step in tqdm(
        range(recipe.steps), desc=progress, delay=2, disable=not progress, leave=False
    ):
        rows = next(batches)
        rise = min((step + 1) / (WARM_UP * recipe.steps), 1.0)
        rate = recipe.learning_rate * rise * (1.0 - step / recipe.steps)
        batch = (tokens.ids[rows], tokens.present[rows], labels[rows])
        parameters, state = _step(graph, parameters, state, batch, rate, sparsifying)
    for name, values in parameters.items():
        if not np.isfinite(values).all():
            raise InputError(
                f"the training ran away: `{name}` is not finite after {recipe.steps:,} "
                f"steps; take a lower learning rate than {recipe.learning_rate:g}."
            )
    return _merge(graph, sparsifying.apply(parameters))


def accuracy(model: Classifier, tokens: Tokens, labels: np.ndarray) -> float:
    """Return the share of texts whose class the model tells right."""
    graph, parameters = _split(model)
    hits = 0
    for start in range(0, len(labels), TEST_BATCH):
        rows = slice(start, start + TEST_BATCH)
        ids, present = tokens.ids[rows], tokens.present[rows]
        missing = TEST_BATCH - len(ids)  # one shape, compiled once
        ids, present = (np.pad(x, ((0, missing), (0, 0))) for x in (ids, present))
        found = np.asarray(_predict(graph, parameters, ids, present))
        hits += int((found[: TEST_BATCH - missing] == labels[rows]).sum())
    return hits / len(labels)


@functools.partial(jax.jit, static_argnums=0, donate_argnums=(2,))
def _step(
    graph: Any,
    parameters: Parameters,
    state: Any,
    batch: tuple[Any, Any, Any],
    rate: Any,
    sparsifying: Sparsifying,
) -> tuple[Parameters, Any]:
    ids, present, labels = batch

    def loss(pruned: Parameters) -> jax.Array:
        scores = _merge(graph, pruned)(ids, present)
        each = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
        return jnp.mean(each)

    # Straight through: what the pruned weights are told, the weights themselves hear.
    slopes = jax.grad(loss)(sparsifying.apply(parameters))
    slopes = sparsifying.slopes(slopes, parameters)
    moves, state = optax.scale_by_adam().update(slopes, state)
    moved = {
        name: value - rate * (moves[name] + _decay(name) * value)
        for name, value in parameters.items()
    }
    return moved, state


@functools.partial(jax.jit, static_argnums=0)
def _predict(graph: Any, parameters: Parameters, ids: Any, present: Any) -> jax.Array:
    found: jax.Array = jnp.argmax(_merge(graph, parameters)(ids, present), axis=1)
    return found


def _decay(name: str) -> float:
    return WEIGHT_DECAY if name.endswith("kernel") else 0.0


def _batches(count: int, recipe: Recipe) -> Iterator[np.ndarray]:
    """Yield rows of texts, pass after pass, each pass in an order of its own."""
    random = np.random.default_rng(recipe.seed)
    size = min(recipe.batch, count)
    while True:
        order = random.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


def parameters_of(model: Classifier) -> Parameters:
    """Return the numbers of a model by name."""
    return _split(model)[1]


def _split(model: Classifier) -> tuple[Any, Parameters]:
    graph, state = nnx.split(model)
    flat = nnx.to_flat_state(state)
    return graph, {".".join(map(str, path)): value[...] for path, value in flat}


def _merge(graph: Any, parameters: Parameters) -> Classifier:
    paths = [
        (tuple(int(p) if p.isdecimal() else p for p in name.split(".")), nnx.Param(v))
        for name, v in parameters.items()
    ]
    model: Classifier = nnx.merge(graph, nnx.from_flat_state(paths))
    return model
