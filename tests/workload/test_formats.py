"""Bits of a value, with the scales of its format."""

import pytest

from dse.errors import InputError
from dse.workload.formats import read_format, read_words


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("bf16", (16, 16, 16)),
        ("int8", (8, 8, 8)),
        ("mxfp4", (4.25, 4.25, 4.25)),  # 32 values of 4 bits and a scale of 8
        ("nvfp4", (4.5, 4.5, 4.5)),
        ("w4a16", (4, 16, 16)),
        ("W4A8KV4", (4, 8, 4)),
        ("w4a16, kv8", (4, 16, 8)),
        ("w4a16 g128", (4.125, 16, 16)),
        ("int4-g64", (4.25, 4, 4)),
        ("kv8 fp16", (16, 16, 8)),
    ],
)
def test_a_format_tells_bits(text, bits):
    assert read_format(text) == bits


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_integers_have_a_fixed_point_already(bits):
    words = read_words(f"int{bits}")
    assert words.kept == words.bits == words.fixed == (bits, bits, bits)
    assert words == read_words(f"w{bits}a{bits}")


@pytest.mark.parametrize("text", ["", "kv8", "w4", "bf16 bf16", "g128", "w0a16", "b16"])
def test_other_words_are_refused(text):
    with pytest.raises(InputError, match="`format` "):
        read_format(text)
