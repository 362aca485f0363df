"""The sizes of a transformer, and the parameters and work that follow from them."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

from dse.errors import InputError, check_kind, did_you_mean, quoted
from dse.workload.model_shape import Head, ModelShape
from dse.workload.parts import (
    ALL,
    FeedForward,
    Half,
    Layer,
    Linear,
    Stack,
    layer_norm,
    multi_head,
)

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
                f"{self.position_offset} of them out; give more, for tokens."
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
    def model(self) -> ModelShape:
        """The parts of the model: its layers, with what comes before and after."""
        attention = multi_head(
            self.hidden,
            self.heads,
            self.head_width,
            kv_heads=self.kv_heads,
            biases=ALL if self.biases else frozenset(),
        )
        network = FeedForward(
            hidden=self.hidden, widths=self.ffn, gated=self.gated, bias=self.biases
        )
        norm = layer_norm(self.hidden)
        before, after = (norm, None) if self.pre_norm else (None, norm)
        halves = tuple(
            Half(part=part, before=before, after=after) for part in (attention, network)
        )
        stack = Stack(
            role=self.family,
            hidden=self.hidden,
            layers=((Layer(halves=halves), self.layers),),
            vocab=self.vocab,
            embedding=self.embedding_width,
            end_norm=norm if self.pre_norm else None,
            pooler=self.pooler * self.hidden * (self.hidden + self.biases),
            shared_layers=self.shared_layers,
            longest=self.longest,
        )
        stack = replace(stack, **self._front)
        return ModelShape(
            name=self.name, kind=self.family, stacks=(stack,), head=self._head
        )

    @property
    def _front(self) -> dict[str, Any]:
        """What comes before the layers."""
        width = self.embedding_width
        if self.family == "vision":
            patches = Linear(
                name="embedding_patches",
                inner=self.patch_values,
                columns=self.hidden,
                bias=self.biases,
                rows=self.longest - 1,
            )
            tables = (1 + self.longest) * self.hidden  # class token, positions
            return {"front": (patches,), "tables": tables, "tokens": self.longest}
        step = Linear(
            name="embedding_projection",
            inner=width,
            columns=self.hidden,
            bias=self.biases,
        )
        return {
            "tables": (self.positions + self.token_types) * width,
            "front": () if width == self.hidden else (step,),
            "front_norm": None if self.pre_norm else layer_norm(width),
        }

    @property
    def _head(self) -> Head | None:
        """The classifier of a vision model, or the output layer over words."""
        width, bias = self.embedding_width, self.family != "decoder"
        if self.family == "vision":
            classes = Linear(
                name="head", inner=self.hidden, columns=self.classes, bias=self.biases
            )
            return Head(output=classes) if self.classes else None
        output = Linear(name="head", inner=width, columns=self.vocab, bias=bias)
        head = Head(output=output, shared=self.tied_head * self.vocab * width)
        if self.family == "decoder":
            return head
        transform = Linear(
            name="head_transform", inner=self.hidden, columns=width, bias=self.biases
        )
        return replace(head, transform=transform, norm=layer_norm(width))

    @property
    def parameters(self) -> int:
        """Trainable values of the body: embeddings, layers, norms and pooler."""
        return self.model.parameters

    @property
    def head_parameters(self) -> int:
        """Trainable values that the head adds to the body."""
        return self.model.head_parameters

    def macs(self, seq_len: int) -> int:
        """Return the multiply-accumulates of the body for one sequence."""
        return self.model.macs(seq_len)


def whole(what: str, value: Any, *, least: int = 1) -> int:
    """Return a count as an int; raise `InputError` naming `what` for others."""
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= MOST:
        wanted = f"{least} to {MOST:,}" if number > MOST else f"{least} or more"
        raise InputError(f"{what} is {quoted(value)}; give a whole number, {wanted}.")
    return number
