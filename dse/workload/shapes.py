"""The sizes of a transformer, and the parameters and work that follow from them."""

from __future__ import annotations

import itertools
import operator
from dataclasses import dataclass
from typing import Any

from dse.errors import InputError, check_kind, did_you_mean

MOST = 10**9  # of anything that is counted
FAMILIES = ("encoder", "decoder", "vision")


@dataclass(frozen=True, kw_only=True)
class TransformerShape:
    """The sizes of one transformer, as its authors or its `config.json` give them.

    An `encoder` normalises after each half of a layer (BERT), a `decoder` (GPT-2) and a
    `vision` model (ViT) before it, with one more norm at the end. A decoder is causal.

    Raises `InputError` for sizes that do not fit together.
    """

    name: str
    family: str  # one of FAMILIES
    layers: int
    hidden: int
    heads: int
    head_width: int
    ffn: tuple[int, ...]  # hidden widths of the feed-forward net, usually one
    kv_heads: int | None = None  # heads of keys and values; None: as many as `heads`
    vocab: int = 0
    positions: int = 0  # rows of the position table
    position_offset: int = 0  # its first rows that no token uses (RoBERTa: 2)
    token_types: int = 0
    embedding: int | None = None  # width of the token table; None: `hidden`
    image: int = 0  # side of the square image, pixels
    patch: int = 0  # side of a square patch, pixels
    channels: int = 3
    classes: int = 0  # outputs of the classifier of a vision model
    gated: bool = False  # a second up-projection gates the first (GLU)
    biases: bool = True  # of the linear layers; norms always have gain and bias
    pooler: bool = False  # a square layer on the first token, counted but not run
    tied_head: bool = True  # the language-model head reuses the token table
    shared_layers: bool = False  # all layers have the same weights (ALBERT)

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise InputError(
                f"`{self.name}` has no family {self.family!r}."
                + did_you_mean(str(self.family), FAMILIES)
            )
        vision = self.family == "vision"
        needed = ("image", "patch", "channels") if vision else ("vocab", "positions")
        for field in ("layers", "hidden", "heads", "head_width", *needed):
            whole(f"`{field}` of `{self.name}`", getattr(self, field))
        for field in ("gated", "biases", "pooler", "tied_head", "shared_layers"):
            flag = getattr(self, field)
            check_kind(f"`{field}` of `{self.name}`", flag, bool, "true or false")
        counts = ("vocab", "positions", "position_offset", "token_types", "classes")
        for field in (*counts, "image", "patch", "channels"):
            whole(f"`{field}` of `{self.name}`", getattr(self, field), least=0)
        for field in ("kv_heads", "embedding"):
            if getattr(self, field) is not None:
                whole(f"`{field}` of `{self.name}`", getattr(self, field))
        if not self.ffn:
            raise InputError(f"`{self.name}` needs at least one width in `ffn`.")
        for width in self.ffn:
            whole(f"a width in `ffn` of `{self.name}`", width)
        if self.gated and len(self.ffn) > 1:
            raise InputError(
                f"`{self.name}` gates a stack of {len(self.ffn)} feed-forward widths; "
                "give one width in `ffn`, or `gated=False`."
            )
        if self.longest < 1:
            raise InputError(
                f"`{self.name}` has {self.positions} `positions` and leaves "
                f"{self.position_offset} of them out; that leaves none for tokens."
            )
        if self.heads % (self.kv_heads or self.heads):
            raise InputError(
                f"`{self.name}` cannot share {self.kv_heads} `kv_heads` among "
                f"{self.heads} `heads`; take a divisor."
            )
        if vision and self.image % self.patch:
            raise InputError(
                f"`{self.name}` cannot cut an image of {self.image} pixels into "
                f"patches of {self.patch}; take a divisor."
            )

    @property
    def pre_norm(self) -> bool:
        """Whether the norms stand before attention and feed-forward net."""
        return self.family != "encoder"

    @property
    def query_width(self) -> int:
        """Queries of all heads of one token, values."""
        return self.heads * self.head_width

    @property
    def key_width(self) -> int:
        """Keys of all heads of one token, values; the values are as many."""
        return (self.kv_heads or self.heads) * self.head_width

    @property
    def embedding_width(self) -> int:
        """Width of the token table."""
        return self.embedding or self.hidden

    @property
    def patch_values(self) -> int:
        """Values of one patch of the image: all pixels, all channels."""
        return self.channels * self.patch**2

    @property
    def longest(self) -> int:
        """Tokens the position table has room for; those of the image for vision."""
        if self.family == "vision":
            return (self.image // self.patch) ** 2 + 1  # and the class token
        return self.positions - self.position_offset

    @property
    def parameters(self) -> int:
        """Trainable values of the body: embeddings, layers, norms and pooler.

        Layers that share weights count once; so does a head tied to the token table.
        """
        norm = 2 * self.hidden
        query, key = self.query_width, self.key_width
        attention = self._linear(self.hidden, query) + 2 * self._linear(
            self.hidden, key
        )
        attention += self._linear(query, self.hidden)
        layer = attention + self._feed_forward_parameters + 2 * norm
        total = self._embedding_parameters + self.pre_norm * norm
        total += layer * (1 if self.shared_layers else self.layers)
        return total + self.pooler * self._linear(self.hidden, self.hidden)

    @property
    def head_parameters(self) -> int:
        """Trainable values that the head adds to the body.

        Encoder: the transform, norm and output bias of masked-language modelling.
        Decoder: the output layer, none where it is tied. Vision: the classifier.
        """
        if self.family == "vision":
            return self._linear(self.hidden, self.classes)
        width = self.embedding_width
        table = 0 if self.tied_head else self.vocab * width
        if self.family == "decoder":
            return table
        transform = self._linear(self.hidden, width) + 2 * width
        return transform + table + self.vocab

    def macs(self, seq_len: int) -> int:
        """Return the multiply-accumulates of the body for one sequence, zeros included.

        Per layer, for N tokens: N hidden (2 query + 2 key widths) for the projections,
        2 N^2 query width for scores and context, and N times the weights of the
        feed-forward net.
        """
        query, key = self.query_width, self.key_width
        projections = seq_len * self.hidden * (2 * query + 2 * key)
        attention = 2 * seq_len**2 * query
        feed_forward = seq_len * self._feed_forward_weights
        if self.family == "vision":
            before = (seq_len - 1) * self.patch_values * self.hidden
        elif self.embedding_width != self.hidden:
            before = seq_len * self.embedding_width * self.hidden
        else:
            before = 0
        return before + self.layers * (projections + attention + feed_forward)

    @property
    def _embedding_parameters(self) -> int:
        if self.family == "vision":
            patches = self._linear(self.patch_values, self.hidden)
            return patches + (1 + self.longest) * self.hidden  # class token, positions
        width = self.embedding_width
        rows = self.vocab + self.positions + self.token_types
        norm = 0 if self.pre_norm else 2 * width
        projection = 0 if width == self.hidden else self._linear(width, self.hidden)
        return rows * width + norm + projection

    @property
    def _feed_forward_weights(self) -> int:
        widths = (self.hidden, *self.ffn, self.hidden)
        stack = sum(a * b for a, b in itertools.pairwise(widths))
        return stack + self.gated * self.hidden * self.ffn[0]

    @property
    def _feed_forward_parameters(self) -> int:
        outputs = sum(self.ffn) + self.hidden + self.gated * self.ffn[0]
        return self._feed_forward_weights + self.biases * outputs

    def _linear(self, inner: int, columns: int) -> int:
        return inner * columns + self.biases * columns


def whole(what: str, value: Any, *, least: int = 1) -> int:
    """Return a count as an int; raise `InputError` naming `what` for others."""
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if isinstance(value, bool) or not least <= number <= MOST:
        wanted = f"{least} to {MOST:,}" if number > MOST else f"{least} or more"
        raise InputError(f"{what} is {value!r:.60}; give a whole number, {wanted}.")
    return number
