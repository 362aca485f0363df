"""A checkpoint is read whole or refused with the name of what is wrong."""

from __future__ import annotations

import json
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import load_file, save_file

from dse.errors import InputError
from dse.measure.checkpoint import fetch_checkpoint, load_checkpoint, save_checkpoint

REFERENCE = Path(__file__).parent / "reference" / "bert-gelu"
WORD = "embeddings.word_embeddings.weight"
UP = "encoder.layer.1.intermediate.dense.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the reference checkpoint to spoil."""
    return Path(shutil.copytree(REFERENCE, tmp_path / "model"))


def edit(folder: Path, change: Callable[[dict[str, np.ndarray]], Any]) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def weights(folder: Path) -> dict[Any, np.ndarray]:
    state = nnx.state(load_checkpoint(folder).model)
    return {path: np.asarray(v[...]) for path, v in nnx.to_flat_state(state)}


def assert_same(one: Path, other: Path) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    assert all((first[path] == second[path]).all() for path in first)


def test_names_may_have_a_prefix_and_buffers_are_skipped(folder: Path) -> None:
    def change(tensors: dict[str, np.ndarray]) -> None:
        for name in list(tensors):
            tensors["bert." + name] = tensors.pop(name)
        tensors["bert.embeddings.position_ids"] = np.arange(20)[None]
        tensors["cls.predictions.bias"] = np.zeros(40, np.float32)

    edit(folder, change)
    assert_same(folder, REFERENCE)


def test_shards_are_put_together(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    shards = {"a.safetensors": list(tensors)[:9], "b.safetensors": list(tensors)[9:]}
    for shard, names in shards.items():
        save_file({name: tensors[name] for name in names}, folder / shard)
    index = {name: shard for shard, names in shards.items() for name in names}
    text = json.dumps({"weight_map": index})
    (folder / "model.safetensors.index.json").write_text(text)
    assert_same(folder, REFERENCE)
    assert len(load_checkpoint(folder).sha256) == 64


def test_what_is_saved_is_what_was_loaded(tmp_path: Path) -> None:
    save_checkpoint(load_checkpoint(REFERENCE).model, tmp_path / "saved")
    assert_same(tmp_path / "saved", REFERENCE)


def test_a_missing_tensor_is_named(folder: Path) -> None:
    edit(folder, lambda tensors: tensors.pop(UP))
    with pytest.raises(InputError, match=rf"`{UP}` is missing"):
        load_checkpoint(folder)


def test_a_checkpoint_of_something_else_is_refused(folder: Path) -> None:
    edit(folder, lambda tensors: tensors.pop(WORD))
    with pytest.raises(InputError, match=rf"`{WORD}` is missing.*BERT"):
        load_checkpoint(folder)


def test_a_wrong_shape_is_named_with_both_shapes(folder: Path) -> None:
    edit(folder, lambda t: t.update({UP: np.zeros((24, 15), np.float32)}))
    with pytest.raises(InputError, match=rf"`{UP}`.*\[24, 15\].*\[24, 16\]"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_type": "albert"}, r"`embedding_size`|'albert'"),
        ({"hidden_act": "swish9"}, r"activation 'swish9'"),
        ({"position_embedding_type": "relative_key"}, r"`position_embedding_type`"),
    ],
)
def test_an_architecture_it_cannot_run_is_refused(
    folder: Path, change: dict[str, Any], told: str
) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=told):
        load_checkpoint(folder)


def test_a_torn_file_and_a_missing_one_are_told_apart(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=r"model\.safetensors: cannot be read"):
        load_checkpoint(folder)
    path.unlink()
    with pytest.raises(InputError, match="neither"):
        load_checkpoint(folder)
    with pytest.raises(InputError, match="no folder"):
        load_checkpoint(folder / "nowhere")


def write_tensors(path: Path, kind: str, size: int) -> None:
    """One tensor of two values, of a kind that NumPy may not have."""
    header = json.dumps(
        {WORD: {"dtype": kind, "shape": [2], "data_offsets": [0, 2 * size]}}
    ).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(2 * size))


