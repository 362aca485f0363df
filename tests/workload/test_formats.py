"""Bits of a value, with the scales of its format."""

import math

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


# Largest number, smallest above 0, bits of a word and in memory: IEEE 754 and the
# published definitions of the others; OCP Microscaling Formats 1.0, table 1.
FLOATS = {
    "fp32": (2.0**128, 2.0**-149, 32, 32),
    "tf32": (2.0**128, 2.0**-136, 32, 32),  # kept as fp32
    "fp16": (65504.0, 2.0**-24, 16, 16),
    "bf16": (2.0**128, 2.0**-133, 16, 16),
    "fp8": (448.0, 2.0**-9, 8, 8),
    "mxfp8": (448.0, 2.0**-9, 8, 8 + 8 / 32),
    "mxfp6": (28.0, 2.0**-4, 6, 6 + 8 / 32),
    "fp4": (6.0, 0.5, 4, 4),
    "mxfp4": (6.0, 0.5, 4, 4 + 8 / 32),
    "nvfp4": (6.0, 0.5, 4, 4 + 8 / 16),
}


@pytest.mark.parametrize("name", FLOATS)
def test_a_float_with_a_fixed_point_has_a_bit_for_each_power_of_2_and_its_sign(name):
    largest, smallest, bits, kept = FLOATS[name]
    words = read_words(name)
    assert words.kept == (kept, kept, kept)
    assert words.bits == (bits, bits, bits)
    fixed = math.ceil(math.log2(largest / smallest)) + 1
    assert words.fixed == (fixed, fixed, fixed)


def test_scaled_integers_have_a_fixed_point_and_a_scale_for_32_of_them():
    words = read_words("mxint8")
    assert (words.kept, words.bits, words.fixed) == ((8.25,) * 3, (8,) * 3, (8,) * 3)


@pytest.mark.parametrize("text", ["", "kv8", "w4", "bf16 bf16", "g128", "w0a16", "b16"])
def test_other_words_are_refused(text):
    with pytest.raises(InputError, match="`format` "):
        read_format(text)
