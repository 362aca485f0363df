"""Shapes from the `config.json` of Hugging Face models."""

import json

import pytest

from dse.errors import InputError
from dse.workload.huggingface import shape_from_config
from dse.workload.transformer import transformer
from dse.workload.zoo import model_shape
from tests.doors.judge import fault_of_message

BERT_BASE = {
    "architectures": ["BertForMaskedLM"],
    "attention_probs_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "model_type": "bert",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "position_embedding_type": "absolute",
    "type_vocab_size": 2,
    "vocab_size": 30522,
}
MINILM = BERT_BASE | {
    "hidden_size": 384,
    "intermediate_size": 1536,
    "num_hidden_layers": 6,
}
ROBERTA_BASE = BERT_BASE | {
    "model_type": "roberta",
    "max_position_embeddings": 514,
    "pad_token_id": 1,
    "type_vocab_size": 1,
    "vocab_size": 50265,
}
ALBERT_XXL = BERT_BASE | {
    "model_type": "albert",
    "embedding_size": 128,
    "hidden_size": 4096,
    "inner_group_num": 1,
    "intermediate_size": 16384,
    "num_attention_heads": 64,
    "num_hidden_groups": 1,
    "vocab_size": 30000,
}
DISTILBERT = {
    "model_type": "distilbert",
    "dim": 768,
    "hidden_dim": 3072,
    "max_position_embeddings": 512,
    "n_heads": 12,
    "n_layers": 6,
    "tie_weights_": True,
    "vocab_size": 30522,
}
VIT_B = {
    "model_type": "vit",
    "hidden_size": 768,
    "id2label": {str(i): f"class {i}" for i in range(1000)},
    "image_size": 224,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_channels": 3,
    "num_hidden_layers": 12,
    "patch_size": 16,
    "qkv_bias": True,
}
GPT2 = {
    "model_type": "gpt2",
    "n_ctx": 1024,
    "n_embd": 768,
    "n_head": 12,
    "n_layer": 12,
    "n_positions": 1024,
    "vocab_size": 50257,
}


@pytest.fixture
def write(tmp_path):
    """Write a config as a model folder holds it, and return its path."""

    def write_config(config, folder="some-model"):
        path = tmp_path / folder / "config.json"
        path.parent.mkdir()
        path.write_text(config if isinstance(config, str) else json.dumps(config))
        return path

    return write_config


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (BERT_BASE, "bert-base"),
        (MINILM, "minilm-l6"),
        (ALBERT_XXL, "albert-xxl"),
        (DISTILBERT, "distilbert"),
        (VIT_B, "vit-b"),
        (GPT2, "gpt2"),
    ],
)
def test_a_config_gives_the_ops_of_the_zoo(write, config, name):
    shape, known = shape_from_config(write(config, folder=name)), model_shape(name)
    assert (
        transformer(shape).blocks[1].ops.names == transformer(name).blocks[1].ops.names
    )
    assert shape.macs(64) == known.macs(64)
    assert shape.head_parameters == known.head_parameters
    # The reference library's ViT has a pooler; the published one has none.
    pooler = 768 * 768 + 768 if name == "vit-b" else 0
    assert shape.parameters == known.parameters + pooler


def test_roberta_base_has_514_positions_of_which_tokens_use_512(write):
    embeddings = (50265 + 514 + 1) * 768 + 2 * 768
    layer = 4 * (768 * 768 + 768) + 2 * 768 * 3072 + 3072 + 768 + 2 * 2 * 768
    by_hand = embeddings + 12 * layer + 768 * 768 + 768
    assert by_hand == 124_645_632
    shape = shape_from_config(write(ROBERTA_BASE))
    assert shape.parameters == by_hand
    assert shape.longest == 512


def test_a_transformer_can_be_built_from_a_file_or_its_folder(write):
    path = write(GPT2, folder="my-gpt2")
    workload = transformer(path, seq_len=64)
    assert workload.name == "my-gpt2"
    assert workload.macs == transformer("gpt2", seq_len=64).macs
    assert transformer(str(path.parent), seq_len=64).macs == workload.macs


def test_a_file_of_another_name_gives_the_model_its_name(tmp_path):
    path = tmp_path / "distil.json"
    path.write_text(json.dumps(DISTILBERT))
    assert shape_from_config(path).name == "distil"


def test_a_dictionary_will_do():
    shape = shape_from_config(BERT_BASE)
    assert shape.name == shape.kind == "bert"
    assert shape.parameters == 109_482_240
    assert shape.longest == 512


def test_gpt2_may_name_the_width_of_its_feed_forward_net():
    def width(**change):
        layer, _ = shape_from_config(GPT2 | change).main.layers[0]
        return layer.halves[1].part.widths

    assert width(n_inner=None) == (4 * 768,)
    assert width(n_inner=2048) == (2048,)


