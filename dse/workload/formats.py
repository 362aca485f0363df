"""How many bits a value takes: the formats of weights, activations and caches."""

from __future__ import annotations

import re
from typing import NamedTuple

from dse.errors import InputError, check_kind, did_you_mean, quoted

# Bits of a value with its share of the scales that the format has.
BITS = {
    "fp32": 32.0,
    "tf32": 32.0,
    "fp16": 16.0,
    "bf16": 16.0,
    "fp8": 8.0,
    "int8": 8.0,
    "int4": 4.0,
    "int2": 2.0,
    "fp4": 4.0,
    "mxfp8": 8.25,  # a scale of 8 bits for 32 values
    "mxint8": 8.25,
    "mxfp6": 6.25,
    "mxfp4": 4.25,
    "nvfp4": 4.5,  # a scale of 8 bits for 16 values
}
_SCALE = 16.0  # bits of the scale of a group
_WIDTHS = re.compile(r"w(\d+)a(\d+)(?:kv(\d+))?")
_CACHE = re.compile(r"kv(\d+)")
_GROUP = re.compile(r"g([1-9]\d*)")


class Format(NamedTuple):
    """Bits that a weight, an activation and a value of a cache take."""

    weight_bits: float
    activation_bits: float
    cache_bits: float


def read_format(text: str) -> Format:
    """Return the bits of a format, as `bf16`, `w4a16`, `int4 g128` or `w4a16 kv8`.

    One name stands for all values; `w4a16` tells weights from activations, `kv8` the
    cache, which is else as wide as activations. `g128` adds to each weight its share of
    a 16-bit scale for 128 of them. Formats with scales of their own count them: mxfp4
    is 4 + 8 / 32 bits, nvfp4 4 + 8 / 16. Raises `InputError` for other words.

    Source: OCP Microscaling Formats 1.0, table 1 (scales of mx formats).
    """
    check_kind("`format`", text, str, "a text such as `bf16` or `w4a16 kv8`")
    weights = activations = cache = group = None
    for word in text.lower().replace("-", " ").replace(",", " ").split():
        if word in BITS and weights is None:
            weights = activations = BITS[word]
        elif (found := _WIDTHS.fullmatch(word)) and weights is None:
            weights, activations = float(found[1]), float(found[2])
            cache = float(found[3]) if found[3] else cache
        elif (found := _CACHE.fullmatch(word)) and cache is None:
            cache = float(found[1])
        elif (found := _GROUP.fullmatch(word)) and group is None:
            group = int(found[1])
        else:
            raise InputError(
                f"`format` {quoted(text)} has the word {quoted(word)}, which is "
                "unknown or one too many; write as `bf16`, `w4a16`, `int4 g128`, "
                "`w4a16 kv8`." + did_you_mean(word, BITS)
            )
    if weights is None or activations is None or min(weights, activations) < 1:
        raise InputError(
            f"`format` {quoted(text)} tells no bits of weights; write as `bf16`, "
            "`w4a16`, `int4 g128`, `w4a16 kv8`."
        )
    weights += _SCALE / group if group else 0.0
    return Format(weights, activations, activations if cache is None else cache)
