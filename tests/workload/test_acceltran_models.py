"""AccelTran's model dictionaries: layers with heads of several kinds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.errors import InputError
from dse.workload.acceltran_models import acceltran_model
from dse.workload.transformer import transformer

BERT_TINY = {"l": 2, "o": [["sa_sdp_64"] * 2] * 2, "h": [128, 128], "f": [[512], [512]]}
MIXED = {
    "l": 2,
    "o": [["sa_sdp_64", "sa_sdp_64"], ["c_9_64", "c_9_64"]],
    "h": [128, 128],
    "f": [[256], [512]],
}


def one_layer(heads, hidden=128, widths=(512,)):
    """Return the dictionary of a model of one layer."""
    return {"l": 1, "o": [heads], "h": [hidden], "f": [list(widths)]}


def sizes(ops):
    """Return heads, rows, inner and columns of each op by its name."""
    columns = zip(ops.heads, ops.rows, ops.inner, ops.columns, strict=True)
    return dict(zip(ops.names, columns, strict=True))


def test_equal_self_attention_layers_are_the_bert_they_describe():
    ours = acceltran_model(BERT_TINY, seq_len=96, batch=4)
    bert = transformer("bert-tiny", seq_len=96, batch=4)
    assert len(ours.blocks) == len(bert.blocks)
    for a, b in zip(ours.blocks, bert.blocks, strict=True):
        assert (a.ops.names, a.ops.kinds, a.ops.depends) == (
            b.ops.names,
            b.ops.kinds,
            b.ops.depends,
        )
        assert a.repeats == b.repeats
        assert sizes(a.ops) == sizes(b.ops)
    assert (ours.batch, ours.seq_len) == (bert.batch, bert.seq_len)


def test_layers_that_differ_stand_in_blocks_of_their_own():
    workload = acceltran_model(MIXED)
    _, first, second = workload.blocks
    assert first.repeats == second.repeats == 1
    assert "scores" in first.ops.names
    assert second.ops.names[0] == "convolution"
    assert sizes(second.ops)["convolution"] == (2, 128, 9, 128)


def test_weighted_attention_multiplies_the_keys_of_each_head_by_a_matrix():
    ops = acceltran_model(one_layer(["sa_wma_64", "sa_wma_64"])).blocks[1].ops
    plain = acceltran_model(one_layer(["sa_sdp_64", "sa_sdp_64"])).blocks[1].ops
    assert sizes(ops)["weighted_key"] == (2, 128, 64, 64)
    assert np.sum(ops.macs) - np.sum(plain.macs) == 2 * 128 * 64 * 64
    assert np.sum(ops.weights) - np.sum(plain.weights) == 2 * 64 * 64
    assert ops.names.index("weighted_key") == ops.names.index("scores") - 1
    assert ops.depends[ops.names.index("weighted_key")] == 2  # the key
    assert ops.depends[ops.names.index("scores")] == 1  # the weighted key


def test_a_transform_multiplies_all_tokens_by_one_matrix_that_equal_heads_share():
    model = one_layer(["l_dct_64", "l_dct_64", "l_dft_64"], hidden=96)
    ops = acceltran_model(model, seq_len=50).blocks[1].ops
    assert sizes(ops)["transform_l_dct_64"] == (1, 2 * 96, 50, 50)
    assert sizes(ops)["transform_l_dft_64"] == (1, 96, 50, 50)
    transforms = [name.startswith("transform") for name in ops.names]
    assert list(ops.macs[transforms]) == [2 * 50 * 50 * 96, 50 * 50 * 96]
    assert list(ops.weights[transforms]) == [50 * 50, 50 * 50]


def test_a_convolution_has_its_taps_for_every_hidden_value_and_head():
    ops = acceltran_model(one_layer(["c_5_64"] * 3)).blocks[1].ops
    assert ops.macs[0] == 3 * 128 * 5 * 128
    assert ops.weights[0] == 3 * 5 * 128


def test_heads_of_one_kind_are_merged_wherever_they_stand():
    mixed = acceltran_model(one_layer(["sa_sdp_64", "c_9_64", "sa_sdp_64"]))
    ops = mixed.blocks[1].ops
    assert sizes(ops)["query_sa_sdp_64"] == (1, 128, 128, 128)
    assert sizes(ops)["scores_sa_sdp_64"] == (2, 128, 64, 128)
    assert sizes(ops)["convolution_c_9_64"] == (1, 128, 9, 128)


def test_heads_of_different_widths_are_kept_apart():
    ops = acceltran_model(one_layer(["sa_sdp_64", "sa_sdp_32"])).blocks[1].ops
    assert sizes(ops)["output_sa_sdp_64"] == (1, 128, 64, 128)
    assert sizes(ops)["output_sa_sdp_32"] == (1, 128, 32, 128)


def test_all_kinds_of_heads_read_the_input_of_the_layer():
    heads = ["sa_sdp_64", "c_9_64", "l_dct_64", "sa_wma_32"]
    ops = acceltran_model(one_layer(heads)).blocks[1].ops
    starts = ("query", "key", "value", "convolution", "transform")
    for name, back in zip(ops.names, ops.depends, strict=True):
        assert (back == 0) == name.startswith(starts)


def test_a_stack_of_widths_has_an_activation_on_the_output_of_all_but_its_last_layer():
    ops = acceltran_model(one_layer(["sa_sdp_64"], widths=(256, 384))).blocks[1].ops
    assert sizes(ops)["ffn_up"] == (1, 128, 128, 256)
    assert sizes(ops)["activation_1"] == (1, 128, 0, 256)
    assert sizes(ops)["ffn_mid_1"] == (1, 128, 256, 384)
    assert sizes(ops)["activation_2"] == (1, 128, 0, 384)
    assert sizes(ops)["ffn_down"] == (1, 128, 384, 128)
    assert ops.kinds.count("activation") == 2


def test_a_projection_stands_where_the_hidden_size_changes():
    model = {
        "l": 3,
        "o": [["sa_sdp_64"]] * 3,
        "h": [128, 128, 256],
        "f": [[512], [512], [512]],
    }
    _, narrow, projection, wide = acceltran_model(model).blocks
    assert narrow.repeats == 2
    assert sizes(projection.ops) == {"ffn_projection": (1, 128, 128, 256)}
    assert sizes(wide.ops)["ffn_up"] == (1, 128, 256, 512)


@given(layers=st.integers(1, 12))
def test_equal_layers_make_one_block_however_many_they_are(layers):
    model = {"l": layers, "o": [["c_9_64"]] * layers, "h": [64] * layers}
    workload = acceltran_model(model | {"f": [[256]] * layers})
    assert workload.blocks[1].repeats == layers
    assert len(workload.blocks) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"o": [["sa_sdp_64"]]}, r"`o` .* one entry for each of its `l` = 2 layers"),
        ({"h": [128]}, "`h` of the model dictionary needs a list"),
        ({"f": [[512]] * 3}, "`f` of the model dictionary needs a list"),
        ({"f": 512}, "`f` of the model dictionary needs a list"),
        ({"h": [128, 0]}, r"`h\[1\]` of the model dictionary is 0"),
        ({"f": [[512], []]}, r"`f\[1\]` .* is \[\]; write a list of its widths"),
        ({"f": [[512], [-1]]}, r"a width in `f\[1\]` .* is -1"),
        ({"o": [["sa_sdp_64"], []]}, r"`o\[1\]` .* is \[\]; write a list of its heads"),
        (
            {"o": [["sa_sdp_64"], ["sa_sdp_64", "sa_foo_64"]]},
            r"head 1 in `o\[1\]` .*foo",
        ),
        ({"o": [["c_0_64"], ["sa_sdp_64"]]}, r"head 0 in `o\[0\]` .*'c_0_64'"),
        ({"l": 0}, "`l` of the model dictionary is 0"),
        ({"p": []}, "no key `p`"),
    ],
)
def test_a_bad_dictionary_is_refused_with_its_place(change, message):
    with pytest.raises(InputError, match=message):
        acceltran_model(BERT_TINY | change)


def test_a_missing_key_is_named():
    with pytest.raises(InputError, match="lacks `f`; add its feed-forward widths"):
        acceltran_model({"l": 1, "o": [["sa_sdp_64"]], "h": [64]})
