"""A BERT encoder in Flax whose every matrix can be pruned and looked at on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from dse.errors import InputError, did_you_mean, quoted
from dse.measure.policies.contract import Pruning
from dse.workload.shapes import TransformerShape

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "gelu": lambda x: nnx.gelu(x, approximate=False),
    "gelu_new": lambda x: nnx.gelu(x, approximate=True),
    "gelu_pytorch_tanh": lambda x: nnx.gelu(x, approximate=True),
    "relu": nnx.relu,
    "silu": nnx.silu,
}

# Where a rule may act, by the op of the workload whose result it is.
SITES = (
    *("query", "key", "value", "scores", "softmax", "context", "output"),
    *("norm_attention", "ffn_up", "activation", "ffn_down", "norm_ffn"),
)
FIRST_SITE = "norm_embedding"  # before the layers: their first input

_NEVER = -1e30  # finite, so that a row without any key has no NaN


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The sizes of an encoder, and what of its arithmetic they leave open."""

    shape: TransformerShape
    activation: str = "gelu"  # one of ACTIVATIONS
    norm_epsilon: float = 1e-12

    def __post_init__(self) -> None:
        if self.activation not in list(ACTIVATIONS):  # which may be of any type
            raise InputError(
                f"`{self.shape.name}` has an activation {quoted(self.activation)}."
                + did_you_mean(str(self.activation), ACTIVATIONS)
            )
        epsilon = self.norm_epsilon
        is_number = isinstance(epsilon, int | float) and not isinstance(epsilon, bool)
        if not is_number or not 0.0 < epsilon <= 1.0:
            raise InputError(
                f"`{self.shape.name}` has layer norms with {quoted(epsilon)} under the "
                "root; give a small number above 0, as 1e-12."
            )


class Trace(NamedTuple):
    """What a run went through: all that statistics are made of.

    What nobody reads is never computed, for the compiler drops it.
    """

    hidden: jax.Array  # the result, [batch, tokens, hidden]
    sites: dict[str, list[jax.Array]]  # pruned matrices, by site and layer
    rounds: list[tuple[jax.Array, ...]]  # pairs left by each round, by layer
    allowed: jax.Array  # pairs that could be kept, [batch, heads, tokens, tokens]


class Layer(nnx.Module):
    """One layer: attention, then a feed-forward net, each with a sum and a norm."""

    def __init__(self, architecture: Architecture, *, rngs: nnx.Rngs) -> None:
        shape = architecture.shape

        def linear(inner: int, columns: int) -> nnx.Linear:
            return nnx.Linear(inner, columns, rngs=rngs)

        self.heads = shape.heads
        self.activation = ACTIVATIONS[architecture.activation]
        self.query = linear(shape.hidden, shape.hidden)
        self.key = linear(shape.hidden, shape.hidden)
        self.value = linear(shape.hidden, shape.hidden)
        self.output = linear(shape.hidden, shape.hidden)
        self.norm_attention = _norm(architecture, rngs)
        self.ffn_up = linear(shape.hidden, shape.ffn[0])
        self.ffn_down = linear(shape.ffn[0], shape.hidden)
        self.norm_ffn = _norm(architecture, rngs)

    def __call__(
        self, hidden: jax.Array, allowed: jax.Array, pruning: Pruning, layer: int
    ) -> tuple[dict[str, jax.Array], tuple[jax.Array, ...]]:
        """Return the result of every op by its site, and the pairs of each round."""
        sites: dict[str, jax.Array] = {}

        def run(site: str, values: jax.Array) -> jax.Array:
            sites[site] = pruning.values(site, layer, values)
            return sites[site]

        def linear(of: nnx.Linear, values: jax.Array) -> jax.Array:
            assert of.bias is not None
            product = values @ pruning.weights(of.kernel[...])
            return product + of.bias[...].reshape(1, 1, -1)

        query = run("query", self._split(linear(self.query, hidden)))
        key = run("key", self._split(linear(self.key, hidden)))
        value = run("value", self._split(linear(self.value, hidden)))
        scores = jnp.einsum("bhqd,bhkd->bhqk", query, key) / query.shape[-1] ** 0.5
        scores, rounds = pruning.select(layer, query, key, scores, allowed)
        scores = run("scores", jnp.where(rounds[-1], scores, 0.0))
        weighed = nnx.softmax(jnp.where(rounds[-1], scores, _NEVER), axis=-1)
        shares = run("softmax", jnp.where(rounds[-1], weighed, 0.0))
        context = jnp.einsum("bhqk,bhkd->bqhd", shares, value)
        context = run("context", context.reshape(hidden.shape))
        output = run("output", linear(self.output, context))
        hidden = run("norm_attention", self.norm_attention(hidden + output))
        inner = run("ffn_up", linear(self.ffn_up, hidden))
        inner = run("activation", self.activation(inner))
        inner = run("ffn_down", linear(self.ffn_down, inner))
        run("norm_ffn", self.norm_ffn(hidden + inner))
        return sites, rounds

    def _split(self, values: jax.Array) -> jax.Array:
        """[batch, tokens, hidden] -> [batch, heads, tokens, head width]."""
        batch, tokens, _ = values.shape
        return values.reshape(batch, tokens, self.heads, -1).swapaxes(1, 2)


