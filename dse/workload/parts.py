"""What a transformer consists of, and the parameters and work that follow from it.

Each part says how many trainable values it has and how many multiply-accumulates one
sequence takes, zeros included; nothing here is of one model type.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dse.errors import InputError

ALL = frozenset({"query", "key", "value", "output"})  # projections of attention


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A layer of weights [inner, columns] over every token, or over `rows` of its own.

    A convolution is one over the values it sees: kernel x channels.
    """

    name: str
    inner: int
    columns: int
    bias: bool = True
    rows: int | None = None  # None: one for each token

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return linear_parameters(self.inner, self.columns, bias=self.bias)

    def macs(self, tokens: int) -> int:
        """Return rows x inner x columns."""
        return (tokens if self.rows is None else self.rows) * self.inner * self.columns


@dataclass(frozen=True, kw_only=True)
class Norm:
    """A norm over `width` values, for each token or for each of its heads."""

    width: int
    values: int  # trainable: gain, with or without bias, of one head or of all

    @property
    def parameters(self) -> int:
        """Gains and biases."""
        return self.values


def layer_norm(width: int, *, bias: bool = True) -> Norm:
    """Return a norm with a gain for each value, and a bias."""
    return Norm(width=width, values=(1 + bias) * width)


def rms_norm(width: int) -> Norm:
    """Return a norm with a gain alone."""
    return layer_norm(width, bias=False)


