"""Doors for files of text: studies, parameters, shapes, curves and references."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

import dse
from dse.hardware.citations import read_bibtex
from dse.shipped import hw_params_folder
from dse.toml_file import read_toml
from tests.doors.door import Draw, Open, door, is_number, write_changed
from tests.doors.mutations import (
    changed_text,
    json_text,
    odd,
    toml_text,
)

PARAMS = hw_params_folder()


@functools.cache
def _toml(path: Path) -> Any:
    return read_toml(path).data


@door
def study(draw: Draw, folder: Path) -> Open:
    """A `study.toml`."""
    files = sorted((Path(__file__).parents[2] / "studies").rglob("study.toml"))
    path = write_changed(
        draw, folder / "study.toml", _toml(draw.choice(files)), toml_text
    )

    def open_it() -> None:
        found = dse.load_study(path)
        assert found.space.size >= 1
        assert all(is_number(w, 1e-300) for _, w in found.suite)
        assert all(is_number(w.macs, 1) for w, _ in found.suite)

    return open_it


@door
def parameters(draw: Draw, folder: Path) -> Open:
    """A parameter file of one's own."""
    name = draw.choice(["acceltran", "sta", "energon", "reram", "isaac"])
    tree = dict(_toml(PARAMS / f"{name}.toml"))
    some = draw.sample(list(tree), min(6, len(tree)))
    path = folder / f"mine_{name}.toml"
    write_changed(draw, path, {key: tree[key] for key in some}, toml_text)

    def open_it() -> None:
        found = dse.load_parameters(path)
        for entry in found.entries.values():
            assert is_number(entry.value, -math.inf)
            assert entry.unit
            assert entry.source
            if entry.status == "assumed":
                assert entry.low <= entry.value <= entry.high

    return open_it


@door
def models(draw: Draw, folder: Path) -> Open:
    """A table of transformers."""
    from dse.workload.zoo import read_zoo

    tree = _toml(PARAMS / "transformers.toml")
    some = draw.sample(list(tree), 4)
    path = folder / "transformers.toml"
    write_changed(draw, path, {name: tree[name] for name in some}, toml_text)

    def open_it() -> None:
        for entry in read_zoo(path).values():
            assert is_number(entry.model.parameters, 1, 1e30)

    return open_it


@door
def curve(draw: Draw, folder: Path) -> Open:
    """The file of a curve."""
    files = sorted((PARAMS / "curves").rglob("*.toml"))
    path = folder / "curve.toml"
    write_changed(draw, path, _toml(draw.choice(files)), toml_text)

    def open_it() -> None:
        found = dse.load_curve(path)
        settings = np.asarray(found.settings)
        assert is_number(settings, -math.inf)
        assert (np.diff(settings) > 0).all()
        for row in (*found.densities.values(), *found.layer_densities.values()):
            assert is_number(row, 0, 1)
        assert is_number(found.accuracy, 0, 1)
        assert is_number(found.spread, 0, 2)
        middle = float(settings[len(settings) // 2])
        assert is_number(found.accuracy_drop(middle), 0, 1)
        pairs = found.attention(middle)
        for buffered in (1.0, 16.0, 1e9):
            assert is_number(pairs.reuse(buffered, 128.0), 0, 1)
        for block in (1.0, 3.0, 1e6):
            assert is_number(pairs.union(0.3, block), 0, 1)
        for product in found.balance.useful if found.balance else ():
            assert is_number(found.imbalance(product, middle), 1)

    return open_it


CONFIG = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 128,
    "intermediate_size": 512,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
    "type_vocab_size": 2,
    "vocab_size": 30522,
}
LEFT_OUT = {  # defaults of a BertConfig, see docs/models.md
    "hidden_size": 768,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "num_hidden_layers": 12,
}
KEYS = [
    *("head_dim", "num_local_experts", "multi_query", "is_encoder_decoder"),
    *("num_key_value_heads", "sliding_window", "pruned_heads"),
    *("attention_bias", "num_experts_per_tok", "layer_types", "ffn_dim_multiplier"),
]


@door
def config(draw: Draw, folder: Path) -> Open:
    """A `config.json` of Hugging Face."""
    tree: dict[str, Any] = CONFIG | {"model_type": draw.choice(["bert", "roberta"])}
    if draw.random() < 0.2:
        tree[draw.choice(KEYS)] = odd(draw)
    path = write_changed(draw, folder / "config.json", tree, json_text)

    def open_it() -> None:
        run = dse.transformer(path)
        said = LEFT_OUT | json.loads(path.read_text(encoding="utf-8-sig"))
        assert is_number(run.macs, 1, 1e30)
        assert is_number(run.weights, 1, 1e30)
        assert run.blocks[1].repeats == said["num_hidden_layers"]
        assert 1 <= run.seq_len <= said["max_position_embeddings"]
        for key in KEYS:
            assert said.get(key) in (None, False, True, {}, 64, 2), key
        hidden, inner = said["hidden_size"], said["intermediate_size"]
        linear = 4 * hidden**2 + 2 * hidden * inner
        assert run.weights >= said["num_hidden_layers"] * linear

    return open_it


@functools.cache
def _configs() -> list[Any]:
    path = Path(__file__).parents[1] / "workload" / "reference_counts" / "configs.json"
    return list(json.loads(path.read_text()).values())


@door
def configs(draw: Draw, folder: Path) -> Open:
    """A `config.json` of any type that can be read."""
    tree = draw.choice(_configs())
    path = write_changed(draw, folder / "config.json", tree, json_text)

    def open_it() -> None:
        run = dse.transformer(path)
        assert is_number([run.macs, run.weights, run.seq_len], 1, 1e30)
        assert all(block.repeats >= 1 for block in run.blocks)

    return open_it


@door
def references(draw: Draw, folder: Path) -> Open:
    """A `references.bib`."""
    path = folder / "references.bib"
    text = (PARAMS / "references.bib").read_text()[:4000]
    path.write_bytes(changed_text(draw, text))

    def open_it() -> None:
        for key, entry in read_bibtex(path).items():
            assert key
            assert key == key.strip()
            assert entry.text.startswith("@")

    return open_it
