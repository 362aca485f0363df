"""The shape of a transformer from the `config.json` that Hugging Face ships with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dse.errors import InputError, did_you_mean
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
    "inner_group_num": 1,
    "is_decoder": False,
    "num_hidden_groups": 1,
    "position_embedding_type": "absolute",
    "qkv_bias": True,
}


def shape_from_config(config: str | Path | Mapping[str, Any]) -> TransformerShape:
    """Return the shape that a `config.json` describes.

    Args:
        config: the file, the folder that holds it, or its contents as a dictionary.

    Raises:
        InputError: where the file cannot be read, its `model_type` is not one of bert,
            roberta, albert, distilbert, vit and gpt2, or a key is missing or odd; the
            message names file and key.
    """
    if isinstance(config, Mapping):
        return _shape(config, place="the config", name=None)
    path = Path(config)
    path = path / "config.json" if path.is_dir() else path
    name = path.parent.resolve().name if path.name == "config.json" else path.stem
    return _shape(_read(path), place=str(path), name=name)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise InputError(
            f"{path}: is not JSON ({error}). Give the `config.json` of the model."
        ) from None
    if not isinstance(contents, dict):
        raise InputError(f"{path}: holds no JSON object; give a model's `config.json`.")
    return contents


def _shape(
    config: Mapping[str, Any], *, place: str, name: str | None
) -> TransformerShape:
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in _SIZES:
        found = "is missing" if kind is None else f"is {kind!r}, which dse cannot read"
        raise InputError(
            f"{place}: `model_type` {found}." + did_you_mean(str(kind), _SIZES)
        )
    for key, modelled in _MODELLED.items():
        if config.get(key, modelled) != modelled:
            raise InputError(
                f"{place}: `{key}` is {config[key]!r}; dse models only {modelled!r}. "
                "Build the `TransformerShape` by hand if that is close enough."
            )
    sizes: dict[str, Any] = {
        field: _size(config, key, kind, place) for field, key in _SIZES[kind].items()
    }
    if kind == "gpt2":
        sizes["ffn"] = _inner(config, sizes["hidden"], place)
    if kind == "roberta":  # its first positions belong to padding
        sizes["position_offset"] = config.get("pad_token_id", 1) + 1
    if kind == "vit":
        sizes["classes"] = len(config.get("id2label", ()))
    if sizes["hidden"] % sizes["heads"]:
        hidden, heads = _SIZES[kind]["hidden"], _SIZES[kind]["heads"]
        raise InputError(
            f"{place}: `{hidden}` is {sizes['hidden']}, which `{heads}` "
            f"({sizes['heads']}) does not divide; correct one of them."
        )
    return TransformerShape(
        name=name or kind,
        head_width=sizes["hidden"] // sizes["heads"],
        ffn=(sizes.pop("ffn"),),
        tied_head=bool(config.get("tie_word_embeddings", True)),
        **sizes,
        **_TRAITS[kind],
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
