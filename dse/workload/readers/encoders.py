"""Encoders of text: BERT and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from dse.workload.model_shape import Head, ModelShape
from dse.workload.parts import (
    ALL,
    Attention,
    FeedForward,
    Half,
    Layer,
    Linear,
    RelativePositions,
    Stack,
    grouped,
    layer_norm,
    linear_parameters,
    multi_head,
)
from dse.workload.readers.config import Config
from dse.workload.readers.decoders import NONE, head_width


@dataclass(frozen=True)
class Encoder:
    """What is true of all models of a type, beside what `_BERT_KEYS` name."""

    pooler: bool = True
    padded_positions: bool = False  # positions begin behind that of padding
    shared_layers: bool = False
    narrow_table: bool = False  # `embedding_size`, and a step up from it
    keys: tuple[tuple[str, str], ...] = ()  # other names of sizes


_BERT_KEYS = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "ffn": "intermediate_size",
}
_DISTIL_KEYS = {
    "layers": "n_layers",
    "hidden": "dim",
    "heads": "n_heads",
    "ffn": "hidden_dim",
}

ENCODERS = {
    "bert": Encoder(),
    "roberta": Encoder(padded_positions=True),
    "xlm-roberta": Encoder(padded_positions=True),
    "albert": Encoder(shared_layers=True, narrow_table=True),
    "electra": Encoder(pooler=False, narrow_table=True),
    "distilbert": Encoder(pooler=False, keys=tuple(_DISTIL_KEYS.items())),
}


def plain_layer(
    hidden: int, heads: int, width: int, ffn: int, *, biases: frozenset[str] = ALL
) -> Layer:
    """Return a layer as BERT has it: a norm over the sum behind each half."""
    attention = multi_head(hidden, heads, width, biases=biases)
    network = FeedForward(hidden=hidden, widths=(ffn,))
    norm = layer_norm(hidden)
    return Layer(
        halves=(Half(part=attention, after=norm), Half(part=network, after=norm))
    )


def normed_first(layer: Layer) -> Layer:
    """Return a layer whose norms stand before its halves."""
    halves = tuple(replace(h, before=h.after, after=None) for h in layer.halves)
    return replace(layer, halves=halves)


def only_encoder(c: Config) -> None:
    """Refuse what would change an encoder of text in a way not modelled."""
    for key in ("is_decoder", "is_encoder_decoder", "add_cross_attention"):
        c.only(key, False)
    c.only("position_embedding_type", "absolute")
    c.only("pruned_heads", {})
    c.only("add_pooling_layer", True)
    c.only("attention_bias", True)
    c.only("use_bias", True)


def read_encoder(c: Config, name: str) -> ModelShape:
    """Return the shape of an encoder like BERT."""
    traits = ENCODERS[c.kind]
    keys = dict(traits.keys) or _BERT_KEYS
    hidden, heads = c.size(keys["hidden"]), c.size(keys["heads"])
    width = head_width(c, hidden, heads)
    only_encoder(c)
    for key, wanted in (
        ("head_dim", width),
        ("num_key_value_heads", heads),
    ):
        c.only(key, wanted)
    embedding = hidden
    if traits.narrow_table:
        embedding = c.size("embedding_size")
    else:
        c.only("embedding_size", hidden)
    positions = c.size("max_position_embeddings")
    unused = _unused_positions(c, positions) if traits.padded_positions else 0
    types = 0 if c.kind == "distilbert" else c.size("type_vocab_size", least=0)
    step = Linear(name="embedding_projection", inner=embedding, columns=hidden)
    # ALBERT has the step even where it changes no width.
    has_step = embedding != hidden or c.kind == "albert"
    layer = plain_layer(hidden, heads, width, c.size(keys["ffn"]))
    layers: tuple[tuple[Layer, int], ...] = ((layer, c.size(keys["layers"])),)
    if traits.shared_layers:
        layers = _groups(c, layer)
    stack = Stack(
        role="encoder",
        hidden=hidden,
        vocab=c.size("vocab_size"),
        embedding=embedding,
        tables=(positions + types) * embedding,
        longest=positions - unused,
        front=(step,) if has_step else (),
        front_norm=layer_norm(embedding),
        layers=layers,
        shared_layers=traits.shared_layers,
        pooler=linear_parameters(hidden, hidden) if traits.pooler else 0,
    )
    head = masked_head(c, stack, embedding)
    return ModelShape(name=name, kind=c.kind, stacks=(stack,), head=head)


def _groups(c: Config, layer: Layer) -> tuple[tuple[Layer, int], ...]:
    """Return the groups of an ALBERT: layers that run in a row, again and again.

    Step i of L runs group floor(i / (L / groups)), `inner_group_num` layers of it.
    """
    depth, groups = c.size("num_hidden_layers"), c.size("num_hidden_groups", 1)
    if groups > depth:
        raise c.odd("num_hidden_groups", groups, f"there are {depth} layers for them")
    group = replace(layer, halves=layer.halves * c.size("inner_group_num", 1))
    runs = Counter(int(i / (depth / groups)) for i in range(depth))  # as it is run
    return tuple((group, times) for times in runs.values())


def masked_head(c: Config, stack: Stack, width: int) -> Head:
    """Return the head of masked-language modelling: a layer, a norm, the words."""
    output = Linear(name="head", inner=width, columns=stack.vocab)
    tied = c.flag("tie_word_embeddings", default=True)
    return Head(
        transform=Linear(name="head_transform", inner=stack.hidden, columns=width),
        norm=layer_norm(width),
        output=output,
        shared=tied * width * stack.vocab,
    )


def _unused_positions(c: Config, positions: int) -> int:
    """Return how many rows of the position table no token of a RoBERTa uses."""
    padding = c.raw("pad_token_id", 1)
    is_whole = isinstance(padding, int) and not isinstance(padding, bool)
    if not is_whole or not 0 <= padding < positions - 1:
        raise c.odd(
            "pad_token_id",
            padding,
            f"a {c.kind} with {positions} positions takes a whole number from 0 to "
            f"{positions - 2}, usually 1",
        )
    return int(padding) + 1


def read_modernbert(c: Config, name: str) -> ModelShape:
    """Return the shape of a ModernBERT: gated, local and global layers, few biases."""
    hidden, heads = c.size("hidden_size"), c.size("num_attention_heads")
    width, layers = head_width(c, hidden, heads), c.size("num_hidden_layers")
    only = {"is_decoder", "is_encoder_decoder", "add_cross_attention"}
    for key in sorted(only):
        c.only(key, False)
    c.only("head_dim", width)
    c.only("num_key_value_heads", heads)
    c.only("position_embedding_type", c.text("position_embedding_type", "absolute"))
    step = c.size("global_attn_every_n_layers", 3)
    words = c.words(
        "layer_types", frozenset({"full_attention", "sliding_attention"}), layers
    )
    local = [word != "full_attention" for word in words or []] or [
        i % step != 0 for i in range(layers)
    ]
    window = c.size("local_attention")
    norm = layer_norm(hidden, bias=c.flag("norm_bias"))
    attention = multi_head(
        hidden, heads, width, biases=ALL if c.flag("attention_bias") else NONE
    )
    network = FeedForward(
        hidden=hidden,
        widths=(c.size("intermediate_size"),),
        gated=True,
        bias=c.flag("mlp_bias"),
    )

    def layer(number: int) -> Layer:
        part = replace(attention, window=window if local[number] else None)
        first = Half(part=part, before=norm if number else None)  # the table has one
        return Layer(halves=(first, Half(part=network, before=norm)))

    stack = Stack(
        role="encoder",
        hidden=hidden,
        vocab=c.size("vocab_size"),
        front_norm=norm,
        layers=grouped(map(layer, range(layers))),
        end_norm=norm,
    )
    c.size("max_position_embeddings")
    head = _modernbert_head(c, stack)
    return ModelShape(name=name, kind=c.kind, stacks=(stack,), head=head)


def _modernbert_head(c: Config, stack: Stack) -> Head:
    """Return the head of masked-language modelling, its biases as they are told."""
    head = masked_head(c, stack, stack.hidden)
    transform = Linear(
        name="head_transform",
        inner=stack.hidden,
        columns=stack.hidden,
        bias=c.flag("classifier_bias"),
    )
    output = replace(head.output, bias=c.flag("decoder_bias", default=True))
    return replace(head, transform=transform, norm=stack.end_norm, output=output)


def read_deberta(c: Config, name: str) -> ModelShape:
    """Return the shape of a DeBERTa-v2 or v3: positions are scored on their own."""
    hidden, heads = c.size("hidden_size"), c.size("num_attention_heads")
    width = head_width(c, hidden, heads)
    c.only("attention_head_size", width)
    for key in ("is_decoder", "is_encoder_decoder", "add_cross_attention"):
        c.only(key, False)
    c.only("pruned_heads", {})
    embedding = c.size("embedding_size", hidden)
    step = Linear(
        name="embedding_projection", inner=embedding, columns=hidden, bias=False
    )
    positions = c.size("max_position_embeddings")
    types = c.size("type_vocab_size", least=0)
    tables = (positions if c.flag("position_biased_input") else 0) + types
    relative, rows = _relative_positions(c, positions)
    normed = "layer_norm" in c.text("norm_rel_ebd", "none").lower().split("|")
    norm = layer_norm(hidden)
    layer = plain_layer(hidden, heads, width, c.size("intermediate_size"))
    attention, network = layer.halves
    part = attention.part
    assert isinstance(part, Attention)
    attention = replace(attention, part=replace(part, positions=relative))
    layer = Layer(halves=(attention, network))
    kernel, depth = c.size("conv_kernel_size", 0, least=0), c.size("num_hidden_layers")
    layers = [(layer, depth)]
    c.text("conv_act", "tanh")
    groups = c.size("conv_groups", 1)
    if kernel:
        inner = kernel * hidden // groups
        convolution = Linear(name="ffn_convolution", inner=inner, columns=hidden)
        half = Half(part=convolution, after=norm)
        layers = [(Layer(halves=(*layer.halves, half)), 1), (layer, depth - 1)]
    stack = Stack(
        role="encoder",
        hidden=hidden,
        vocab=c.size("vocab_size"),
        embedding=embedding,
        front=(step,) if embedding != hidden else (),
        tables=tables * embedding + rows * hidden + normed * norm.values,
        longest=positions if c.flag("position_biased_input") else None,
        front_norm=norm,
        layers=tuple((each, times) for each, times in layers if times),
    )
    c.maybe("pooler_hidden_size")
    head = masked_head(c, stack, embedding)
    if not c.flag("legacy"):
        square = Linear(name="head_transform", inner=hidden, columns=hidden)
        head = replace(head, transform=square, norm=norm)
    return ModelShape(name=name, kind=c.kind, stacks=(stack,), head=head)


def _relative_positions(
    c: Config, positions: int
) -> tuple[RelativePositions | None, int]:
    """Return how positions are scored, and the rows of their table."""
    relative, shared = c.flag("relative_attention"), c.flag("share_att_key")
    buckets = c.size("position_buckets", -1, least=-1)
    most = c.size("max_relative_positions", -1, least=-1)
    types = c.raw("pos_att_type")
    words = types.lower().split("|") if isinstance(types, str) else types or []
    known = ("c2p", "p2c", "p2p", "", "none")
    if not isinstance(words, list) or not all(word in known for word in words):
        raise c.odd("pos_att_type", types, "name c2p, p2c or both in a list")
    if not relative:
        return None, 0
    span = buckets if buckets > 0 else (most if most > 0 else positions)
    names = {"c2p": "key", "p2c": "query"}
    scored = frozenset(names[word] for word in words if word in names)
    return RelativePositions(rows=2 * span, scored=scored, own=not shared), 2 * span


def read_mobilebert(c: Config, name: str) -> ModelShape:
    """Return the shape of a MobileBERT: narrow layers between wide results."""
    hidden, heads = c.size("hidden_size"), c.size("num_attention_heads")
    only_encoder(c)
    halves = _mobile_halves(c, hidden, heads)
    embedding, positions = c.size("embedding_size"), c.size("max_position_embeddings")
    trigram = 3 if c.flag("trigram_input") else 1
    step = Linear(
        name="embedding_projection", inner=trigram * embedding, columns=hidden
    )
    vocab = c.size("vocab_size")
    pooler = linear_parameters(hidden, hidden)
    pooler *= c.flag("classifier_activation", default=True)
    stack = Stack(
        role="encoder",
        hidden=hidden,
        vocab=vocab,
        embedding=embedding,
        tables=(positions + c.size("type_vocab_size", least=0)) * hidden,
        longest=positions,
        front=(step,),
        front_norm=layer_norm(hidden),
        layers=((Layer(halves=tuple(halves)), c.size("num_hidden_layers")),),
        pooler=pooler,
    )
    tied = c.flag("tie_word_embeddings", default=True)
    head = Head(
        transform=Linear(name="head_transform", inner=hidden, columns=hidden),
        norm=layer_norm(hidden),
        output=Linear(name="head", inner=hidden, columns=vocab),
        shared=tied * vocab * embedding,
    )
    return ModelShape(name=name, kind=c.kind, stacks=(stack,), head=head)


def _mobile_halves(c: Config, hidden: int, heads: int) -> list[Half]:
    """Return the halves of a layer, between a step down and one up again."""
    narrow = c.size("intra_bottleneck_size")
    c.text("normalization_type", "no_norm")  # of either kind, a gain and a bias
    has_bottleneck = c.flag("use_bottleneck")
    inner = narrow if has_bottleneck else hidden
    shared = c.flag("key_query_shared_bottleneck")
    all_narrow = c.flag("use_bottleneck_attention")
    width = inner // heads
    attention = multi_head(
        inner, heads, width, value_inner=inner if all_narrow else hidden
    )
    norm = layer_norm(inner)
    ffn = FeedForward(hidden=inner, widths=(c.size("intermediate_size"),))
    halves = [Half(part=attention, after=norm)]
    halves += [Half(part=ffn, after=norm)] * c.size("num_feedforward_networks")
    if has_bottleneck:
        down = Linear(name="ffn_bottleneck", inner=hidden, columns=narrow)
        first = Half(part=down, after=norm, residual=False)
        up = Linear(name="ffn_widen", inner=narrow, columns=hidden)
        halves = [
            first,
            *(
                [replace(first, part=replace(down, name="ffn_bottleneck_query"))]
                * shared
            ),
            *halves,
            Half(part=up, after=layer_norm(hidden)),
        ]
    c.only("true_hidden_size", inner)
    return halves


Reader = Callable[[Config, str], ModelShape]
