"""The shape of a transformer from the `config.json` that Hugging Face ships with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dse.errors import InputError, did_you_mean
from dse.files import is_folder
from dse.json_file import read_json
from dse.workload.shapes import TransformerShape, whole

# What the sizes are called in the config of each model type.
_BERT = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "ffn": "intermediate_size",
    "vocab": "vocab_size",
    "positions": "max_position_embeddings",
    "token_types": "type_vocab_size",
}
_SIZES = {
    "bert": _BERT,
    "roberta": _BERT,
    "albert": {**_BERT, "embedding": "embedding_size"},
    "distilbert": {
        "layers": "n_layers",
        "hidden": "dim",
        "heads": "n_heads",
        "ffn": "hidden_dim",
        "vocab": "vocab_size",
        "positions": "max_position_embeddings",
    },
    "vit": {
        "layers": "num_hidden_layers",
        "hidden": "hidden_size",
        "heads": "num_attention_heads",
        "ffn": "intermediate_size",
        "image": "image_size",
        "patch": "patch_size",
        "channels": "num_channels",
    },
    "gpt2": {
        "layers": "n_layer",
        "hidden": "n_embd",
        "heads": "n_head",
        "vocab": "vocab_size",
        "positions": "n_positions",
    },
}

# What follows from the model type alone. A config cannot say whether a pooler was kept;
# BERT's, RoBERTa's and ALBERT's base models have one.
_TRAITS: dict[str, dict[str, Any]] = {
    "bert": {"family": "encoder", "pooler": True},
    "roberta": {"family": "encoder", "pooler": True},
    "albert": {"family": "encoder", "pooler": True, "shared_layers": True},
    "distilbert": {"family": "encoder"},
    "vit": {"family": "vision"},
    "gpt2": {"family": "decoder"},
}

# Options whose other settings would change the ops or the count.
_MODELLED: dict[str, Any] = {
    "add_cross_attention": False,
    "add_pooling_layer": True,
    "attention_bias": True,
    "inner_group_num": 1,
    "is_decoder": False,
    "is_encoder_decoder": False,
    "multi_query": False,
    "num_hidden_groups": 1,
    "position_embedding_type": "absolute",
    "pruned_heads": {},
    "qkv_bias": True,
    "use_bias": True,
}

# Keys that change neither: how a model is trained, run and asked, what it is called.
_NO_SIZES = """
adapters architectures attn_implementation auto_map custom_pipelines dtype
finetuning_task id2label label2id language model_name model_type num_labels
problem_type prefix sbert_ce_default_activation_function sentence_transformers
task_specific_params tie_encoder_decoder tie_weights_ tie_word_embeddings
tokenizer_class torch_dtype torchscript transformers.js_config transformers_version
use_bfloat16 use_cache use_return_dict xla_device

bos_token_id cls_token_id decoder_start_token_id eos_token_id mask_token_id
pad_token_id sep_token_id unk_token_id

activation activation_function attention_dropout attention_probs_dropout_prob
attn_pdrop classifier_dropout classifier_dropout_prob dropout embd_pdrop hidden_act
hidden_dropout_prob initializer_factor initializer_range layer_norm_eps
layer_norm_epsilon layerdrop layers_to_keep qa_dropout reorder_and_upcast_attn
resid_pdrop scale_attn_by_inverse_layer_idx scale_attn_weights seq_classif_dropout
sinusoidal_pos_embds

chunk_size_feed_forward gradient_checkpointing output_attentions output_hidden_states
output_past return_dict quantization_config

bad_words_ids begin_suppress_tokens diversity_penalty do_sample early_stopping
encoder_no_repeat_ngram_size exponential_decay_length_penalty forced_bos_token_id
forced_eos_token_id length_penalty max_length min_length no_repeat_ngram_size
num_beam_groups num_beams num_return_sequences output_scores remove_invalid_values
repetition_penalty return_dict_in_generate suppress_tokens temperature top_k top_p
typical_p

directionality pooler_act pooler_fc_size pooler_num_attention_heads
pooler_num_fc_layers pooler_size_per_head pooler_type

down_scale_factor gap_size net_structure_type num_memory_blocks

