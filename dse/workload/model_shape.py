"""A whole transformer: its stacks of layers and its head, with their counts."""

from __future__ import annotations

from dataclasses import dataclass

from dse.arguments import count
from dse.errors import check_kind
from dse.shown import Shown
from dse.workload.formats import read_format
from dse.workload.parts import Linear, Norm, Stack


@dataclass(frozen=True, kw_only=True)
class Head:
    """What makes an answer of the last result: an output layer, mostly over words.

    `shared` of its values are those of the token table (a tied head).
    """

    output: Linear
    transform: Linear | None = None  # with an activation behind it
    norm: Norm | None = None
    shared: int = 0

    @property
    def parameters(self) -> int:
        """Trainable values that the head adds to the body."""
        parts = (self.output, self.transform, self.norm)
        return sum(part.parameters for part in parts if part) - self.shared


@dataclass(frozen=True, kw_only=True, repr=False)
class ModelShape(Shown):
    """What one transformer consists of, and what follows from it.

    Stacks run in their order; those for images (`aside`) are counted, and run only
    where there are images.
    """

    name: str
    kind: str  # as in `model_type`
    stacks: tuple[Stack, ...]
    aside: tuple[Stack, ...] = ()
    head: Head | None = None
    extra: int = 0  # values outside stacks and head, as projections between towers

    @property
    def parameters(self) -> int:
        """Trainable values of the body: embeddings, layers, norms and pooler.

        As the base class of the reference library counts them: layers that share
        weights once, a head that is tied to the token table not at all.
        """
        return self.extra + sum(s.parameters for s in (*self.stacks, *self.aside))

    @property
    def head_parameters(self) -> int:
        """Trainable values that the head adds to the body: 0 where it is tied."""
        return 0 if self.head is None else self.head.parameters

    @property
    def cached(self) -> int:
        """Values that each token of a decoder leaves in the cache, over all layers."""
        return sum(stack.cached for stack in self.stacks)

    def weight_bytes(self, format: str = "bf16") -> float:
        """Return the bytes of all weights, those of the head included, in a format.

        As `bf16`, `w4a16`, `int4 g128`; all values are of one width. Raises
        `InputError` for a format that is not known.
        """
        values = self.parameters + self.head_parameters
        return float(values * read_format(format).weight_bits / 8.0)

    def cache_bytes_per_token(self, format: str = "bf16") -> float:
        """Return the bytes that each token of a decoder leaves in the cache.

        2 x layers x key heads x width x bits / 8, of latents (latent + shared key) x
        layers x bits / 8. A layer with a window keeps a token as long as it is inside.
        """
        return float(self.cached * read_format(format).cache_bits / 8.0)

    @property
    def main(self) -> Stack:
        """The stack that makes the answer: the last one."""
        return self.stacks[-1]

    @property
    def longest(self) -> int | None:
        """Most tokens that its tables have positions for; None: no limit."""
        return self.main.longest

    def tokens(self, stack: Stack, seq_len: int) -> int:
        """Return how many tokens a stack reads: those of its image, or `seq_len`."""
        check_kind("`stack`", stack, Stack, "one of the model, as `shape.main`")
        seq_len = count("seq_len", seq_len)
        return seq_len if stack.tokens is None else stack.tokens

    def macs(self, seq_len: int) -> int:
        """Return the multiply-accumulates of the body for one sequence.

        Zeros and masked pairs included, pooler and head not. A model with an encoder
        reads `seq_len` tokens there, or what its input holds, and as many in its
        decoder. Of experts those that a token uses count.
        """
        memory = self.tokens(self.stacks[0], seq_len)
        return sum(
            stack.macs(self.tokens(stack, seq_len), memory) for stack in self.stacks
        )
