"""Models of images: ViT, DeiT, Swin, and the towers of CLIP, SigLIP and Llama 4."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from dse.workload.model_shape import Head, ModelShape
from dse.workload.parts import (
    ALL,
    FeedForward,
    Half,
    Layer,
    Linear,
    Stack,
    layer_norm,
    linear_parameters,
    multi_head,
)
from dse.workload.readers.config import Config
from dse.workload.readers.decoders import OUT, head_width
from dse.workload.readers.encoders import normed_first, plain_layer
from dse.workload.shapes import whole


def read_vit(c: Config, name: str) -> ModelShape:
    """Return the shape of a ViT or a DeiT, which has one more token."""
    stack = image_stack(c, tokens=2 if c.kind == "deit" else 1)
    c.only("add_pooling_layer", True)
    c.only("pruned_heads", {})
    pooled = c.maybe("pooler_output_size") or stack.hidden
    stack = replace(stack, pooler=linear_parameters(stack.hidden, pooled))
    return ModelShape(
        name=name, kind=c.kind, stacks=(stack,), head=class_head(c, stack.hidden)
    )


def read_tower(c: Config, name: str) -> ModelShape:
    """Return the shape of a tower of CLIP or SigLIP on its own."""
    return ModelShape(name=name, kind=c.kind, stacks=(TOWERS[c.kind](c),))


def class_head(c: Config, hidden: int) -> Head | None:
    """Return the layer that tells classes apart; None where none are named."""
    labels, number = c.raw("id2label"), c.raw("num_labels")
    if labels is None:
        classes = 0 if number is None else c.size("num_labels")
    elif not isinstance(labels, Mapping) or number not in (None, len(labels)):
        raise c.odd(
            "id2label",
            labels,
            "write an object with a name for each class, as many as `num_labels` says, "
            "or leave it out",
        )
    else:
        classes = len(labels)
    if not classes:
        return None
    return Head(output=Linear(name="head", inner=hidden, columns=classes))


def _patches(c: Config) -> tuple[int, int]:
    """Return the patches of an image, down and across; what is left over is cut."""
    image, patch = c.sides("image_size"), c.sides("patch_size")
    if image[0] < patch[0] or image[1] < patch[1]:
        raise c.odd(
            "patch_size", patch, "take patches that are no larger than the image"
        )
    return image[0] // patch[0], image[1] // patch[1]


def image_stack(
    c: Config,
    *,
    tokens: int,
    patch_bias: bool = True,
    front_norm: bool = False,
    name: str = "",
) -> Stack:
    """Return layers that normalise first, over patches and so many tokens beside."""
    hidden, heads = c.size("hidden_size"), c.size("num_attention_heads")
    width = head_width(c, hidden, heads)
    rows, columns = _patches(c)
    patches, (down, across) = rows * columns, c.sides("patch_size")
    c.only("num_key_value_heads", heads)
    c.only("head_dim", width)
    c.only("is_encoder_decoder", False)
    biases = ALL if c.flag("qkv_bias", default=True) else OUT
    layer = plain_layer(
        hidden, heads, width, c.size("intermediate_size"), biases=biases
    )
    patch = Linear(
        name="embedding_patches",
        inner=c.size("num_channels") * down * across,
        columns=hidden,
        bias=patch_bias,
        rows=patches,
    )
    return Stack(
        role="vision",
        name=name,
        hidden=hidden,
        front=(patch,),
        front_norm=layer_norm(hidden) if front_norm else None,
        tables=(tokens + patches + tokens) * hidden,
        layers=((normed_first(layer), c.size("num_hidden_layers")),),
        end_norm=layer_norm(hidden),
        tokens=patches + tokens,
        longest=patches + tokens,
    )


def clip_vision(c: Config) -> Stack:
    """Return the image tower of CLIP."""
    c.maybe("projection_dim")
    return image_stack(c, tokens=1, patch_bias=False, front_norm=True, name="vision")


def clip_text(c: Config) -> Stack:
    """Return the text tower of CLIP, which is causal."""
    hidden, heads = c.size("hidden_size"), c.size("num_attention_heads")
    width, positions = head_width(c, hidden, heads), c.size("max_position_embeddings")
    c.maybe("projection_dim")
    for key in ("is_decoder", "is_encoder_decoder", "add_cross_attention"):
        c.only(key, False)
    layer = normed_first(plain_layer(hidden, heads, width, c.size("intermediate_size")))
    return Stack(
        role="encoder",
        name="text",
        masked=True,
        hidden=hidden,
        vocab=c.size("vocab_size"),
        tables=positions * hidden,
        longest=positions,
        layers=((layer, c.size("num_hidden_layers")),),
        end_norm=layer_norm(hidden),
    )


def siglip_vision(c: Config) -> Stack:
    """Return the image tower of SigLIP; its pooling head is counted."""
    stack = image_stack(c, tokens=0, name="vision")
    c.maybe("projection_dim")
    if not c.flag("vision_use_head", default=True):
        return stack
    hidden, width = stack.hidden, c.size("intermediate_size")
    pool = 4 * linear_parameters(hidden, hidden) + 3 * hidden  # with probe and norm
    network = FeedForward(hidden=hidden, widths=(width,))
    return replace(stack, pooler=pool + network.parameters)


def llama4_vision(c: Config) -> Stack:
    """Return the image tower of Llama 4, with what folds four patches into one."""
    stack = image_stack(c, tokens=1, patch_bias=False, front_norm=True, name="vision")
    ratio = c.raw("pixel_shuffle_ratio")
    if not isinstance(ratio, float | int) or not 0 < ratio <= 1:
        raise c.odd("pixel_shuffle_ratio", ratio, "write a number up to 1")
    # One class token and one table; in the norms' order: before and after the layers.
    folded = int(((stack.tokens or 1) - 1) * ratio**2)
    c.size("vision_output_dim")
    inner = c.size("projector_input_dim")
    out = c.size("projector_output_dim")
    adapter = (
        Linear(
            name="end_adapter_up",
            inner=c.size("intermediate_size"),
            columns=inner,
            bias=c.flag("multi_modal_projector_bias"),
            rows=folded,
        ),
        Linear(
            name="end_adapter_down",
            inner=inner,
            columns=out,
            bias=c.flag("multi_modal_projector_bias"),
            rows=folded,
        ),
    )
    return replace(stack, end=adapter)


def read_swin(c: Config, name: str) -> ModelShape:
    """Return the shape of a Swin: stages of fewer and wider tokens, in windows."""
    width = c.size("embed_dim")
    depths = c.counts("depths", least=1) or []
    heads = c.counts("num_heads", least=1) or []
    if not depths or len(heads) != len(depths):
        raise c.odd(
            "num_heads", heads, f"write a list of heads for {len(depths)} stages"
        )
    c.only("num_layers", len(depths))
    c.only("hidden_size", width * 2 ** (len(depths) - 1))
    c.only("is_encoder_decoder", False)
    rows, columns = _patches(c)
    down, across = c.sides("patch_size")
    patches = Linear(
        name="embedding_patches",
        inner=c.size("num_channels") * down * across,
        columns=width,
    )
    front: tuple[Linear, ...] = (patches,)
    front_norm, tables = layer_norm(width), 0
    if c.flag("use_absolute_embeddings"):
        tables = rows * columns * width
    stacks = []
    for number, (depth, count) in enumerate(zip(depths, heads, strict=True)):
        hidden = width * 2**number
        if number:
            rows, columns = -(-rows // 2), -(-columns // 2)
            front = (
                Linear(
                    name="embedding_merge", inner=2 * hidden, columns=hidden, bias=False
                ),
            )
            front_norm, tables = layer_norm(2 * hidden), 0
        layer = _swin_layer(c, hidden, count, rows, columns)
        stacks.append(
            Stack(
                role="vision",
                name=f"stage {number + 1}",
                hidden=hidden,
                front=front,
                front_norm=front_norm,
                tables=tables,
                layers=((layer, depth),),
                end_norm=layer_norm(hidden) if number == len(depths) - 1 else None,
                tokens=rows * columns,
                longest=rows * columns,
            )
        )
    return ModelShape(
        name=name,
        kind=c.kind,
        stacks=tuple(stacks),
        head=class_head(c, stacks[-1].hidden),
    )


def _swin_layer(c: Config, hidden: int, heads: int, rows: int, columns: int) -> Layer:
    """Return a layer of a stage: attention within windows, and a feed-forward net."""
    window = c.size("window_size")
    ratio = c.raw("mlp_ratio")
    if not isinstance(ratio, float | int) or isinstance(ratio, bool):
        raise c.odd("mlp_ratio", ratio, "write a number")
    biases = ALL if c.flag("qkv_bias") else OUT
    side = min(window, rows, columns)
    attention = multi_head(
        hidden,
        heads,
        head_width(c, hidden, heads),
        biases=biases,
        window=side**2,
        pieces=math.ceil(rows / side) * math.ceil(columns / side),
        table=(2 * window - 1) ** 2 * heads,
    )
    norm = layer_norm(hidden)
    ffn = FeedForward(
        hidden=hidden, widths=(whole("`mlp_ratio`", int(ratio * hidden)),)
    )
    return Layer(
        halves=(Half(part=attention, before=norm), Half(part=ffn, before=norm))
    )


TOWERS = {
    "clip_text_model": clip_text,
    "clip_vision_model": clip_vision,
    "siglip_vision_model": siglip_vision,
}
