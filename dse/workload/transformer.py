"""From a transformer and a sequence length to the ops that a machine must run."""

from __future__ import annotations

from pathlib import Path
from types import NoneType

from dse.errors import InputError, check_kind, did_you_mean
from dse.workload.layers import (
    Op,
    activation,
    chain,
    feed_forward,
    layer_norm,
    linear,
    self_attention,
    text_embedding,
)
from dse.workload.ops import Block, Workload
from dse.workload.shapes import TransformerShape, whole
from dse.workload.zoo import find_shape

MODES = ("prefill", "decode")
TEXT_LENGTH = 128  # tokens, where the caller names none


def transformer(
    model: str | Path | TransformerShape,
    *,
    seq_len: int | None = None,
    batch: float = 1,
    padded_fraction: float = 0.0,
    causal: bool | None = None,
    mode: str = "prefill",
    context_len: int | None = None,
    lm_head: bool = False,
) -> Workload:
    """Return what has to be computed when a transformer reads sequences.

    The first block fetches the embeddings, the second is one layer and runs once per
    layer; models that normalise first end with a norm. All densities are 1.

    `mode="decode"` makes ONE new token per sequence: every op has one row, and scores
    and context read the keys and values of `context_len` tokens, the new one included,
    from a cache. Nothing is masked then, so the workload is not marked causal, and its
    `seq_len` is the context.

    The pooler and the head are left out: they are no part of most uses. `lm_head=True`
    adds the head over every token (of a vision model: the classifier of its one class
    token). Layers that share weights (ALBERT) are still one run of the block each.

    Args:
        model: a name of the zoo, a Hugging Face `config.json` or the folder that holds
            one, or a shape.
        seq_len: tokens per sequence, padding included; 128 where left out. A vision
            model's length follows from its image.
        batch: sequences run together.
        padded_fraction: share of the tokens that are padding.
        causal: whether a token sees only earlier ones; decoders do where left out.
        mode: `prefill` reads a whole sequence, `decode` makes one token.
        context_len: tokens seen by a decode step; `seq_len` where left out.
        lm_head: whether the head is run too.

    Raises:
        InputError: for an unknown model or mode, a length the model has no positions
            for, a decode step of a model that is no decoder, or a head without classes.
    """
    shape = find_shape(model)
    length = _length(shape, seq_len)
    tokens, keys = length, length
    if mode == "decode":
        tokens, keys = 1, _context(shape, context_len, length)
    elif mode != "prefill":
        raise InputError(f"`mode` is {mode!r:.60}." + did_you_mean(mode, MODES))
    elif context_len is not None:
        raise InputError(
            "`context_len` counts the tokens in the cache of a decode step; leave it "
            'out, or give mode="decode".'
        )
    check_kind("`causal`", causal, (bool, NoneType), "True, False or nothing")
    check_kind("`lm_head`", lm_head, bool, "True or False")
    if causal is None:
        causal = shape.family == "decoder"
    blocks = [
        Block(ops=chain(_embedding(shape, tokens)), repeats=1),
        Block(
            ops=chain(_layer(shape, tokens, keys)),
            repeats=shape.layers,
            shared=shape.shared_layers,
        ),
    ]
    end = _end(shape, tokens, lm_head=lm_head)
    if end:
        blocks.append(Block(ops=chain(end), repeats=1))
    return Workload(
        name=shape.name,
        blocks=tuple(blocks),
        batch=batch,
        seq_len=keys,
        padded_fraction=padded_fraction,
        causal=causal and mode == "prefill",
        mode=mode,
    )


def _length(shape: TransformerShape, seq_len: int | None) -> int:
    if seq_len is None:
        image = shape.family == "vision"
        return shape.longest if image else min(TEXT_LENGTH, shape.longest)
    length = whole("`seq_len`", seq_len)
    if shape.family == "vision" and length != shape.longest:
        raise InputError(
            f"`{shape.name}` sees {shape.longest} tokens: the patches of its image and "
            f"a class token, not {length}. Leave `seq_len` out."
        )
    return _within_positions(shape, "seq_len", length)


def _context(shape: TransformerShape, context_len: int | None, length: int) -> int:
    if shape.family != "decoder":
        raise InputError(
            f"`{shape.name}` is a model of the {shape.family} family and makes no "
            'tokens one by one; give mode="prefill", or a decoder such as `gpt2`.'
        )
    context = whole("`context_len`", length if context_len is None else context_len)
    return _within_positions(shape, "context_len", context)


def _within_positions(shape: TransformerShape, name: str, length: int) -> int:
    if length > shape.longest:
        raise InputError(
            f"`{name}` is {length}, but `{shape.name}` has positions for "
            f"{shape.longest} tokens; shorten it."
        )
    return length


def _embedding(shape: TransformerShape, tokens: int) -> list[Op]:
    if shape.family == "vision":
        patches = tokens - 1
        values = shape.patch_values
        return [linear("embedding_patches", patches, values, shape.hidden, reads=(0,))]
    return text_embedding(
        tokens=tokens,
        vocab=shape.vocab,
        width=shape.embedding_width,
        hidden=shape.hidden,
        norm=not shape.pre_norm,
    )


def _layer(shape: TransformerShape, tokens: int, keys: int) -> list[Op]:
    attention = self_attention(
        tokens=tokens,
        keys=keys,
        hidden=shape.hidden,
        heads=shape.heads,
        kv_heads=shape.kv_heads or shape.heads,
        head_width=shape.head_width,
        normed=shape.pre_norm,
    )
    network = feed_forward(
        tokens=tokens,
        hidden=shape.hidden,
        widths=shape.ffn,
        gated=shape.gated,
        residual=2 if shape.pre_norm else 1,
    )
    first = layer_norm("norm_attention", tokens, shape.hidden)
    second = layer_norm("norm_ffn", tokens, shape.hidden)
    if shape.pre_norm:
        return [first._replace(reads=(0,)), *attention, second, *network]
    return [*attention, first, *network, second]


def _end(shape: TransformerShape, tokens: int, *, lm_head: bool) -> list[Op]:
    ops = []
    if shape.pre_norm:
        ops.append(layer_norm("norm_final", tokens, shape.hidden, reads=(0,)))
    if not lm_head:
        return ops
    if shape.family == "vision":
        classes = whole(f"`classes` of `{shape.name}`", shape.classes)
        reads = (1,) if ops else (0,)
        return [*ops, linear("head", 1, shape.hidden, classes, reads=reads)]
    width = shape.embedding_width
    if shape.family == "encoder":
        ops += [
            linear("head_transform", tokens, shape.hidden, width, reads=(0,)),
            activation("head_activation", tokens, width),
            layer_norm("head_norm", tokens, width),
        ]
    reads = (1,) if ops else (0,)
    return [*ops, linear("head", tokens, width, shape.vocab, reads=reads)]