def test_a_head_that_is_not_tied_counts_its_table():
    shape = shape_from_config(GPT2 | {"tie_word_embeddings": False})
    assert shape.head_parameters == 50257 * 768


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": None}, r"config\.json: `hidden_size` is None"),
        ({"num_hidden_layers": "12"}, r"`num_hidden_layers` is '12'; give a whole"),
        ({"num_attention_heads": 7}, r"a width of 768 is not divided by 7 heads"),
        ({"model_type": "lama"}, r"`model_type` is 'lama', .*Did you mean `llama`"),
        ({"model_type": "mamba"}, r"is 'mamba', a state-space model; give a tran"),
        ({"model_type": "robert"}, r"Did you mean `roberta`\?"),
        ({"position_embedding_type": "relative_key"}, "dse models only 'absolute'"),
        ({"is_decoder": True}, "`is_decoder` is True; dse models only False"),
        ({"is_decoder": "false"}, "`is_decoder` is 'false'; dse models only False"),
        ({"is_encoder_decoder": True}, "`is_encoder_decoder` is True; dse models"),
        ({"pruned_heads": {"0": [1, 2]}}, "`pruned_heads` is {'0': .*dse models only"),
        ({"head_dim": 32}, "`head_dim` is 32; dse models only 64"),
        ({"num_key_value_heads": 4}, "`num_key_value_heads` is 4; dse models only 12"),
        ({"num_local_experts": 8}, "`num_local_experts` is 8, and dse does not know"),
        ({"ffn_type": "swiglu"}, "`ffn_type` is 'swiglu', and dse does not know"),
        ({"use_bias": 1}, "`use_bias` is 1; dse models only True"),
        (
            {"multi_query": True},
            "`multi_query` is True, and dse .* Remove it from a cop",
        ),
        ({"tie_word_embeddings": "false"}, "'false'; write true or false"),
        ({"hidden_size": 768 * 10**12}, "give a whole number, 1 to 1,000,000,000"),
    ],
)
def test_an_odd_value_is_refused_with_file_and_key(write, change, message):
    path = write(BERT_BASE | change)
    with pytest.raises(InputError, match=message) as caught:
        shape_from_config(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("deberta-v2", "pos_att_type", [["c2p"]]),
        ("deberta-v2", "pos_att_type", [0]),
        ("gpt_neo", "attention_types", [[[["global"]], 24]]),
    ],
)
def test_lists_in_the_place_of_words_are_refused(kind, key, value):
    config = {"model_type": kind, "relative_attention": True, key: value}
    with pytest.raises(InputError, match=f"`{key}` is .*; name") as told:
        shape_from_config(config)
    assert not fault_of_message(str(told.value))


def test_all_keys_that_are_not_known_are_told_at_once():
    odd = {"mixture_depth": 3, "hiden_size": 256, "block_skip": [1, 2]}
    with pytest.raises(InputError) as told:
        shape_from_config({**BERT_BASE, **odd})
    lines = str(told.value).splitlines()
    assert [line.split("`")[1] for line in lines] == [*odd]
    assert "hidden_size" in lines[1]


@pytest.mark.parametrize("padding", [600, 513, -1, None, "1", 1.0, True])
def test_a_roberta_keeps_positions_for_its_tokens(write, padding):
    path = write(ROBERTA_BASE | {"pad_token_id": padding})
    with pytest.raises(InputError, match=r"`pad_token_id` is .* from 0 to 512, usual"):
        shape_from_config(path)


# Rows up to that of the padding are of no token.
@pytest.mark.parametrize(("padding", "longest"), [(0, 513), (1, 512), (512, 1)])
def test_a_roberta_has_the_positions_behind_its_padding(padding, longest):
    found = shape_from_config(ROBERTA_BASE | {"pad_token_id": padding})
    assert found.longest == longest


@pytest.mark.parametrize("labels", [[1, 2], "cat", 5])
def test_classes_are_counted_in_an_object(write, labels):
    with pytest.raises(InputError, match=r"`id2label` is .* leave it out"):
        shape_from_config(write(VIT_B | {"id2label": labels}))
    headless = shape_from_config(VIT_B | {"id2label": None})
    assert (headless.head, headless.head_parameters) == (None, 0)
    seven = shape_from_config(VIT_B | {"id2label": None, "num_labels": 7})
    assert seven.head.output.columns == 7
    with pytest.raises(InputError, match="as many as `num_labels` says"):
        shape_from_config(VIT_B | {"id2label": {"0": "cat"}, "num_labels": 2})


def test_what_changes_no_op_may_stand_there():
    """Every key of the configs of widely used checkpoints, and private notes."""
    also = {
        "_name_or_path": "bert-base-uncased",
        "_num_labels": 5,
        "architectures": ["BertModel"],
        "gradient_checkpointing": True,
        "classifier_dropout": None,
        "head_dim": 64,
        "is_encoder_decoder": False,
        "layer_norm_eps": 1e-12,
        "num_key_value_heads": 12,
        "pooler_fc_size": 768,
        "pruned_heads": {},
        "rope_scaling": None,
        "task_specific_params": {"a": {"max_length": 5}},
        "use_cache": True,
    }
    assert shape_from_config(BERT_BASE | also) == shape_from_config(BERT_BASE)


