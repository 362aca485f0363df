"""Models of two stacks: encoder and decoder, or images and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dse.workload.model_shape import ModelShape
from dse.workload.parts import (
    ALL,
    Attention,
    FeedForward,
    Half,
    Layer,
    Linear,
    Norm,
    Stack,
    grouped,
    layer_norm,
    multi_head,
    rms_norm,
)
from dse.workload.readers.config import Config
from dse.workload.readers.decoders import (
    NONE,
    decoder_stack,
    head_width,
    word_head,
)
from dse.workload.readers.encoders import normed_first, plain_layer
from dse.workload.readers.images import (
    clip_text,
    clip_vision,
    llama4_vision,
    siglip_vision,
)


def read_t5(c: Config, name: str) -> ModelShape:
    """Return the shape of a T5: RMS norms, no biases, a table of scores."""
    hidden, heads, width = c.size("d_model"), c.size("num_heads"), c.size("d_kv")
    c.only("is_encoder_decoder", True)
    c.only("is_decoder", False)
    form = c.text("feed_forward_proj", "relu")
    first, _, rest = form.partition("-")
    if (rest and first != "gated") or "-" in rest:
        raise c.odd("feed_forward_proj", form, "write `relu`, or `gated-gelu`")
    norm = rms_norm(hidden)
    attention = multi_head(hidden, heads, width, biases=NONE)
    network = FeedForward(
        hidden=hidden, widths=(c.size("d_ff"),), gated=bool(rest), bias=False
    )
    table = c.size("relative_attention_num_buckets") * heads
    own = Half(part=attention, before=norm)
    net = Half(part=network, before=norm)
    cross = Half(part=replace(attention, cross=True), before=norm)

    def layers(halves: tuple[Half, ...], count: int) -> tuple[tuple[Layer, int], ...]:
        with_table = replace(own, part=replace(attention, table=table))
        first = Layer(halves=(with_table, *halves))
        return grouped([first, *[Layer(halves=(own, *halves))] * (count - 1)])

    depth = c.size("num_layers")
    encoder = Stack(
        role="encoder",
        name="encoder",
        hidden=hidden,
        vocab=c.size("vocab_size"),
        layers=layers((net,), depth),
        end_norm=norm,
    )
    decoder = replace(
        encoder,
        role="decoder",
        name="decoder",
        given=True,
        layers=layers((cross, net), c.maybe("num_decoder_layers") or depth),
    )
    c.maybe("n_positions")
    c.only("add_cross_attention", False)
    return ModelShape(
        name=name,
        kind=c.kind,
        stacks=(encoder, decoder),
        head=word_head(c, decoder, bias=False),
    )


def _crossed(layer: Layer) -> Layer:
    """Return a layer with attention to an encoder between its halves."""
    own, net = layer.halves
    part = own.part
    assert isinstance(part, Attention)
    return Layer(halves=(own, replace(own, part=replace(part, cross=True)), net))


def read_bart(c: Config, name: str) -> ModelShape:
    """Return the shape of a BART: learned positions, norms behind the halves."""
    hidden, vocab = c.size("d_model"), c.size("vocab_size")
    c.only("is_encoder_decoder", True)
    c.only("is_decoder", False)
    c.only("add_cross_attention", False)
    positions = c.size("max_position_embeddings")
    tied = c.flag("tie_word_embeddings")

    def stack(role: str) -> Stack:
        heads = c.size(f"{role}_attention_heads")
        width = head_width(c, hidden, heads)
        layer = plain_layer(hidden, heads, width, c.size(f"{role}_ffn_dim"))
        layer = _crossed(layer) if role == "decoder" else layer
        return Stack(
            role=role,
            name=role,
            hidden=hidden,
            vocab=vocab,
            given=role == "decoder",
            tables=(positions + 2) * hidden,
            longest=positions,
            front_norm=layer_norm(hidden),
            layers=((layer, c.size(f"{role}_layers")),),
        )

    stacks = stack("encoder"), stack("decoder")
    head = word_head(c, stacks[1], bias=False)
    extra = 0 if tied else 2 * vocab * hidden  # each stack has a table of its own
    return ModelShape(name=name, kind=c.kind, stacks=stacks, head=head, extra=extra)


def read_whisper(c: Config, name: str) -> ModelShape:
    """Return the shape of a Whisper: sound through two convolutions, then text."""
    hidden, vocab = c.size("d_model"), c.size("vocab_size")
    c.only("is_encoder_decoder", True)
    c.only("is_decoder", False)
    c.only("add_cross_attention", False)
    heard, told = c.size("max_source_positions"), c.size("max_target_positions")
    front = (
        Linear(
            name="embedding_convolution_1",
            inner=3 * c.size("num_mel_bins"),
            columns=hidden,
            rows=2 * heard,
        ),
        Linear(name="embedding_convolution_2", inner=3 * hidden, columns=hidden),
    )

    def layers(role: str) -> tuple[tuple[Layer, int], ...]:
        heads = c.size(f"{role}_attention_heads")
        width = head_width(c, hidden, heads)
        ffn = c.size(f"{role}_ffn_dim")
        layer = plain_layer(hidden, heads, width, ffn, biases=ALL - {"key"})
        layer = _crossed(layer) if role == "decoder" else layer
        return ((normed_first(layer), c.size(f"{role}_layers")),)

    norm: Norm = layer_norm(hidden)
    encoder = Stack(
        role="encoder",
        name="encoder",
        hidden=hidden,
        front=front,
        tables=heard * hidden,
        layers=layers("encoder"),
        end_norm=norm,
        tokens=heard,
        longest=heard,
    )
    decoder = Stack(
        role="decoder",
        name="decoder",
        hidden=hidden,
        vocab=vocab,
        tables=told * hidden,
        layers=layers("decoder"),
        end_norm=norm,
        longest=told,
    )
    return ModelShape(
        name=name,
        kind=c.kind,
        stacks=(encoder, decoder),
        head=word_head(c, decoder, bias=False),
    )


# -- images and text -------------------------------------------------------------------


def read_clip(c: Config, name: str) -> ModelShape:
    """Return the shape of a CLIP: two towers, and a projection behind each."""
    text = _clip_part(c, "text")
    vision = _clip_part(c, "vision")
    words, pictures = clip_text(text), clip_vision(vision)
    text.finish()
    vision.finish()
    width = c.size("projection_dim")
    c.only("is_encoder_decoder", False)
    c.flag("tie_word_embeddings", default=True)  # there is no head
    projections = width * (words.hidden + pictures.hidden)
    return ModelShape(
        name=name,
        kind=c.kind,
        stacks=(pictures, words),
        extra=projections + 1,  # the scale of the logits is learned
    )


def _clip_part(c: Config, which: str) -> Config:
    """Return the config of a tower; an older key of it wins over the newer one."""
    kind = f"clip_{which}_model"
    part, old = c.part(f"{which}_config", kind), c.raw(f"{which}_config_dict")
    if old is None:
        return part
    if not isinstance(old, Mapping):
        raise c.odd(f"{which}_config_dict", old, "write an object")
    values = {**part.values, **part.defaults, **old}
    return Config(values, kind, f"{c.place}: `{which}_config_dict`")


def read_gemma3(c: Config, name: str) -> ModelShape:
    """Return the shape of a Gemma 3 that also sees images."""
    text = c.part("text_config", "gemma3_text")
    vision = c.part("vision_config", "siglip_vision_model")
    return _with_images(
        c,
        name,
        text,
        vision,
        siglip_vision(vision),
        norm_pooled=True,
        head_counted=False,
    )


def read_llama4(c: Config, name: str) -> ModelShape:
    """Return the shape of a Llama 4 that also sees images.

    The base class of the reference library holds its head; it is counted in the body.
    """
    text = c.part("text_config", "llama4_text")
    vision = c.part("vision_config", "llama4_vision_model")
    return _with_images(
        c,
        name,
        text,
        vision,
        llama4_vision(vision),
        norm_pooled=False,
        head_counted=True,
    )


def _with_images(
    c: Config,
    name: str,
    text: Config,
    vision: Config,
    images: Stack,
    *,
    norm_pooled: bool,
    head_counted: bool,
) -> ModelShape:
    """Return text with images beside, and a projection between them."""
    words = decoder_stack(text)
    head = word_head(c, words, bias=False)
    inner = images.hidden if norm_pooled else vision.size("vision_output_dim")
    extra = inner * words.hidden + norm_pooled * inner
    for part in (text, vision):
        part.only("is_encoder_decoder", False)
        part.only("use_bidirectional_attention", False)
        part.flag("tie_word_embeddings", default=True)  # the whole model's counts
        part.finish()
    c.only("is_encoder_decoder", False)
    if head_counted:
        extra += head.parameters
        head = replace(head, shared=head.output.parameters)
    return ModelShape(
        name=name,
        kind=c.kind,
        stacks=(words,),
        aside=(images,),
        head=head,
        extra=extra,
    )