@dataclass(frozen=True, kw_only=True)
class RelativePositions:
    """Positions that attention scores against queries and keys (DeBERTa).

    `rows` of a table pass through the projections of keys and queries, or through own
    ones (`own`), and each of the `scored` is multiplied with what it meets.
    """

    rows: int
    scored: frozenset[str]  # of {"key", "query"}
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Queries of `heads` that look for keys of `kv_heads`, and take values from them.

    Widths count values of one head. `window` is the most keys a query sees; `pieces`
    cuts the sequence into as many, that do not see each other, of `window` tokens each.
    Keys and values of cross-attention come from the encoder. With a `latent`, keys and
    values are made from as many values of each token, and `shared_key` more that all
    heads see as they are; only those are cached.
    """

    hidden: int
    heads: int
    kv_heads: int
    key_width: int
    value_width: int
    biases: frozenset[str] = ALL
    window: int | None = None
    pieces: int | None = None
    cross: bool = False
    query_latent: int | None = None
    latent: int | None = None
    shared_key: int = 0
    value_inner: int | None = None  # width that values are made of; None: `hidden`
    norms: tuple[Norm, ...] = ()  # of queries and of keys, or of their latents
    positions: RelativePositions | None = None
    table: int = 0  # trainable values that are added to scores

    def __post_init__(self) -> None:
        if self.heads % self.kv_heads:
            raise InputError(
                f"{self.heads} heads cannot share {self.kv_heads} heads of keys and "
                "values; take a divisor."
            )

    @property
    def query_values(self) -> int:
        """Queries of all heads of one token, values."""
        return self.heads * self.key_width

    @property
    def key_values(self) -> int:
        """Keys of all heads of one token, values."""
        return self.kv_heads * self.key_width

    @property
    def value_values(self) -> int:
        """Values of all heads of one token."""
        return self.kv_heads * self.value_width

    @property
    def context_values(self) -> int:
        """What the output projection reads of one token, values."""
        return self.heads * self.value_width

    @property
    def cached(self) -> int:
        """Values that a token leaves for later ones."""
        if self.latent is not None:
            return self.latent + self.shared_key
        return self.key_values + self.value_values

    @property
    def projections(self) -> tuple[Linear, ...]:
        """The layers of weights: queries, keys, values and output."""
        inner, biases = self.hidden, self.biases
        output = self._projection("output", self.context_values, inner)
        queries: tuple[Linear, ...]
        if self.query_latent is None:
            queries = (self._projection("query", inner, self.query_values),)
        else:
            down = self._projection("query_down", inner, self.query_latent)
            up = Linear(
                name="query", inner=down.columns, columns=self.query_values, bias=False
            )
            queries = (down, up)
        if self.latent is None:
            key = self._projection("key", inner, self.key_values)
            value = self._projection(
                "value", self.value_inner or inner, self.value_values
            )
            return (*queries, key, value, output)
        own = self.key_width - self.shared_key
        latent = Linear(
            name="latent",
            inner=inner,
            columns=self.latent + self.shared_key,
            bias="key" in biases,
        )
        key = Linear(
            name="key", inner=self.latent, columns=self.heads * own, bias=False
        )
        value = Linear(
            name="value", inner=self.latent, columns=self.context_values, bias=False
        )
        return (*queries, latent, key, value, output)

    def _projection(self, name: str, inner: int, columns: int) -> Linear:
        bias = name.partition("_")[0] in self.biases
        return Linear(name=name, inner=inner, columns=columns, bias=bias)

    @property
    def parameters(self) -> int:
        """Trainable values of projections, norms and tables."""
        total = sum(part.parameters for part in self.projections)
        total += sum(norm.parameters for norm in self.norms)
        if self.positions is not None and self.positions.own:
            each = linear_parameters(self.hidden, self.query_values)
            total += each * len(self.positions.scored)
        return total + self.table

    def seen(self, keys: int) -> int:
        """Return how many of the keys a query sees at most."""
        return keys if self.window is None else min(keys, self.window)

    def macs(self, tokens: int, keys: int) -> int:
        """Return those of projections, scores and context; masked pairs count.

        `keys` are those of the tokens themselves, or those of the encoder.
        """
        if self.pieces is not None and self.window is not None:
            tokens = keys = self.pieces * self.window
        memory = {"key", "value"} if self.cross else set()
        linear = sum(
            each.macs(keys if each.name in memory else tokens)
            for each in self.projections
        )
        pairs = self.heads * tokens * self.seen(keys)
        relative = 0
        if self.positions is not None:
            rows, scored = self.positions.rows, len(self.positions.scored)
            relative = scored * rows * self.query_values * (self.hidden + tokens)
        return linear + pairs * (self.key_width + self.value_width) + relative


def multi_head(
    hidden: int, heads: int, width: int, *, kv_heads: int | None = None, **more: Any
) -> Attention:
    """Return attention whose queries, keys and values are all as wide.

    Each head has keys and values of its own, unless `kv_heads` says how many there are.
    """
    return Attention(
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads or heads,
        key_width=width,
        value_width=width,
        **more,
    )


@dataclass(frozen=True, kw_only=True)
class FeedForward:
    """Layers hidden -> widths -> hidden, with a second one that gates the first."""

    hidden: int
    widths: tuple[int, ...]
    gated: bool = False
    bias: bool = True

    def __post_init__(self) -> None:
        if not self.widths or (self.gated and len(self.widths) > 1):
            raise InputError(
                f"a feed-forward net has the widths {list(self.widths)}; give at least "
                "one, and just one if it is gated."
            )

    @property
    def layers(self) -> tuple[Linear, ...]:
        """The layers of weights."""
        widths = (self.hidden, *self.widths, self.hidden)
        names = ["ffn_up", *(f"ffn_mid_{i}" for i in range(1, len(widths) - 2))]
        stack = tuple(
            Linear(name=name, inner=a, columns=b, bias=self.bias)
            for name, (a, b) in zip(
                [*names, "ffn_down"], itertools.pairwise(widths), strict=True
            )
        )
        gate = Linear(
            name="ffn_gate", inner=self.hidden, columns=widths[1], bias=self.bias
        )
        return (gate, *stack) if self.gated else stack

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum(layer.parameters for layer in self.layers)

    def macs(self, tokens: int) -> int:
        """Return a multiply-accumulate for each weight and token."""
        return sum(layer.macs(tokens) for layer in self.layers)


@dataclass(frozen=True, kw_only=True)
class Experts:
    """Feed-forward nets of which each token uses a few, as a router chooses."""

    count: int
    per_token: int
    each: FeedForward
    shared: FeedForward | None = None  # runs for every token
    shared_gate: bool = False  # one more output that weighs the shared one
    router_bias: bool = False

    def __post_init__(self) -> None:
        if self.per_token > self.count:
            raise InputError(
                f"a token cannot use {self.per_token} of {self.count} experts; take "
                "as many, or less."
            )

    @property
    def router(self) -> Linear:
        """The layer that scores the experts for each token."""
        return Linear(
            name="ffn_router",
            inner=self.each.hidden,
            columns=self.count,
            bias=self.router_bias,
        )

    @property
    def always(self) -> tuple[Linear, ...]:
        """The layers that every token passes, the router first."""
        gate = Linear(
            name="ffn_shared_weight", inner=self.each.hidden, columns=1, bias=False
        )
        shared = () if self.shared is None else self.shared.layers
        return (self.router, *shared, *([gate] if self.shared_gate else []))

    @property
    def parameters(self) -> int:
        """Those of all experts, and of what every token passes."""
        always = sum(layer.parameters for layer in self.always)
        return self.count * self.each.parameters + always

    def macs(self, tokens: int) -> int:
        """Return those of the experts in use, and of what every token passes."""
        always = sum(layer.macs(tokens) for layer in self.always)
        return self.per_token * self.each.macs(tokens) + always

    def loaded(self, tokens: float) -> float:
        """Return how many experts a batch of tokens needs, if all are alike.

        Each token leaves an expert out with probability 1 - k / N, so that
        N (1 - (1 - k / N)^tokens) are met.
        """
        left_out = 1.0 - self.per_token / self.count
        return self.count * float(1.0 - left_out**tokens)


Part = Attention | FeedForward | Experts | Linear


@dataclass(frozen=True, kw_only=True)
class Half:
    """A part of a layer with its norms; what it reads is added to its result.

    `before` is over what the part reads, `inside` over its result, `after` over the sum
    of both.
    """

    part: Part
    before: Norm | None = None
    inside: Norm | None = None
    after: Norm | None = None
    residual: bool = True

    @property
    def norms(self) -> tuple[Norm, ...]:
        """The norms that it has."""
        return tuple(
            norm for norm in (self.before, self.inside, self.after) if norm is not None
        )

    @property
    def parameters(self) -> int:
        """Those of the part and its norms."""
        return self.part.parameters + sum(norm.parameters for norm in self.norms)

    def macs(self, tokens: int, memory: int) -> int:
        """Return those of the part; `memory` tokens are those of the encoder."""
        if isinstance(self.part, Attention):
            return self.part.macs(tokens, memory if self.part.cross else tokens)
        return self.part.macs(tokens)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Halves one after the other, or side by side on the same input (`parallel`)."""

    halves: tuple[Half, ...]
    parallel: bool = False

    @property
    def parameters(self) -> int:
        """Those of all halves."""
        return sum(half.parameters for half in self.halves)

    @property
    def attention(self) -> Attention | None:
        """Its attention to its own tokens."""
        for half in self.halves:
            if isinstance(half.part, Attention) and not half.part.cross:
                return half.part
        return None


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Layers that run one after the other over the same tokens.

    A `decoder` is causal and can make tokens one by one, an `encoder` and a `vision`
    model read all of them at once. Equal layers are counted together. Values that are
    `given` belong to another stack (a token table in common).
    """

    role: str  # encoder | decoder | vision
    hidden: int
    layers: tuple[tuple[Layer, int], ...]  # and how often each runs
    name: str = ""  # where a model has several
    vocab: int = 0
    embedding: int | None = None  # width of the token table; None: `hidden`
    given: bool = False  # the token table is that of another stack
    tables: int = 0  # other values that come before the layers: positions, types
    front: tuple[Linear, ...] = ()
    front_norm: Norm | None = None
    end_norm: Norm | None = None
    end: tuple[Linear, ...] = ()
    pooler: int = 0  # values on the first token, counted but not run
    shared_layers: bool = False  # each of them has one set of weights, however often
    tokens: int | None = None  # where its input has a fixed size
    longest: int | None = None  # most tokens, where a table limits them
    masked: bool = False  # whether an encoder is causal

    @property
    def causal(self) -> bool:
        """Whether a token sees only earlier ones."""
        return self.masked or self.role == "decoder"

    @property
    def depth(self) -> int:
        """How many layers run."""
        return sum(times for _, times in self.layers)

    @property
    def embedding_width(self) -> int:
        """Width of the token table."""
        return self.embedding or self.hidden

    @property
    def parameters(self) -> int:
        """Trainable values; layers that share theirs count once."""
        total = self.tables + self.pooler
        total += 0 if self.given else self.vocab * self.embedding_width
        total += sum(layer.parameters for layer in (*self.front, *self.end))
        total += sum(n.parameters for n in (self.front_norm, self.end_norm) if n)
        return total + sum(
            layer.parameters * (1 if self.shared_layers else times)
            for layer, times in self.layers
        )

    def macs(self, tokens: int, memory: int) -> int:
        """Return those of `tokens`, which see `memory` of the encoder."""
        layers = sum(
            times * sum(half.macs(tokens, memory) for half in layer.halves)
            for layer, times in self.layers
        )
        return layers + sum(layer.macs(tokens) for layer in (*self.front, *self.end))

    @property
    def cached(self) -> int:
        """Values that a token leaves for later ones, in all layers."""
        if self.role != "decoder":
            return 0
        return sum(
            times * layer.attention.cached
            for layer, times in self.layers
            if layer.attention is not None
        )


def grouped(layers: Iterable[Layer]) -> tuple[tuple[Layer, int], ...]:
    """Return equal layers counted together, in the order of their first one."""
    counts: dict[Layer, int] = {}
    for layer in layers:
        counts[layer] = counts.get(layer, 0) + 1
    return tuple(counts.items())


def linear_parameters(inner: int, columns: int, *, bias: bool = True) -> int:
    """Return the weights of a layer [inner, columns], and a bias for each column."""
    return inner * columns + bias * columns
