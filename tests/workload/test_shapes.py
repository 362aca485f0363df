"""Counts of parameters and of multiply-accumulates, from the sizes of a transformer."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.errors import InputError
from dse.workload.parts import FeedForward
from dse.workload.shapes import TransformerShape
from dse.workload.zoo import zoo

TINY = TransformerShape(
    name="tiny",
    family="encoder",
    layers=2,
    hidden=128,
    heads=2,
    head_width=64,
    ffn=(512,),
    vocab=30522,
    positions=512,
    token_types=2,
    pooler=True,
)


def test_parameters_of_bert_tiny_are_those_counted_by_hand():
    embeddings = (30522 + 512 + 2) * 128 + 2 * 128  # three tables and a norm
    attention = 4 * (128 * 128 + 128)  # query, key, value, output
    feed_forward = (128 * 512 + 512) + (512 * 128 + 128)
    norms = 2 * (2 * 128)
    pooler = 128 * 128 + 128
    by_hand = embeddings + 2 * (attention + feed_forward + norms) + pooler
    assert by_hand == 4_385_920
    assert TINY.parameters == by_hand


def test_macs_of_bert_tiny_at_128_tokens_are_those_counted_by_hand():
    projections = 4 * 128 * 128 * 128  # 128 tokens through four 128 x 128 matrices
    scores = 2 * 128 * 64 * 128  # two heads, 128 x 64 times 64 x 128
    context = 2 * 128 * 128 * 64
    feed_forward = 128 * 128 * 512 + 128 * 512 * 128
    by_hand = 2 * (projections + scores + context + feed_forward)
    assert by_hand == 58_720_256
    assert TINY.macs(128) == by_hand


def test_the_head_of_an_encoder_is_a_transform_a_norm_and_an_output_bias():
    assert TINY.head_parameters == (128 * 128 + 128) + 2 * 128 + 30522


def test_an_untied_head_has_its_own_table():
    untied = dataclasses.replace(TINY, tied_head=False)
    assert untied.head_parameters - TINY.head_parameters == 30522 * 128


def test_shared_layers_count_once_but_run_every_time():
    shared = dataclasses.replace(TINY, shared_layers=True)
    one = dataclasses.replace(TINY, layers=1)
    assert shared.parameters == one.parameters
    assert shared.macs(128) == 2 * one.macs(128)


def test_without_biases_only_norms_keep_them():
    bare = dataclasses.replace(TINY, biases=False)
    per_layer = 4 * 128 + 512 + 128
    assert TINY.parameters - bare.parameters == 2 * per_layer + 128  # and the pooler


def test_heads_that_share_keys_and_values_save_their_projections():
    grouped = dataclasses.replace(TINY, kv_heads=1)
    saved = 2 * 2 * (128 * 64 + 64)  # two layers, keys and values, one head less
    assert TINY.parameters - grouped.parameters == saved
    assert TINY.macs(128) - grouped.macs(128) == 2 * 2 * 128 * 128 * 64


def test_a_table_of_one_position_is_for_one_token():
    assert dataclasses.replace(TINY, positions=1).longest == 1
    assert dataclasses.replace(TINY, positions=514, position_offset=2).longest == 512


def test_a_gate_is_of_one_width():
    assert FeedForward(hidden=8, widths=(4, 4)).widths == (4, 4)
    with pytest.raises(InputError, match="just one if it is gated"):
        FeedForward(hidden=8, widths=(4, 4), gated=True)


def test_a_gate_is_one_more_up_projection():
    gated = dataclasses.replace(TINY, gated=True)
    assert gated.parameters - TINY.parameters == 2 * (128 * 512 + 512)
    assert gated.macs(128) - TINY.macs(128) == 2 * 128 * 128 * 512


def test_a_narrow_token_table_is_projected_up():
    narrow = dataclasses.replace(TINY, embedding=16)
    tables = (30522 + 512 + 2) * (128 - 16) + 2 * (128 - 16)
    assert TINY.parameters - narrow.parameters == tables - (16 * 128 + 128)
    assert narrow.macs(10) - TINY.macs(10) == 10 * 16 * 128


@given(layers=st.integers(1, 50), length=st.integers(1, 512))
def test_macs_grow_in_proportion_to_the_layers(layers, length):
    deep = dataclasses.replace(TINY, layers=layers)
    one = dataclasses.replace(TINY, layers=1)
    assert deep.macs(length) == layers * one.macs(length)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "encodr"}, r"no family 'encodr'\. Did you mean `encoder`\?"),
        ({"layers": 0}, "`layers` of `tiny` is 0; give a whole number"),
        ({"hidden": 128.5}, "`hidden` of `tiny` is 128.5"),
        ({"heads": True}, "`heads` of `tiny` is True"),
        ({"ffn": ()}, "at least one width in `ffn`"),
        ({"ffn": (0,)}, "a width in `ffn` of `tiny` is 0"),
        ({"ffn": (64, 64), "gated": True}, "gates a stack of 2"),
        ({"kv_heads": 3}, "cannot share 3 `kv_heads` among 2 `heads`"),
        ({"vocab": 0}, "`vocab` of `tiny` is 0"),
        ({"family": "vision"}, "`image` of `tiny` is 0"),
        (
            {"family": "vision", "image": 224, "patch": 15},
            "cannot cut an image of 224 pixels into patches of 15",
        ),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused_by_name(change, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(TINY, **change)


def test_shapes_say_on_which_day_they_were_held_against_what() -> None:
    told = {name: entry.checked for name, entry in zoo().items()}
    assert all(how.startswith("2026-") for how in told.values())