def test_what_is_missing_is_as_in_the_class_of_the_reference_library():
    assert shape_from_config({"model_type": "bert"}).parameters == 109_482_240
    mistral = {"model_type": "mistral", "num_attention_heads": 64}
    assert shape_from_config(mistral).main.layers[0][0].attention.kv_heads == 8
    with pytest.raises(InputError, match="`num_experts_per_tok` is missing; a deepse"):
        shape_from_config({"model_type": "deepseek_v2"})


def test_what_is_null_is_not_what_is_missing():
    """A class may have a default of its own, and another one where it is told none."""
    mistral = {"model_type": "mistral", "num_key_value_heads": None}
    assert shape_from_config(mistral).main.layers[0][0].attention.kv_heads == 32


def test_two_names_of_one_size_agree():
    same = {"num_hidden_layers": 12, "n_layer": 12}
    assert shape_from_config(GPT2 | same).main.depth == 12
    with pytest.raises(InputError, match="`n_layer` is 12 and `num_hidden_layers`, an"):
        shape_from_config(GPT2 | {"num_hidden_layers": 6})


def test_a_missing_model_type_lists_those_that_can_be_read(write):
    config = {k: value for k, value in BERT_BASE.items() if k != "model_type"}
    message = "`model_type` is missing. Known: albert, bart, bert, .* and 14 more"
    with pytest.raises(InputError, match=message):
        shape_from_config(write(config))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"config\.json:1: is not JSON"),
        ("[1]", "holds no JSON object; give the `config.json` of a model"),
        ('{"hidden_size": 768, "hidden_size": 64}', "`hidden_size` stands twice; rem"),
        ('{"hidden_size": NaN}', "NaN is no finite number"),
        ('{"hidden_size": 1e999}', "1e999 is no finite number"),
        ('{"hidden_size": ' + "7" * 5000 + "}", "7… has more than 64 bits"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "is nested too deeply; write at most"),
    ],
)
def test_a_file_that_is_no_config_is_refused(write, text, message):
    with pytest.raises(InputError, match=message):
        shape_from_config(write(text))


def windows_of(shape):
    """The window of each layer of a decoder."""
    (decoder,) = shape.stacks
    return [
        layer.halves[0].part.window
        for layer, repeats in decoder.layers
        for _ in range(repeats)
    ]


@pytest.mark.parametrize(("first", "windows"), [(0, 4), (1, 3), (3, 1), (4, 0), (9, 0)])
def test_a_window_holds_from_a_layer_on(write, first, windows):
    config = {
        "model_type": "qwen2",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 2,
        "num_hidden_layers": 4,
        "num_key_value_heads": 2,
        "vocab_size": 100,
        "sliding_window": 16,
        "use_sliding_window": True,
        "max_window_layers": first,
    }
    told = windows_of(shape_from_config(write(config)))
    assert told == [None] * (4 - windows) + [16] * windows


USED = {"use_sliding_window": True}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}


@pytest.mark.parametrize(
    ("kind", "more", "windows"),
    [
        ("mistral", {}, 7),
        ("phi3", {}, 7),
        ("gemma2", {}, 4),
        ("gpt_oss", {"num_local_experts": 4}, 4),
        ("gemma3_text", {}, 6),
        ("gemma3_text", {"sliding_window_pattern": 3}, 5),
        ("olmo3", {}, 6),
        ("smollm3", {}, 0),
        ("smollm3", USED, 1),
        ("qwen2", USED | {"max_window_layers": 6}, 1),
        ("qwen2_moe", USED | EXPERTS | {"max_window_layers": 6}, 3),
        ("qwen3_moe", EXPERTS, 0),
        ("qwen3_moe", USED | EXPERTS, 7),
        ("llama4_text", {"sliding_window": None, "attention_chunk_size": 16}, 6),
    ],
)
def test_as_many_of_seven_layers_have_windows_as_in_the_reference_library(
    write, kind, more, windows
):
    """As its configurations say where no list does."""
    config = {
        "model_type": kind,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 2,
        "num_hidden_layers": 7,
        "num_key_value_heads": 2,
        "vocab_size": 100,
        "head_dim": 32,
        "sliding_window": 16,
    }
    told = windows_of(shape_from_config(write(config | more)))
    assert sorted(map(str, told)) == ["16"] * windows + ["None"] * (7 - windows)


def test_local_layers_have_a_window_and_global_ones_none(write):
    config = {
        "model_type": "gpt_neo",
        "hidden_size": 64,
        "num_heads": 2,
        "num_layers": 4,
        "vocab_size": 100,
        "window_size": 16,
        "attention_types": [[["global", "local"], 1], [["local"], 2]],
    }
    told = windows_of(shape_from_config(write(config)))
    assert told == [None, 16, 16, 16]
