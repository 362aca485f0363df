"""From a transformer and a sequence length to the ops that a machine must run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import NoneType

from dse.errors import InputError, check_kind, did_you_mean, quoted
from dse.workload.layer_ops import OpList, Tokens, layer_ops
from dse.workload.layers import Op, chain
from dse.workload.liveness import BEFORE
from dse.workload.model_shape import Head, ModelShape
from dse.workload.ops import Block, Workload
from dse.workload.parts import Layer, Stack
from dse.workload.shapes import TransformerShape, whole
from dse.workload.zoo import model_shape

MODES = ("prefill", "decode")
TEXT_LENGTH = 128  # tokens, where the caller names none


def transformer(
    model: str | Path | Mapping[str, object] | TransformerShape | ModelShape,
    *,
    seq_len: int | None = None,
    batch: float = 1,
    padded_fraction: float = 0.0,
    causal: bool | None = None,
    mode: str = "prefill",
    context_len: int | None = None,
    lm_head: bool = False,
    format: str | None = None,
) -> Workload:
    """Return what has to be computed when a transformer reads sequences.

    The first block fetches the embeddings; then there is one for each kind of layer,
    that runs as often as there are such; models that normalise first end with a norm.
    An encoder runs before its decoder, a tower before the next one. All densities are
    1.

    `mode="decode"` makes ONE new token per sequence: every op has one row, and scores
    and context read the keys and values of `context_len` tokens, the new one included,
    from a cache. Nothing is masked then, so the workload is not marked causal, and its
    `seq_len` is the context. A model with an encoder has read `seq_len` tokens there,
    or what its input holds.

    The pooler and the head are left out: they are no part of most uses. `lm_head=True`
    adds the head over every token (of a vision model: the classifier of its one class
    token). Layers that share weights (ALBERT) are still one run of the block each.

    Args:
        model: a name of the zoo, a Hugging Face `config.json`, the folder that holds
            one or its contents, or a shape.
        seq_len: tokens per sequence, padding included; 128 where left out. A vision
            model's length follows from its image.
        batch: sequences run together.
        padded_fraction: share of the tokens that are padding.
        causal: whether a token sees only earlier ones; decoders do where left out.
        mode: `prefill` reads a whole sequence, `decode` makes one token.
        context_len: tokens seen by a decode step; `seq_len` where left out.
        lm_head: whether the head is run too.
        format: of weights, activations and cache, as `w4a16 kv8`; in words as long as
            those of the machine where left out.

    Raises:
        InputError: for an unknown model or mode, a length the model has no positions
            for, a decode step of a model that is no decoder, or a head without classes.

    Examples:
        >>> bert = dse.transformer("bert-base", seq_len=384, batch=8)
        >>> step = dse.transformer("llama-3-8b", mode="decode", context_len=2048)
        >>> step.seq_len, step.mode
        (2048, 'decode')
    """
    shape = model_shape(model)
    check_kind("`causal`", causal, (bool, NoneType), "True, False or nothing")
    check_kind("`lm_head`", lm_head, bool, "True or False")
    check_kind("`mode`", mode, str, "`prefill` or `decode`")
    length = sequence_length(shape, seq_len)
    if mode == "decode":
        context = _context(shape, context_len, length)
        memory = _memory(shape, length)
        tokens = Tokens(rows=1, keys=context, memory=memory, later=True, kept=True)
        stacks = shape.stacks[-1:]
    elif mode != "prefill":
        raise InputError(f"`mode` is {quoted(mode)}." + did_you_mean(mode, MODES))
    elif context_len is not None:
        raise InputError(
            "`context_len` counts the tokens in the cache of a decode step; leave it "
            'out, or give mode="decode".'
        )
    else:
        tokens = Tokens(rows=length, keys=length, memory=_memory(shape, length))
        stacks = shape.stacks
    blocks = run_stacks(shape, stacks, tokens, lm_head=lm_head)
    if causal is None:
        causal = any(stack.causal for stack in shape.stacks)
    return Workload(
        name=shape.name,
        blocks=blocks,
        batch=batch,
        seq_len=tokens.keys,
        padded_fraction=padded_fraction,
        causal=causal and mode == "prefill",
        mode=mode,
    ).with_format(format)


def run_stacks(
    shape: ModelShape,
    stacks: tuple[Stack, ...],
    tokens: Tokens,
    *,
    lm_head: bool,
    head_rows: int | None = None,
) -> tuple[Block, ...]:
    """Return the blocks of some stacks, and of the head behind the last one.

    The head runs over `head_rows` of the tokens, or over all of them.
    """
    blocks: list[Block] = []
    for stack in stacks:
        own = stack.tokens
        fixed = tokens if own is None else replace(tokens, rows=own, keys=own)
        head = _head(shape) if lm_head and stack is shape.main else None
        front = Block(
            ops=chain(_front(stack, fixed.rows)),
            repeats=1,
            table_of_head=head is not None and head.shared > 0,
        )
        blocks.append(front)
        # A mask holds where the stack has one, or where the workload alone decides.
        follows = stack.causal or len(shape.stacks) == 1
        blocks += [
            Block(
                ops=chain(layer_ops(layer, fixed)),
                repeats=times,
                shared=stack.shared_layers,
                causal=follows and not _windowed(layer, fixed),
                window=layer.attention.window if layer.attention else None,
            )
            for layer, times in stack.layers
        ]
        end = _end(stack, fixed.rows, head, head_rows)
        if end:
            blocks.append(Block(ops=chain(end), repeats=1))
    return tuple(blocks)


def _windowed(layer: Layer, tokens: Tokens) -> bool:
    """Whether a window leaves out some of the keys."""
    part = layer.attention
    return part is not None and part.seen(tokens.keys) < tokens.keys


def _memory(shape: ModelShape, length: int) -> int:
    """Return the tokens of the encoder; 0 where there is none."""
    return 0 if len(shape.stacks) == 1 else shape.tokens(shape.stacks[0], length)


def sequence_length(shape: ModelShape, seq_len: int | None) -> int:
    """Return how many tokens a model reads: as many as asked for, or its usual number.

    Raises `InputError` for more than it has positions for.
    """
    fixed, longest = shape.main.tokens, shape.longest
    if seq_len is None:
        return fixed or min(TEXT_LENGTH, longest or TEXT_LENGTH)
    length = whole("`seq_len`", seq_len)
    if fixed is not None and length != fixed:
        raise InputError(
            f"`{shape.name}` sees {fixed} tokens: what its image is cut into, not "
            f"{length}. Leave `seq_len` out."
        )
    return _within_positions(shape, "seq_len", length)


def _context(shape: ModelShape, context_len: int | None, length: int) -> int:
    if shape.main.role != "decoder":
        raise InputError(
            f"`{shape.name}` is a model of the {shape.main.role} family and makes no "
            'tokens one by one; give mode="prefill", or a decoder such as `gpt2`.'
        )
    context = whole("`context_len`", length if context_len is None else context_len)
    return _within_positions(shape, "context_len", context)


def _within_positions(shape: ModelShape, name: str, length: int) -> int:
    if shape.longest is not None and length > shape.longest:
        raise InputError(
            f"`{name}` is {length}, but `{shape.name}` has positions for "
            f"{shape.longest} tokens; shorten it."
        )
    return length


def _front(stack: Stack, tokens: int) -> list[Op]:
    """Return what comes before the layers: tables, patches, norms and steps.

    Rows of the position and token-type tables are added on the way and not counted.
    """
    ops, current = OpList(), BEFORE
    if stack.vocab:
        width = stack.embedding_width
        current = ops.add(Op("embedding", "embedding", (), tokens, width, stack.vocab))
    norm, front = stack.front_norm, stack.front
    # A norm stands before a step from a table or from merged tokens as wide as itself.
    first = bool(norm and front and front[-1].rows is None)
    first = first and norm is not None and norm.width == front[-1].inner
    if norm is not None and first:
        current = ops.norm("norm_embedding", norm, tokens, current)
    for step in front:
        current = ops.linear(step, tokens, current)
        if step.name.startswith("embedding_convolution"):
            act = Op("embedding_activation", "activation", (), tokens, step.columns)
            current = ops.add(act._replace(rows=step.rows or tokens), current)
    if norm is not None and not first:
        ops.norm("norm_embedding", norm, tokens, current)
    return ops.ops


def _head(shape: ModelShape) -> Head:
    if shape.head is None:
        raise InputError(
            f"`{shape.name}` has no head that dse knows, as no `classes` are named; "
            "leave `lm_head` out."
        )
    return shape.head


def _end(
    stack: Stack, tokens: int, head: Head | None, head_rows: int | None = None
) -> list[Op]:
    """Return what comes behind the layers, the head included."""
    ops, current = OpList(), BEFORE
    if stack.end_norm is not None:
        current = ops.norm("norm_final", stack.end_norm, tokens, current)
    for step in stack.end:
        current = ops.linear(step, tokens, current)
    if head is None:
        return ops.ops
    tokens = head_rows or tokens
    if head.transform is not None:
        width = head.transform.columns
        current = ops.linear(head.transform, tokens, current)
        act = Op("head_activation", "activation", (), tokens, width)
        current = ops.add(act, current)
    if head.norm is not None:
        current = ops.norm("head_norm", head.norm, tokens, current)
    rows = 1 if stack.role == "vision" else tokens  # the class token alone
    ops.linear(head.output, rows, current)
    return ops.ops
