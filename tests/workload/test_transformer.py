"""The ops of a transformer: their order, sizes and sums."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.errors import InputError
from dse.workload.transformer import transformer
from dse.workload.zoo import listed_sizes, model_shape, zoo


def sizes(workload, block, name):
    """Return heads, rows, inner and columns of one op."""
    ops = workload.blocks[block].ops
    i = ops.names.index(name)
    return tuple(
        float(column[i]) for column in (ops.heads, ops.rows, ops.inner, ops.columns)
    )


def producer(ops, name):
    """Return the op that an op waits for, None for an input of the block."""
    i = ops.names.index(name)
    return ops.names[i - ops.depends[i]] if ops.depends[i] else None


def made(ops, name):
    """Return the ops whose results an op reads, None for the input of the block."""
    i = ops.names.index(name)
    return [ops.names[i - back] if back else None for back in ops.reads[i]]


def test_bert_tiny_at_128_tokens_is_the_chain_worked_out_by_hand():
    bert = transformer("bert-tiny", seq_len=128)
    embedding, layer = bert.blocks
    assert embedding.ops.names == ("embedding", "norm_embedding")
    assert sizes(bert, 0, "embedding") == (1, 128, 30522, 128)
    assert layer.repeats == 2
    assert {name: sizes(bert, 1, name) for name in layer.ops.names} == {
        "query": (1, 128, 128, 128),
        "key": (1, 128, 128, 128),
        "value": (1, 128, 128, 128),
        "scores": (2, 128, 64, 128),
        "softmax": (2, 128, 0, 128),
        "context": (2, 128, 128, 64),
        "output": (1, 128, 128, 128),
        "norm_attention": (1, 128, 0, 128),
        "ffn_up": (1, 128, 128, 512),
        "activation": (1, 128, 0, 512),
        "ffn_down": (1, 128, 512, 128),
        "norm_ffn": (1, 128, 0, 128),
    }
    assert layer.ops.depends == (0, 0, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1)
    assert made(layer.ops, "scores") == ["query", "key"]
    assert made(layer.ops, "context") == ["softmax", "value"]
    assert made(layer.ops, "output") == ["context", None]  # and what the layer read
    assert made(layer.ops, "ffn_down") == ["activation", "norm_attention"]
    # Per layer: 4 x 128^3 + 2 x (2 x 128 x 64 x 128) + 2 x 128 x 128 x 512.
    assert bert.macs == 2 * (8_388_608 + 4_194_304 + 16_777_216)
    assert bert.weights == 2 * (4 * 128 * 128 + 2 * 128 * 512)


def test_scores_wait_for_the_keys_and_not_for_the_values():
    for name in ("bert-base", "gpt2"):
        assert producer(transformer(name).blocks[1].ops, "scores") == "key"


def test_models_that_normalise_first_do_so_before_each_half_and_at_the_end():
    gpt2 = transformer("gpt2")
    layer, end = gpt2.blocks[1].ops, gpt2.blocks[2].ops
    assert layer.names[0] == "norm_attention"
    assert layer.names[layer.names.index("ffn_up") - 1] == "norm_ffn"
    assert producer(layer, "norm_attention") is None
    for name in ("query", "key", "value"):
        assert producer(layer, name) == "norm_attention"
    assert made(layer, "output") == ["context", None]
    assert made(layer, "ffn_down") == ["activation", "output"]
    assert end.names == ("norm_final",)


@pytest.mark.parametrize("name", zoo())
def test_the_ops_add_up_to_the_macs_of_the_shape(name):
    workload = transformer(name)
    assert workload.macs == model_shape(name).macs(workload.seq_len)


def test_a_layer_of_bert_base_at_128_tokens_takes_931_million_macs():
    layer = transformer("bert-base", seq_len=128).blocks[1].ops
    assert np.sum(layer.macs) == 931_135_488


def test_macs_of_vit_b_are_the_published_17_56_billion():
    # Source: torchvision2016, ViT_B_16_Weights.IMAGENET1K_V1, GFLOPS (counts MACs).
    assert round(transformer("vit-b", lm_head=True).macs / 1e9, 2) == 17.56


@pytest.mark.parametrize(
    ("name", "published"),
    # Source: TinyBERT, arXiv 1909.10351, table 1, FLOPs with the small ops included.
    [("bert-base", 22.5e9), ("distilbert", 11.3e9)],
)
def test_twice_the_macs_is_the_published_work_but_for_small_ops(name, published):
    work = 2 * transformer(name, seq_len=128).macs
    assert 0.98 * published < work < published


def test_an_image_becomes_patches_and_a_class_token():
    vit = transformer("vit-b")
    assert vit.seq_len == 197
    assert sizes(vit, 0, "embedding_patches") == (1, 196, 3 * 16 * 16, 768)
    assert sizes(vit, 1, "scores") == (12, 197, 64, 197)


def test_groups_of_an_albert_run_one_after_the_other_as_often_as_they_share_layers():
    """Of 7 layers in 3 groups 3, 2 and 2 run one group, of two layers each."""
    config = {
        "model_type": "albert",
        "num_hidden_layers": 7,
        "num_hidden_groups": 3,
        "inner_group_num": 2,
    }
    groups = transformer(config).blocks[1:]
    assert [(block.repeats, block.weight_sets) for block in groups] == [
        (3, 1),
        (2, 1),
        (2, 1),
    ]
    names = groups[0].ops.names
    assert len(set(names)) == len(names)
    half = len(names) // 2
    assert names[half:] == tuple(f"{name}_2" for name in names[:half])


def test_albert_steps_up_from_its_narrow_table_and_runs_every_layer():
    albert = transformer("albert-xl")
    assert sizes(albert, 0, "embedding") == (1, 128, 30000, 128)
    assert sizes(albert, 0, "embedding_projection") == (1, 128, 128, 2048)
    assert albert.blocks[1].repeats == 24


def test_heads_that_share_keys_are_rows_of_one_product_by_them():
    shared = dataclasses.replace(listed_sizes("bert-base"), kv_heads=4)
    workload = transformer(shared)
    assert sizes(workload, 1, "query") == (1, 128, 768, 768)
    assert sizes(workload, 1, "key") == (1, 128, 768, 4 * 64)
    assert sizes(workload, 1, "scores") == (4, 3 * 128, 64, 128)
    assert sizes(workload, 1, "softmax") == (4, 3 * 128, 0, 128)
    assert sizes(workload, 1, "context") == (4, 3 * 128, 128, 64)
    assert workload.macs == shared.macs(128)


def test_a_gate_runs_beside_the_up_projection():
    gated = dataclasses.replace(listed_sizes("gpt2"), gated=True)
    workload = transformer(gated)
    ops = workload.blocks[1].ops
    assert producer(ops, "ffn_gate") == producer(ops, "ffn_up") == "norm_ffn"
    assert workload.macs == gated.macs(128)


def test_a_stack_of_widths_has_an_activation_after_each_layer_but_the_last():
    stack = dataclasses.replace(listed_sizes("bert-tiny"), ffn=(256, 512))
    workload = transformer(stack)
    assert workload.blocks[1].ops.names[8:] == (
        "ffn_up",
        "activation_1",
        "ffn_mid_1",
        "activation_2",
        "ffn_down",
        "norm_ffn",
    )
    assert sizes(workload, 1, "activation_2") == (1, 128, 0, 512)
    assert workload.macs == stack.macs(128)


@given(
    context=st.integers(1, 1024),
    name=st.sampled_from(["gpt2", "gpt2-medium", "gpt2-xl"]),
)
def test_a_decode_step_is_one_row_of_prefill(context, name):
    whole = transformer(name, seq_len=context)
    step = transformer(name, mode="decode", context_len=context)
    for full, one in zip(whole.blocks, step.blocks, strict=True):
        assert np.all(one.ops.rows == 1)
        assert np.all(one.ops.rows * context == full.ops.rows)
        assert np.all(one.ops.inner == full.ops.inner)
        assert np.all(one.ops.columns == full.ops.columns)
    assert step.macs * context == pytest.approx(whole.macs)
    assert step.seq_len == context


def test_a_decode_step_sees_the_sequence_where_no_context_is_named():
    step = transformer("gpt2", seq_len=300, mode="decode")
    assert sizes(step, 1, "scores") == (12, 1, 64, 300)
    assert sizes(step, 1, "context") == (12, 1, 300, 64)


def test_decoders_are_causal_unless_told_otherwise_and_encoders_are_not():
    assert transformer("gpt2").causal
    assert not transformer("gpt2", causal=False).causal
    assert not transformer("bert-base").causal
    assert transformer("bert-base", causal=True).causal


def test_nothing_is_masked_in_a_decode_step():
    assert not transformer("gpt2", mode="decode").causal


def test_padding_is_kept_as_a_share_of_tokens():
    assert transformer("bert-base", padded_fraction=0.25).padded_fraction == 0.25


@given(batch=st.integers(1, 64), length=st.integers(1, 512))
def test_a_batch_does_not_change_the_ops_of_a_sequence(batch, length):
    one = transformer("bert-mini", seq_len=length)
    many = transformer("bert-mini", seq_len=length, batch=batch)
    assert many.batch == batch
    assert many.macs == one.macs
    assert many.weights == one.weights


@given(layers=st.integers(1, 40))
def test_macs_grow_in_proportion_to_the_layers(layers):
    shape = listed_sizes("bert-mini")
    deep = transformer(dataclasses.replace(shape, layers=layers))
    one = transformer(dataclasses.replace(shape, layers=1))
    assert deep.macs == layers * one.macs


def test_all_ops_are_dense_until_told_otherwise():
    for block in transformer("bert-base").blocks:
        for density in ("input_density", "weight_density", "output_density"):
            assert np.all(getattr(block.ops, density) == 1.0)


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("bert-tiny", 128 * 128 * 128 + 128 * 128 * 30522),  # transform, then the table
        ("gpt2", 128 * 768 * 50257),
        ("vit-b", 768 * 1000),  # of the class token alone
    ],
)
def test_a_head_is_run_only_on_request(name, extra):
    with_head = transformer(name, lm_head=True)
    assert with_head.macs - transformer(name).macs == extra


def test_every_op_waits_for_one_that_stands_before_it():
    for name in zoo():
        headed = model_shape(name).head is not None
        for block in transformer(name, lm_head=headed).blocks:
            assert all(0 <= back <= i for i, back in enumerate(block.ops.depends))


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("bert-base", {"seq_len": 513}, "has positions for 512 tokens"),
        ("bert-base", {"seq_len": 0}, "`seq_len` is 0; give a whole number"),
        ("bert-base", {"seq_len": 12.5}, "`seq_len` is 12.5"),
        ("bert-base", {"mode": "decode"}, "makes no tokens one by one"),
        ("bert-base", {"context_len": 4}, 'or give mode="decode"'),
        ("gpt2", {"mode": "decod"}, "Did you mean `decode`"),
        ("gpt2", {"mode": "decode", "context_len": 1025}, "positions for 1024 tokens"),
        ("gpt3", {}, "neither a model of the zoo nor a path"),
        ("vit-b", {"seq_len": 128}, "sees 197 tokens.*Leave `seq_len` out"),
        ("bert-base", {"padded_fraction": 1.5}, "outside its range"),
        ("bert-base", {"batch": 0}, "outside its range"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_way_out(model, options, message):
    with pytest.raises(InputError, match=message):
        transformer(model, **options)


def test_a_classifier_needs_classes():
    headless = dataclasses.replace(listed_sizes("vit-b"), classes=0)
    with pytest.raises(InputError, match=r"`vit-b` has no head.* no `classes`"):
        transformer(headless, lm_head=True)