@pytest.mark.parametrize(
    ("kind", "size"), [("F8_E4M3", 1), ("F8_E5M2", 1), ("I8", 1), ("BOOL", 1)]
)
def test_tensors_of_other_kinds_are_refused(folder: Path, kind: str, size: int) -> None:
    edit(folder, lambda tensors: tensors.pop(WORD))
    (folder / "model.safetensors").rename(folder / "a.safetensors")
    write_tensors(folder / "b.safetensors", kind, size)
    index = {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=rf"`{WORD}` holds {kind}; convert it"):
        load_checkpoint(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_weights_that_are_not_finite_are_refused(folder: Path, value: float) -> None:
    def change(tensors: dict[str, np.ndarray]) -> None:
        tensors[UP] = tensors[UP].astype(np.float64)
        tensors[UP][3, 4] = value

    edit(folder, change)
    with pytest.raises(InputError, match=rf"`{UP}` holds values that are not finite"):
        load_checkpoint(folder)


def test_norms_may_be_called_as_they_once_were(folder: Path) -> None:
    def change(tensors: dict[str, np.ndarray]) -> None:
        for name in [name for name in tensors if "LayerNorm" in name]:
            old = name.replace("weight", "gamma").replace("bias", "beta")
            tensors[old] = tensors.pop(name)

    edit(folder, change)
    assert "embeddings.LayerNorm.gamma" in load_file(folder / "model.safetensors")
    assert_same(folder, REFERENCE)


def test_a_config_of_many_layers_is_refused_at_once(folder: Path) -> None:
    path = folder / "config.json"
    many = json.loads(path.read_text()) | {"num_hidden_layers": 3000}
    path.write_text(json.dumps(many))
    began = time.perf_counter()
    with pytest.raises(InputError, match=r"`encoder\.layer\.2999\..*is missing"):
        load_checkpoint(folder)
    assert time.perf_counter() - began < 2.0


@pytest.mark.parametrize(
    ("index", "told"),
    [
        ("{}", "`weight_map` is None"),
        ('{"weight_map": []}', r"`weight_map` is \[\]"),
        ('{"weight_map": {"a": 5}}', "5 names no file beside it"),
        ('{"weight_map": {"a": "../a.safetensors"}}', "names no file beside it"),
        ('{"weight_map": {"a": "/etc/passwd"}}', "names no file beside it"),
        ('{"weight_map": {"a": "gone.safetensors"}}', "gone.safetensors: cannot be"),
        ('{"weight_map": {"a": ".."}}', "is a folder|names no file"),
        ("[]", "holds no JSON object"),
        ("{", "is not JSON"),
    ],
)
def test_an_odd_index_is_refused(folder: Path, index: str, told: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(InputError, match=told):
        load_checkpoint(folder)


@pytest.mark.parametrize("activation", [None, 5, ["gelu"], {"a": 1}, True])
def test_an_activation_of_another_type_is_refused(
    folder: Path, activation: Any
) -> None:
    path = folder / "config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"hidden_act": activation})
    )
    with pytest.raises(InputError, match=r"config\.json: .* has an activation"):
        load_checkpoint(folder)


@pytest.mark.parametrize("epsilon", [None, "1e-12", 0, -1e-12, 5, True, [1]])
def test_a_norm_needs_a_small_number(folder: Path, epsilon: Any) -> None:
    path = folder / "config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"layer_norm_eps": epsilon})
    )
    with pytest.raises(InputError, match=r"config\.json: .* under the root; give a"):
        load_checkpoint(folder)


def test_the_hub_is_asked_for_a_commit_alone() -> None:
    with pytest.raises(InputError, match=r"'main'.*full commit hash"):
        fetch_checkpoint("sentence-transformers/all-MiniLM-L6-v2", "main")


def test_a_commit_is_fetched_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import huggingface_hub

    asked: dict[str, Any] = {}

    def download(repository: str, **how: Any) -> str:
        asked.update(how, repository=repository)
        return str(REFERENCE)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert fetch_checkpoint("owner/name", "0" * 40) == REFERENCE
    assert asked["revision"] == "0" * 40
    assert {"config.json", "tokenizer.json", "*.safetensors"} <= set(
        asked["allow_patterns"]
    )
