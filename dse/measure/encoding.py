"""Running many sequences through a model under a pruning rule, compiled once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dse.errors import InputError
from dse.measure import statistics
from dse.measure.balance import Histograms, histograms
from dse.measure.bert import Bert, mean_of_tokens
from dse.measure.policies.contract import Pruning
from dse.measure.policies.sprint import calibrate
from dse.measure.tokenizer import Tokens

TOKENS_AT_ONCE = 2048  # of one batch: more gains nothing on a CPU

_compiled = functools.partial(jax.jit, static_argnums=0)


class Encoder:
    """A model with its weights, and what can be asked of its runs.

    Every question compiles once per sequence length and kind of rule, whatever the
    setting of the rule.
    """

    def __init__(self, model: Bert) -> None:
        self.architecture = model.architecture
        self._graph, self._state = nnx.split(model)

    def features(
        self,
        tokens: Tokens,
        pruning: Pruning,
        tick: Callable[[int], object] = lambda done: None,
    ) -> np.ndarray:
        """Return the mean vector of the tokens of each sequence, [sequences, hidden].

        `tick` is told of every batch how many sequences it had. Raises `InputError`
        for a result that is not finite.
        """
        found = []
        for ids, present, real in _batches(tokens):
            part = _features(self._graph, self._state, ids, present, pruning)
            found.append(np.asarray(part)[:real])
            tick(real)
        features = np.concatenate(found)
        lost = ~np.isfinite(features).all(axis=1)
        if lost.any():
            raise InputError(
                f"the result of the model is not finite for text {lost.argmax() + 1} "
                f"of {len(lost)}; its weights overflow in float32: give another "
                "checkpoint."
            )
        return features

    def sums(self, tokens: Tokens, pruning: Pruning) -> statistics.Sums:
        """Return the statistics of sequences, as sums."""
        total = None
        for ids, present, _ in _batches(tokens):
            part = _sums(self._graph, self._state, ids, present, pruning)
            total = statistics.add(total, part)
        assert total is not None
        return total

    def balance(self, tokens: Tokens, pruning: Pruning) -> Histograms:
        """Return histograms of the useful share of tiles, by product."""
        total: Any = None
        for ids, present, _ in _batches(tokens):
            part = _balance(self._graph, self._state, ids, present, pruning)
            part = jax.tree.map(lambda x: np.asarray(x, np.int64), part)
            total = part if total is None else jax.tree.map(np.add, total, part)
        found: Histograms = total
        return found

    def kept(self, tokens: Tokens, pruning: Pruning) -> np.ndarray:
        """Return the pairs kept, [sequences, layers, heads, queries, keys]."""
        found = [
            np.asarray(_kept(self._graph, self._state, ids, present, pruning))[:real]
            for ids, present, real in _batches(tokens)
        ]
        return np.concatenate(found)

    def calibrated(self, tokens: Tokens, share: float) -> np.ndarray:
        """Return the coarse-score thresholds [layers] that keep a share of the pairs.

        Of one batch: the first sequences of `tokens`.
        """
        ids, present, _ = next(_batches(tokens))
        found = _calibrate(self._graph, self._state, ids, present, share)
        return np.asarray(found)

    def weight_density(self, pruning: Pruning) -> float:
        """Return the share of the weights of all linear layers that is kept."""
        model = nnx.merge(self._graph, self._state)
        kernels = [
            value[...]
            for path, value in nnx.to_flat_state(nnx.state(model))
            if path[-1] == "kernel"
        ]
        kept = sum(int((pruning.weights(kernel) != 0).sum()) for kernel in kernels)
        return float(kept / sum(kernel.size for kernel in kernels))


@_compiled
def _features(
    graph: Any, state: Any, ids: jax.Array, present: jax.Array, pruning: Pruning
) -> jax.Array:
    trace = nnx.merge(graph, state)(ids, present, pruning)
    return mean_of_tokens(trace.hidden, present)


@_compiled
def _sums(
    graph: Any, state: Any, ids: jax.Array, present: jax.Array, pruning: Pruning
) -> statistics.Sums:
    return statistics.count(nnx.merge(graph, state)(ids, present, pruning), present)


@_compiled
def _balance(
    graph: Any, state: Any, ids: jax.Array, present: jax.Array, pruning: Pruning
) -> Histograms:
    model = nnx.merge(graph, state)
    return histograms(model, model(ids, present, pruning), present, pruning)


@_compiled
def _kept(
    graph: Any, state: Any, ids: jax.Array, present: jax.Array, pruning: Pruning
) -> jax.Array:
    trace = nnx.merge(graph, state)(ids, present, pruning)
    return jnp.stack([rounds[-1] for rounds in trace.rounds], axis=1)


@_compiled
def _calibrate(
    graph: Any, state: Any, ids: jax.Array, present: jax.Array, share: Any
) -> jax.Array:
    trace = nnx.merge(graph, state)(ids, present)
    queries, keys = trace.sites["query"], trace.sites["key"]
    return calibrate(queries, keys, trace.allowed, share)


def _batches(tokens: Tokens) -> Iterator[tuple[jax.Array, jax.Array, int]]:
    """Yield batches of one size, the last filled up with empty sequences."""
    sequences, length = tokens.ids.shape
    size = max(1, min(sequences, TOKENS_AT_ONCE // length))
    for start in range(0, sequences, size):
        ids = tokens.ids[start : start + size]
        missing = ((0, size - len(ids)), (0, 0))
        present = np.pad(tokens.present[start : start + size], missing)
        yield jnp.asarray(np.pad(ids, missing)), jnp.asarray(present), len(ids)