encoder_stride n_ctx n_special predict_special_tokens summary_activation
summary_first_dropout summary_proj_to_labels summary_type summary_use_proj
tf_legacy_loss
"""
_WANTED = "the `config.json` of a model"
_BY_HAND = "Build the `TransformerShape` by hand if that is close enough."


def shape_from_config(config: str | Path | Mapping[str, Any]) -> TransformerShape:
    """Return the shape that a `config.json` describes.

    Args:
        config: the file, the folder that holds it, or its contents as a dictionary.

    Raises:
        InputError: where the file cannot be read, its `model_type` is not one of bert,
            roberta, albert, distilbert, vit and gpt2, a key is missing or odd, or one
            that may change the ops is not known; the message names file and key.
    """
    if isinstance(config, Mapping):
        return _shape(config, place="the config", name=None)
    path = Path(config)
    path = path / "config.json" if is_folder(path) else path
    name = path.parent.resolve().name if path.name == "config.json" else path.stem
    return _shape(read_json(path, _WANTED), place=str(path), name=name)


def _shape(
    config: Mapping[str, Any], *, place: str, name: str | None
) -> TransformerShape:
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in _SIZES:
        found = "is missing" if kind is None else f"is {kind!r}, which dse cannot read"
        raise InputError(
            f"{place}: `model_type` {found}." + did_you_mean(str(kind), _SIZES)
        )
    sizes: dict[str, Any] = {
        field: _size(config, key, kind, place) for field, key in _SIZES[kind].items()
    }
    if sizes["hidden"] % sizes["heads"]:
        hidden, heads = _SIZES[kind]["hidden"], _SIZES[kind]["heads"]
        raise InputError(
            f"{place}: `{hidden}` is {sizes['hidden']}, which `{heads}` "
            f"({sizes['heads']}) does not divide; correct one of them."
        )
    head_width = sizes["hidden"] // sizes["heads"]
    follow = {
        "embedding_size": sizes["hidden"],
        "head_dim": head_width,
        "hidden_size": sizes["hidden"],
        "num_attention_heads": sizes["heads"],
        "num_hidden_layers": sizes["layers"],
        "num_key_value_heads": sizes["heads"],
        "pooler_output_size": sizes["hidden"],
    }
    _check_others(config, kind, _MODELLED | follow, place)
    if kind == "gpt2":
        sizes["ffn"] = _inner(config, sizes["hidden"], place)
    if kind == "roberta":  # its first positions belong to padding
        sizes["position_offset"] = _offset(config, sizes["positions"], place)
    if kind == "vit":
        sizes["classes"] = _classes(config, place)
    try:
        return TransformerShape(
            name=name or kind,
            head_width=head_width,
            ffn=(sizes.pop("ffn"),),
            tied_head=_flag(config, "tie_word_embeddings", place),
            **sizes,
            **_TRAITS[kind],
        )
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def _check_others(
    config: Mapping[str, Any], kind: str, modelled: Mapping[str, Any], place: str
) -> None:
    """Raise `InputError` for a key that may change the ops in a way not modelled."""
    sizes = {*_SIZES[kind].values(), *(["n_inner"] if kind == "gpt2" else [])}
    for key, value in config.items():
        if key in sizes or value is None:
            continue
        if key in modelled:
            if type(value) is not type(modelled[key]) or value != modelled[key]:
                raise InputError(
                    f"{place}: `{key}` is {value!r:.60}; dse models only "
                    f"{modelled[key]!r}. {_BY_HAND}"
                )
        elif key not in _NO_SIZES.split() and not str(key).startswith("_"):
            raise InputError(
                f"{place}: `{key!s:.60}` is {value!r:.60}, and dse does not know what "
                f"it changes. Remove it from a copy if it changes no op. {_BY_HAND}"
            )


def _size(config: Mapping[str, Any], key: str, kind: str, place: str) -> int:
    if key not in config:
        raise InputError(
            f"{place}: `{key}` is missing; every {kind} config has it. Add it as a "
            "whole number."
        )
    return whole(f"{place}: `{key}`", config[key])


def _inner(config: Mapping[str, Any], hidden: int, place: str) -> int:
    """GPT-2 leaves the width of its feed-forward net out where it is 4 x hidden."""
    if config.get("n_inner") is None:
        return 4 * hidden
    return whole(f"{place}: `n_inner`", config["n_inner"])


def _offset(config: Mapping[str, Any], positions: int, place: str) -> int:
    """Return how many rows of the position table no token of a RoBERTa uses."""
    padding = config.get("pad_token_id", 1)
    is_whole = isinstance(padding, int) and not isinstance(padding, bool)
    if not is_whole or not 0 <= padding < positions - 1:
        raise InputError(
            f"{place}: `pad_token_id` is {padding!r:.60}; a RoBERTa with {positions} "
            f"positions takes a whole number from 0 to {positions - 2}, usually 1."
        )
    return int(padding) + 1


def _classes(config: Mapping[str, Any], place: str) -> int:
    """Return how many classes a head tells apart; 0 without one."""
    labels, number = config.get("id2label"), config.get("num_labels")
    if labels is None:
        return 0 if number is None else whole(f"{place}: `num_labels`", number)
    if not isinstance(labels, Mapping) or number not in (None, len(labels)):
        raise InputError(
            f"{place}: `id2label` is {labels!r:.60}; write an object with a name for "
            "each class, as many as `num_labels` says, or leave it out."
        )
    return len(labels)


def _flag(config: Mapping[str, Any], key: str, place: str) -> bool:
    value = config.get(key, True)
    if not isinstance(value, bool):
        raise InputError(f"{place}: `{key}` is {value!r:.60}; write true or false.")
    return value
