"""A BERT and its weights from a folder as Hugging Face lays it out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from safetensors.numpy import save_file

from dse.errors import InputError
from dse.files import is_folder
from dse.json_file import read_json
from dse.measure.bert import Architecture, Bert
from dse.measure.weight_files import INDEX, WEIGHTS, WeightFiles
from dse.workload.huggingface import shape_from_config
from dse.workload.model_shape import ModelShape
from dse.workload.parts import Attention, FeedForward
from dse.workload.shapes import TransformerShape

FILES = ["config.json", "tokenizer.json", "*.safetensors", INDEX]
MODEL_TYPES = ("bert", "roberta")

# What the reference implementation calls the parts of a layer, and their arrays.
_EMBEDDINGS = {
    "word": "word_embeddings",
    "position": "position_embeddings",
    "token_type": "token_type_embeddings",
    "norm_embedding": "LayerNorm",
}
_LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "norm_attention": "attention.output.LayerNorm",
    "ffn_up": "intermediate.dense",
    "ffn_down": "output.dense",
    "norm_ffn": "output.LayerNorm",
}
_ARRAYS = {
    "kernel": "weight",
    "embedding": "weight",
    "scale": "weight",
    "bias": "bias",
}


@dataclass(frozen=True)
class Checkpoint:
    """A model with its weights, and what tells it from any other."""

    model: Bert
    folder: Path
    sha256: str  # of the weight file; of the hashes of all shards where it has several

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.folder.absolute().name


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Return the encoder that a folder holds: `config.json` and safetensors.

    Pooler, position buffers and heads are left aside: only the encoder is run.

    Raises:
        InputError: where a file is missing or torn, the architecture is not one that
            `Bert` can run, or a tensor is missing or has another shape than the config
            says; the message names file and tensor.
    """
    place = Path(folder)
    if not is_folder(place):
        raise InputError(
            f"{place}: is no folder; give one with config.json, model.safetensors and "
            "tokenizer.json, as Hugging Face lays them out."
        )
    architecture = read_architecture(place / "config.json")
    files = WeightFiles(place)
    prefix = _prefix(files)
    last = ("layers", architecture.shape.layers - 1, "norm_ffn", "bias")
    files.read(prefix + tensor_name(last))  # before as many layers are set up
    model = nnx.eval_shape(lambda: Bert(architecture, rngs=nnx.Rngs(0)))
    nnx.update(model, nnx.from_flat_state(list(_filled(model, files, prefix))))
    return Checkpoint(model, place, files.sha256())


def save_checkpoint(model: Bert, folder: Path) -> None:
    """Write a model so that `load_checkpoint`, and the reference, read it back.

    Writes `config.json` and `model.safetensors`; the tokenizer is the caller's.
    """
    architecture = model.architecture
    shape = architecture.shape
    config = {
        "model_type": "bert",
        "num_hidden_layers": shape.layers,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.ffn[0],
        "vocab_size": shape.vocab,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": max(shape.token_types, 1),
        "hidden_act": architecture.activation,
        "layer_norm_eps": architecture.norm_epsilon,
    }
    tensors = {
        tensor_name(path): np.ascontiguousarray(
            variable[...].T if path[-1] == "kernel" else variable[...]
        )
        for path, variable in nnx.to_flat_state(nnx.state(model))
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(config, indent=2) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    save_file(tensors, folder / WEIGHTS)


def fetch_checkpoint(repository: str, revision: str) -> Path:
    """Download a checkpoint from the Hugging Face hub and return its folder.

    Raises `InputError` for a revision that is not a full commit hash: names such as
    `main` move, and what was measured could not be measured again.
    """
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise InputError(
            f"revision {revision!r} of {repository} is not a full commit hash of 40 "
            "digits; copy it from the history of the repository."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(repository, revision=revision, allow_patterns=FILES)
        )
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise InputError(
            f"{repository}@{revision} cannot be fetched ({error}). Give a local folder."
        ) from None


def read_architecture(path: Path) -> Architecture:
    """Return the architecture of a `config.json`; raise `InputError` for others."""
    model = shape_from_config(path)
    config = read_json(path, "the `config.json` of a model")
    if config["model_type"] not in MODEL_TYPES:
        raise InputError(
            f"{path}: `model_type` is {config['model_type']!r}; only "
            f"{' and '.join(MODEL_TYPES)} encoders can be measured. Give one of those."
        )
    try:
        return Architecture(
            shape=_sizes(model, config),
            activation=config.get("hidden_act", "gelu"),
            norm_epsilon=config.get("layer_norm_eps", 1e-12),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _sizes(model: ModelShape, config: Mapping[str, Any]) -> TransformerShape:
    """Return the sizes of a BERT or a RoBERTa."""
    stack = model.main
    layer = stack.layers[0][0]
    attention, network = (half.part for half in layer.halves)
    assert isinstance(attention, Attention)
    assert isinstance(network, FeedForward)
    unused = config.get("pad_token_id", 1) + 1 if model.kind == "roberta" else 0
    positions = (stack.longest or 0) + unused
    return TransformerShape(
        name=model.name,
        family="encoder",
        layers=stack.depth,
        hidden=stack.hidden,
        heads=attention.heads,
        head_width=attention.key_width,
        ffn=network.widths,
        vocab=stack.vocab,
        positions=positions,
        position_offset=unused,
        token_types=stack.tables // stack.hidden - positions,
        pooler=True,
        tied_head=bool(model.head and model.head.shared),
    )


def tensor_name(path: tuple[Any, ...]) -> str:
    """Return what the reference implementation calls an array of a `Bert`."""
    array = _ARRAYS[str(path[-1])]
    if path[0] == "layers":
        return f"encoder.layer.{path[1]}.{_LAYER[str(path[2])]}.{array}"
    return f"embeddings.{_EMBEDDINGS[str(path[0])]}.{array}"


def _filled(model: Bert, files: WeightFiles, prefix: str) -> Iterator[tuple[Any, Any]]:
    """Yield every variable of the model with the values that the files have for it."""
    for path, variable in nnx.to_flat_state(nnx.state(model)):
        name = prefix + tensor_name(path)
        tensor = files.read(name)
        turned = path[-1] == "kernel"  # theirs are [columns, inner]
        values = tensor.T if turned else tensor
        if values.shape != variable.shape:
            wanted = variable.shape[::-1] if turned else variable.shape
            raise InputError(
                f"{files.paths[0]}: tensor `{name}` has shape {list(tensor.shape)}; "
                f"the config says {list(wanted)}. Give the config and the weights of "
                "one model."
            )
        yield path, variable.replace(jnp.asarray(values))


def _prefix(files: WeightFiles) -> str:
    """Return what stands before `embeddings.` in the names: `bert.` beside a head."""
    end = "embeddings.word_embeddings.weight"
    found = [name.removesuffix(end) for name in files.names() if name.endswith(end)]
    if len(found) != 1:
        fault = "is missing" if not found else f"stands there {len(found)} times"
        raise InputError(
            f"{files.paths[0]}: tensor `{end}` {fault}; give a checkpoint of a BERT "
            "encoder."
        )
    return found[0]