class Bert(nnx.Module):
    """A BERT encoder: token ids in, one vector per token out.

    Equal to the reference implementation in PyTorch to 1e-5, without its dropout.
    """

    def __init__(self, architecture: Architecture, *, rngs: nnx.Rngs) -> None:
        shape = architecture.shape

        def table(rows: int) -> nnx.Embed:
            start = nnx.initializers.normal(0.02)
            return nnx.Embed(rows, shape.hidden, embedding_init=start, rngs=rngs)

        self.architecture = architecture
        self.word = table(shape.vocab)
        self.position = table(shape.positions)
        self.token_type = table(max(shape.token_types, 1))
        self.norm_embedding = _norm(architecture, rngs)
        layers = range(shape.layers)
        self.layers = nnx.List([Layer(architecture, rngs=rngs) for _ in layers])

    def __call__(
        self,
        tokens: jax.Array,
        present: jax.Array,
        pruning: Pruning | None = None,
        *,
        causal: bool = False,
    ) -> Trace:
        """Run sequences.

        Args:
            tokens: ids, [batch, tokens].
            present: which of them are no padding, [batch, tokens].
            pruning: the rules in force; none where left out.
            causal: whether a token sees only itself and earlier ones.
        """
        pruning = Pruning() if pruning is None else pruning
        shape = self.architecture.shape
        length = tokens.shape[1]
        places = shape.position_offset + jnp.arange(length)
        hidden = self.word(tokens) + self.token_type(jnp.zeros_like(tokens))
        hidden = self.norm_embedding(hidden + self.position(places)[None])
        hidden = pruning.values(FIRST_SITE, 0, hidden)
        allowed = present[:, None, :, None] & present[:, None, None, :]
        if causal:
            allowed &= jnp.tril(jnp.ones((1, 1, length, length), bool))
        allowed = jnp.repeat(allowed, shape.heads, axis=1)
        sites: dict[str, list[jax.Array]] = {site: [] for site in SITES}
        sites[FIRST_SITE] = [hidden]
        rounds = []
        for number, layer in enumerate(self.layers):
            results, left = layer(hidden, allowed, pruning, number)
            for site in SITES:
                sites[site].append(results[site])
            rounds.append(left)
            hidden = results["norm_ffn"]
        return Trace(hidden, sites, rounds, allowed)


def mean_of_tokens(hidden: jax.Array, present: jax.Array) -> jax.Array:
    """Return the mean vector of the real tokens of each sequence, [batch, hidden]."""
    weights = present[..., None].astype(hidden.dtype)
    return (hidden * weights).sum(1) / jnp.maximum(weights.sum(1), 1.0)


def _norm(architecture: Architecture, rngs: nnx.Rngs) -> nnx.LayerNorm:
    return nnx.LayerNorm(
        architecture.shape.hidden,
        epsilon=architecture.norm_epsilon,
        use_fast_variance=False,  # which loses digits where the mean is large
        rngs=rngs,
    )
