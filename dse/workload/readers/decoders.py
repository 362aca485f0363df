"""Decoders: what is true of each model type, and how its config says the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dse.errors import InputError
from dse.workload.model_shape import Head, ModelShape
from dse.workload.parts import (
    ALL,
    Attention,
    Experts,
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

QKV = ALL - {"output"}
OUT = frozenset({"output"})
NONE: frozenset[str] = frozenset()
_LAYER_TYPES = frozenset({"full_attention", "sliding_attention", "chunked_attention"})

Flag = bool | str  # a fact, or the key that tells it
Windows = Callable[[Config, int], list[int | None]]  # of each layer
Net = Callable[..., FeedForward]  # of a width
Network = Callable[[Config, Net, int], FeedForward | Experts]  # of a layer


@dataclass(frozen=True)
class Decoder:
    """What is true of all models of a type. A text is the key that tells."""

    norm: Callable[[int], Norm] = rms_norm
    gated: bool = True
    attention_bias: Flag = False  # of all projections
    qkv_bias: Flag = False  # of queries, keys and values alone
    output_bias: Flag = False
    ffn_bias: Flag = False
    head_bias: bool = False
    head_norm: Callable[[int], Norm] | None = None  # of the queries of a head
    head_norm_if: Flag = True
    own_head_norms: bool = False  # one norm for each head, not one for all
    sandwich: bool = False  # norms before and after each half
    behind: bool = False  # norms after each half alone, over its result
    sinks: bool = False  # for each head a score beside those of keys
    parallel: Flag = False
    two_norms: bool | Callable[[Config], bool] = False  # of parallel halves
    positions: bool = False  # a table of them
    embedding_norm: bool = False
    ffn: str | int = "intermediate_size"  # a key, or how many times `hidden`
    windows: Windows | None = None
    network: Network | None = None  # where layers differ, or have experts
    latent: bool = False  # attention from latents
    own_head_width: bool = True  # `head_dim` need not be hidden / heads
    layers: str = "num_hidden_layers"
    hidden: str = "hidden_size"
    heads: str = "num_attention_heads"
    kv_heads: str | Callable[[Config, int], int] | None = "num_key_value_heads"
    length: str = "max_position_embeddings"


def plain_norm(width: int) -> Norm:
    """Return a norm over each token, without trainable values."""
    return Norm(width=width, values=0)


def flag(c: Config, told: Flag) -> bool:
    """Return a fact, or what a key says."""
    return c.flag(told) if isinstance(told, str) else told


# -- which layers see how many keys ----------------------------------------------------


def _by_words(
    c: Config, layers: int, window: int | None, usual: list[bool]
) -> list[int | None]:
    """Return the windows that `layer_types` tells, or else the usual layers have."""
    words = c.words("layer_types", _LAYER_TYPES, layers)
    local = usual if words is None else [word != "full_attention" for word in words]
    if window is None and words is not None and any(local):
        raise InputError(
            f"{c.place}: `layer_types` names sliding layers, and there is no window; "
            "add its key."
        )
    return [window if is_local else None for is_local in local]


def every_layer(c: Config, layers: int) -> list[int | None]:
    """One window for all layers, if there is one (Mistral)."""
    return _by_words(c, layers, c.maybe("sliding_window"), [True] * layers)


def _window_in_use(c: Config) -> int | None:
    window = c.maybe("sliding_window", least=0)
    return window or None if c.flag("use_sliding_window") else None


def upper_layers(c: Config, layers: int) -> list[int | None]:
    """A window from a layer on, if in use (Qwen)."""
    first = c.maybe("max_window_layers", least=0) or 0
    window = _window_in_use(c)
    return _by_words(c, layers, window, [i >= first for i in range(layers)])


def lower_every_other(c: Config, layers: int) -> list[int | None]:
    """A window in every other layer up to one, if in use (Qwen2-MoE)."""
    end = c.maybe("max_window_layers", least=0) or 0
    usual = [i % 2 == 0 and i < end for i in range(layers)]
    return _by_words(c, layers, _window_in_use(c), usual)


def all_if_used(c: Config, layers: int) -> list[int | None]:
    """A window for all layers, if in use (Qwen3-MoE)."""
    c.maybe("max_window_layers", least=0)
    return [_window_in_use(c)] * layers


def every_other(c: Config, layers: int) -> list[int | None]:
    """A window in every other layer (Gemma 2)."""
    window = c.maybe("sliding_window")
    return _by_words(c, layers, window, [i % 2 == 0 for i in range(layers)])


def all_but_each_sixth(c: Config, layers: int) -> list[int | None]:
    """A window in all layers but each sixth, or what a pattern says (Gemma 3)."""
    pattern = c.size("sliding_window_pattern", 6)
    usual = [(i + 1) % pattern != 0 for i in range(layers)]
    return _by_words(c, layers, c.maybe("sliding_window"), usual)


def all_but_each_fourth(c: Config, layers: int) -> list[int | None]:
    """A window in all layers but each fourth (OLMo 3)."""
    usual = [(i + 1) % 4 != 0 for i in range(layers)]
    return _by_words(c, layers, c.maybe("sliding_window"), usual)


def without_rope(c: Config, layers: int) -> list[int | None]:
    """A window in layers without RoPE, if in use (SmolLM 3)."""
    return _by_words(c, layers, _window_in_use(c), [not r for r in _rope(c, layers)])


def _rope(c: Config, layers: int) -> list[int]:
    """Return which layers have RoPE: listed, or all but each n-th."""
    interval = c.size("no_rope_layer_interval", 4)
    listed = c.counts("no_rope_layers") or [
        int((i + 1) % interval != 0) for i in range(layers)
    ]
    if len(listed) != layers:
        raise c.odd(
            "no_rope_layers", listed, f"write a list of {layers} numbers, 0 or 1"
        )
    return listed


def by_attention_types(c: Config, layers: int) -> list[int | None]:
    """Runs of `global` and `local` layers (GPT-Neo)."""
    window = c.size("window_size")
    names = c.raw("attention_layers")
    types = c.raw("attention_types")
    if types is None:
        types = [[["global", "local"], 12]]
    try:
        listed = [
            word
            for words, times in types
            for _ in range(min(times, layers))
            for word in words
        ]
    except (TypeError, ValueError):
        raise c.odd(
            "attention_types", types, 'write it as [[["global", "local"], 12]]'
        ) from None
    if names is not None and names != listed:
        raise c.odd(
            "attention_layers", names, "it disagrees with `attention_types`; remove it"
        )
    known = ("global", "local")
    if len(listed) != layers or not all(word in known for word in listed):
        raise c.odd(
            "attention_types", types, f"name `global` or `local` for {layers} layers"
        )
    return [window if word == "local" else None for word in listed]


def by_chunks(c: Config, layers: int) -> list[int | None]:
    """Chunks that do not see each other, in layers with RoPE (Llama 4)."""
    chunk = c.maybe("attention_chunk_size")
    return _by_words(c, layers, chunk, [bool(rope) for rope in _rope(c, layers)])


def read_decoder(c: Config, name: str) -> ModelShape:
    """Return the shape of a decoder."""
    stack = decoder_stack(c)
    c.only("is_encoder_decoder", False)
    c.only("add_cross_attention", False)
    c.only("is_decoder", c.raw("is_decoder", False) is True)
    c.only("use_bidirectional_attention", False)
    c.only("pruned_heads", {})
    c.only("multi_query", c.kind == "falcon" and c.raw("multi_query") is True)
    c.only("moe_layer_freq", 1)
    return ModelShape(
        name=name,
        kind=c.kind,
        stacks=(stack,),
        head=word_head(c, stack, bias=DECODERS[c.kind].head_bias),
    )


def read_opt(c: Config, name: str) -> ModelShape:
    """Return the shape of an OPT: norms before or behind, a table of own width."""
    hidden, heads = c.size("hidden_size"), c.size("num_attention_heads")
    width, bias = head_width(c, hidden, heads), c.flag("enable_bias")
    first = c.flag("do_layer_norm_before")
    gain = c.flag("layer_norm_elementwise_affine")
    norm = Norm(width=hidden, values=2 * hidden * gain)
    embedding = c.maybe("word_embed_proj_dim") or hidden
    positions = c.size("max_position_embeddings")
    attention = multi_head(hidden, heads, width, biases=ALL if bias else NONE)
    network = FeedForward(hidden=hidden, widths=(c.size("ffn_dim"),), bias=bias)
    before, after = (norm, None) if first else (None, norm)
    layer = Layer(
        halves=tuple(
            Half(part=part, before=before, after=after) for part in (attention, network)
        )
    )
    step = Linear(
        name="embedding_projection", inner=embedding, columns=hidden, bias=False
    )
    back = Linear(name="head_projection", inner=hidden, columns=embedding, bias=False)
    narrow = embedding != hidden
    last = first and not c.flag("_remove_final_layer_norm")
    stack = Stack(
        role="decoder",
        hidden=hidden,
        vocab=c.size("vocab_size"),
        embedding=embedding,
        tables=(positions + 2) * hidden,
        longest=positions,
        front=(step,) if narrow else (),
        layers=((layer, c.size("num_hidden_layers")),),
        end_norm=norm if last else None,
        end=(back,) if narrow else (),
    )
    c.only("is_encoder_decoder", False)
    c.only("is_decoder", c.raw("is_decoder", False) is True)
    c.only("add_cross_attention", False)
    head = word_head(c, stack, bias=False)
    return ModelShape(name=name, kind=c.kind, stacks=(stack,), head=head)


def word_head(c: Config, stack: Stack, *, bias: bool) -> Head:
    """Return the output layer over words, tied or not as the class has it."""
    output = Linear(
        name="head", inner=stack.embedding_width, columns=stack.vocab, bias=bias
    )
    tied = c.flag("tie_word_embeddings", default=True)
    return Head(output=output, shared=tied * output.inner * output.columns)


def decoder_stack(c: Config) -> Stack:
    """Return the layers of a decoder, with what comes before and after them."""
    traits = DECODERS[c.kind]
    hidden = c.size(traits.hidden, c.maybe("n_embed"))
    if c.kind in ("bloom", "falcon") and c.maybe("n_embed") is not None:
        hidden = c.size("n_embed")  # which those classes prefer
    layers = c.size(traits.layers)
    attention = _attention(c, traits, hidden)
    windows: list[int | None] = [None] * layers
    if traits.windows is not None:
        windows = traits.windows(c, layers)
    halves = _norms(c, traits, hidden)
    networks = [_network(c, traits, hidden, number) for number in range(layers)]
    parallel = flag(c, traits.parallel)
    rows = c.size(traits.length) if traits.positions else 0
    c.maybe(traits.length)  # no limit where there is no table
    return Stack(
        role="decoder",
        hidden=hidden,
        vocab=c.size("vocab_size"),
        tables=rows * hidden,
        longest=rows or None,
        front_norm=traits.norm(hidden) if traits.embedding_norm else None,
        layers=grouped(
            Layer(
                halves=(
                    replace(halves[0], part=replace(attention, window=window)),
                    replace(halves[1], part=network),
                ),
                parallel=parallel,
            )
            for window, network in zip(windows, networks, strict=True)
        ),
        end_norm=traits.norm(hidden),
    )


def _norms(c: Config, traits: Decoder, hidden: int) -> tuple[Half, Half]:
    """Return the halves of a layer with their norms; their parts are still to come."""
    norm = traits.norm(hidden)
    empty = FeedForward(hidden=hidden, widths=(1,))
    inside = norm if traits.sandwich or traits.behind else None
    both = Half(part=empty, before=None if traits.behind else norm, inside=inside)
    two = (
        traits.two_norms if isinstance(traits.two_norms, bool) else traits.two_norms(c)
    )
    if flag(c, traits.parallel) and not two:
        return both, Half(part=empty)
    return both, both


def _attention(c: Config, traits: Decoder, hidden: int) -> Attention:
    heads = c.size(traits.heads)
    all_biases = flag(c, traits.attention_bias)
    biases = ALL if all_biases else NONE
    biases |= QKV if flag(c, traits.qkv_bias) else NONE
    biases |= OUT if flag(c, traits.output_bias) else NONE
    if traits.latent:
        return _latent_attention(c, hidden, heads, biases)
    kv_heads = _kv_heads(c, traits, heads)
    width = c.maybe("head_dim")
    if width is None or not traits.own_head_width:
        width = head_width(c, hidden, heads)
        c.only("head_dim", width)
    norms: tuple[Norm, ...] = ()
    if traits.head_norm and flag(c, traits.head_norm_if):
        each = traits.head_norm(width)
        counts = (heads, kv_heads) if traits.own_head_norms else (1, 1)
        norms = tuple(replace(each, values=n * each.values) for n in counts)
    found = multi_head(
        hidden, heads, width, kv_heads=kv_heads, biases=biases, norms=norms
    )
    return replace(found, table=heads * traits.sinks)


def _kv_heads(c: Config, traits: Decoder, heads: int) -> int:
    if traits.kv_heads is None:
        c.only("num_key_value_heads", heads)
        return heads
    if callable(traits.kv_heads):
        shared = traits.kv_heads(c, heads)
        c.only("num_key_value_heads", shared)
        return shared
    return c.maybe(traits.kv_heads) or heads


def falcon_kv_heads(c: Config, heads: int) -> int:
    """As many as listed in the new architecture, else one, or as many as heads."""
    listed, one = c.maybe("num_kv_heads"), c.flag("multi_query")
    if c.flag("new_decoder_architecture"):
        return listed or heads
    return 1 if one else heads


def falcon_two_norms(c: Config) -> bool:
    """Whether both halves have a norm: in the new architecture, if nothing is said."""
    count = c.maybe("num_ln_in_parallel_attn")
    return count == 2 if count is not None else c.flag("new_decoder_architecture")


def head_width(c: Config, hidden: int, heads: int) -> int:
    """Return hidden / heads; raise `InputError` where that is no whole number."""
    if hidden % heads:
        raise InputError(
            f"{c.place}: a width of {hidden} is not divided by {heads} heads; correct "
            "one of them, or add `head_dim` where the type has it."
        )
    return hidden // heads


def _latent_attention(
    c: Config, hidden: int, heads: int, biases: frozenset[str]
) -> Attention:
    latent, query_latent = c.size("kv_lora_rank"), c.maybe("q_lora_rank")
    shared = c.size("qk_rope_head_dim")
    for key in ("num_key_value_heads", "head_dim", "qk_head_dim"):
        c.maybe(key)  # follow from the others
    norms = [rms_norm(latent)]
    if query_latent is None:
        biases -= {"query"}
    else:
        norms.insert(0, rms_norm(query_latent))
    return Attention(
        hidden=hidden,
        heads=heads,
        kv_heads=heads,
        key_width=c.size("qk_nope_head_dim") + shared,
        value_width=c.size("v_head_dim"),
        biases=biases,
        query_latent=query_latent,
        latent=latent,
        shared_key=shared,
        norms=tuple(norms),
    )


# -- feed-forward nets -----------------------------------------------------------------


def _network(
    c: Config, traits: Decoder, hidden: int, number: int
) -> FeedForward | Experts:
    """Return the feed-forward net of a layer, dense or of experts."""
    bias = flag(c, traits.ffn_bias)

    def net(width: int, *, own_bias: bool = bias) -> FeedForward:
        return FeedForward(
            hidden=hidden, widths=(width,), gated=traits.gated, bias=own_bias
        )

    if traits.network is not None:
        return traits.network(c, net, number)
    if isinstance(traits.ffn, int):
        return net(traits.ffn * hidden)
    return net(c.maybe(traits.ffn) or 4 * hidden)


def mixtral_experts(c: Config, net: Net, number: int) -> FeedForward | Experts:
    """Experts in every layer."""
    key = "num_experts" if c.kind == "olmoe" else "num_local_experts"
    return Experts(
        count=c.size(key),
        per_token=c.size("num_experts_per_tok"),
        each=net(c.size("intermediate_size")),
        router_bias=c.kind == "gpt_oss",
    )


def qwen_experts(c: Config, net: Net, number: int) -> FeedForward | Experts:
    """Experts in every so many layers, but those that are listed as dense."""
    key = "num_experts" if c.kind == "qwen2_moe" else "num_local_experts"
    experts = c.size(key, least=0)
    step = c.size("decoder_sparse_step")
    per_token, width = c.size("num_experts_per_tok"), c.size("moe_intermediate_size")
    dense = c.size("intermediate_size")
    shared = None
    if c.kind == "qwen2_moe":
        shared = net(c.size("shared_expert_intermediate_size"))
    only_dense = number in (c.counts("mlp_only_layers") or [])
    if only_dense or not experts or (number + 1) % step:
        return net(dense)
    return Experts(
        count=experts,
        per_token=per_token,
        each=net(width),
        shared=shared,
        shared_gate=shared is not None,
    )


def llama4_experts(c: Config, net: Net, number: int) -> FeedForward | Experts:
    """Experts, and a shared one as wide, in the layers that a step or a list names."""
    step = c.size("interleave_moe_layer_step")
    listed = c.counts("moe_layers")
    c.flag("use_qk_norm")  # a norm without values
    dense, width = c.size("intermediate_size_mlp"), c.size("intermediate_size")
    count, per_token = c.size("num_local_experts"), c.size("num_experts_per_tok")
    has_experts = (number + 1) % step == 0 if listed is None else number in listed
    if not has_experts:
        return net(dense)
    return Experts(count=count, per_token=per_token, each=net(width), shared=net(width))


def deepseek_experts(c: Config, net: Net, number: int) -> FeedForward | Experts:
    """Dense layers first, then experts, some of them shared, as one wide net."""
    dense = c.size("intermediate_size")
    count, width = c.size("n_routed_experts"), c.size("moe_intermediate_size")
    per_token = c.size("num_experts_per_tok")
    shared = c.size("n_shared_experts", least=0)
    if number < c.size("first_k_dense_replace", least=0):
        return net(dense)
    return Experts(
        count=count,
        per_token=per_token,
        each=net(width, own_bias=False),
        shared=net(width * shared) if shared else None,
    )


# -- the types -------------------------------------------------------------------------

# GPT-2 and its kin, and how the first of them call their sizes.
_GPT = Decoder(
    norm=layer_norm, gated=False, ffn_bias=True, kv_heads=None, own_head_width=False
)
_GPT2 = replace(
    _GPT,
    ffn="n_inner",
    hidden="n_embd",
    layers="n_layer",
    heads="n_head",
    length="n_positions",
)

# OLMo 2 and 3, with norms over all heads together.
_OLMO = Decoder(
    attention_bias="attention_bias",
    head_norm=rms_norm,
    own_head_norms=True,
    behind=True,
)

DECODERS: dict[str, Decoder] = {
    "llama": Decoder(attention_bias="attention_bias", ffn_bias="mlp_bias"),
    "mistral": Decoder(windows=every_layer),
    "mixtral": Decoder(windows=every_layer, network=mixtral_experts),
    "qwen2": Decoder(qkv_bias=True, windows=upper_layers),
    "qwen2_moe": Decoder(
        qkv_bias="qkv_bias", windows=lower_every_other, network=qwen_experts
    ),
    "qwen3": Decoder(
        attention_bias="attention_bias", head_norm=rms_norm, windows=upper_layers
    ),
    "qwen3_moe": Decoder(
        attention_bias="attention_bias",
        head_norm=rms_norm,
        windows=all_if_used,
        network=qwen_experts,
    ),
    "gemma": Decoder(attention_bias="attention_bias"),
    "gemma2": Decoder(
        attention_bias="attention_bias", sandwich=True, windows=every_other
    ),
    "gemma3_text": Decoder(
        attention_bias="attention_bias",
        sandwich=True,
        head_norm=rms_norm,
        windows=all_but_each_sixth,
    ),
    "llama4_text": Decoder(
        attention_bias="attention_bias", windows=by_chunks, network=llama4_experts
    ),
    "granite": Decoder(attention_bias="attention_bias", ffn_bias="mlp_bias"),
    "smollm3": Decoder(
        attention_bias="attention_bias", ffn_bias="mlp_bias", windows=without_rope
    ),
    "olmo": Decoder(norm=plain_norm, attention_bias="attention_bias"),
    "olmo2": _OLMO,
    "olmo3": replace(_OLMO, windows=all_but_each_fourth),
    "olmoe": replace(
        _OLMO, behind=False, own_head_width=False, network=mixtral_experts
    ),
    "glm": Decoder(qkv_bias="attention_bias"),
    "glm4": Decoder(qkv_bias="attention_bias", sandwich=True),
    "gpt_oss": Decoder(
        attention_bias="attention_bias",
        ffn_bias=True,
        sinks=True,
        windows=every_other,
        network=mixtral_experts,
    ),
    "phi": Decoder(
        norm=layer_norm,
        gated=False,
        attention_bias=True,
        ffn_bias=True,
        head_bias=True,
        head_norm=layer_norm,
        head_norm_if="qk_layernorm",
        parallel=True,
    ),
    "phi3": Decoder(windows=every_layer),
    "gpt2": replace(_GPT2, attention_bias=True, positions=True),
    "gptj": replace(_GPT2, head_bias=True, parallel=True),
    "gpt_neo": replace(
        _GPT,
        output_bias=True,
        positions=True,
        layers="num_layers",
        heads="num_heads",
        windows=by_attention_types,
    ),
    "gpt_neox": replace(
        _GPT,
        attention_bias="attention_bias",
        parallel="use_parallel_residual",
        two_norms=True,
    ),
    "bloom": replace(
        _GPT,
        attention_bias=True,
        embedding_norm=True,
        ffn=4,
        layers="n_layer",
        heads="n_head",
    ),
    "stablelm": Decoder(
        norm=layer_norm,
        qkv_bias="use_qkv_bias",
        head_norm=rms_norm,
        head_norm_if="qk_layernorm",
        own_head_norms=True,
        parallel="use_parallel_residual",
        own_head_width=False,
    ),
    "falcon": Decoder(
        norm=layer_norm,
        gated=False,
        attention_bias="bias",
        ffn_bias="bias",
        parallel="parallel_attn",
        ffn="ffn_hidden_size",
        kv_heads=falcon_kv_heads,
        two_norms=falcon_two_norms,
        own_head_width=False,
    ),
    "deepseek_v2": Decoder(
        attention_bias="attention_bias",
        ffn_bias="mlp_bias",
        latent=True,
        network=deepseek_experts,
    ),
    "deepseek_v3": Decoder(
        attention_bias="attention_bias", latent=True, network=deepseek_experts
    ),
}
