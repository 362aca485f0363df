"""Counts of parameters and work beside those of the reference library.

`reference_counts/counts.json` is what `reference_counts/count.py` printed in an
environment of its own; the library is not needed here.
"""

import dataclasses
import json
from pathlib import Path

import pytest

from dse.errors import InputError
from dse.workload.huggingface import shape_from_config
from dse.workload.parts import Attention, Experts, FeedForward
from dse.workload.readers.config import config_classes, neutral_keys
from dse.workload.transformer import transformer

FOLDER = Path(__file__).parent / "reference_counts"
CONFIGS = json.loads((FOLDER / "configs.json").read_text())
TABLE = json.loads((FOLDER / "counts.json").read_text())
COUNTS = TABLE["counts"]
ODD = json.loads((FOLDER / "odd.json").read_text())


def test_the_table_has_the_configs_and_the_version_of_the_config_classes():
    assert COUNTS.keys() == CONFIGS.keys()
    assert len(CONFIGS) >= 141
    assert len({config["model_type"] for config in CONFIGS.values()}) >= 54
    classes = Path(transformer.__code__.co_filename).parent / "readers"
    version = json.loads((classes / "config_classes.json").read_text())["transformers"]
    assert TABLE["transformers"] == version


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_those_of_the_reference_library(name):
    shape = shape_from_config(CONFIGS[name])
    assert shape.parameters == COUNTS[name]["parameters"]
    if COUNTS[name]["head_parameters"] is not None:
        assert shape.head_parameters == COUNTS[name]["head_parameters"]


def test_a_head_is_tied_where_no_key_unties_it():
    names = {config["model_type"]: name for name, config in CONFIGS.items()}
    for kind in ("bert", "mobilebert", "gpt2", "t5"):
        config = dict(CONFIGS[names[kind]])
        config.pop("tie_word_embeddings", None)
        usual, tied, own = (
            shape_from_config(config | change).head_parameters
            for change in (
                {},
                {"tie_word_embeddings": True},
                {"tie_word_embeddings": False},
            )
        )
        assert usual == tied < own, kind


@pytest.mark.parametrize("name", CONFIGS)
def test_work_is_what_torch_counts_while_the_reference_library_runs(name):
    shape = shape_from_config(CONFIGS[name])
    if shape.kind.startswith("llama4"):
        shape = all_experts_run(shape)  # as that implementation has it
    assert shape.macs(TABLE["tokens"]) == COUNTS[name]["macs"]


# 336 / 14 = 24 patches a side, 576, of which ratio x ratio are left; no class token.
@pytest.mark.parametrize(("ratio", "left"), [(1.0, 576), (0.5, 144), (0.25, 36)])
def test_an_image_of_llama_4_is_folded_into_so_many_tokens(ratio, left):
    config = CONFIGS["llama-4-scout"]
    vision = config["vision_config"] | {"pixel_shuffle_ratio": ratio}
    (images,) = shape_from_config(config | {"vision_config": vision}).aside
    assert [layer.rows for layer in images.end] == [left, left]


def matrices(shape):
    """Return the values of all matrices of the layers, each once."""

    def of(part):
        if isinstance(part, Attention):
            positions = part.positions
            own = len(positions.scored) if positions and positions.own else 0
            return total(part.projections) + own * part.hidden * part.query_values
        if isinstance(part, Experts):
            return part.count * total(part.each.layers) + total(part.always)
        return total(part.layers if isinstance(part, FeedForward) else (part,))

    def total(layers):
        return sum(layer.inner * layer.columns for layer in layers)

    return sum(
        total((*stack.front, *stack.end))
        + sum(
            (1 if stack.shared_layers else times) * of(half.part)
            for layer, times in stack.layers
            for half in layer.halves
        )
        for stack in shape.stacks
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_the_matrices_that_ops_load_are_those_that_parameters_count(name):
    shape = shape_from_config(CONFIGS[name])
    assert transformer(shape).weights == matrices(shape)


def all_experts_run(shape):
    """Return a shape of which each token runs all experts."""

    def half_of(half):
        part = half.part
        if isinstance(part, Experts):
            part = dataclasses.replace(part, per_token=part.count)
        return dataclasses.replace(half, part=part)

    stack = shape.main
    layers = tuple(
        (dataclasses.replace(layer, halves=tuple(map(half_of, layer.halves))), times)
        for layer, times in stack.layers
    )
    return dataclasses.replace(
        shape, stacks=(dataclasses.replace(stack, layers=layers),)
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_ops_add_up_to_the_work_of_the_shape(name):
    shape = shape_from_config(CONFIGS[name])
    length = None if shape.main.tokens else 64
    workload = transformer(shape, seq_len=length)
    assert workload.macs == shape.macs(64)


@pytest.mark.parametrize("kind", ODD)
def test_one_key_changed_changes_the_count_as_in_the_reference_library(kind):
    """Each key of each class, one at a time; what is not modelled is refused."""
    for change, count in ODD[kind]["changes"]:
        config = {"model_type": kind, **ODD[kind]["base"], **change}
        if count is None:
            with pytest.raises(InputError):
                shape_from_config(config)
        else:
            assert shape_from_config(config).parameters == count, change


@pytest.mark.parametrize("kind", config_classes())
def test_every_key_of_a_class_is_used_or_known_not_to_matter(kind):
    """A key that no reader asks for would be taken for its default, unseen."""
    known = config_classes()[kind]["defaults"]
    assert not neutral_keys() & known.keys()
    if kind == "llama4_vision_model":  # only beside a text
        return
    needed = {"num_experts_per_tok": 2} if kind == "deepseek_v2" else {}
    for key in known:
        if key.startswith("_out"):  # which results are handed out
            continue
        odd = {"model_type": kind, **needed, key: {"odd": True}}
        with pytest.raises(InputError, match=f"`{key}` is {{'odd'"):
            shape_from_config(odd)
