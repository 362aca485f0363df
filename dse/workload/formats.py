"""How many bits a value takes: the formats of weights, activations and caches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dse.errors import InputError, check_kind, did_you_mean, quoted

if TYPE_CHECKING:
    from dse.arrays import Number


class Format(NamedTuple):
    """Bits that a weight, an activation and a value of a cache take."""

    weight_bits: Number
    activation_bits: Number
    cache_bits: Number


class Words(NamedTuple):
    """The words of weights, activations and caches: as they are kept, and computed."""

    kept: Format  # in memory, each with its share of the scales that a format has
    bits: Format  # of a word alone
    fixed: Format  # of the shortest word with a fixed point that holds the same values

    @property
    def has_floats(self) -> bool:
        """Whether some of them have a point that floats."""
        return self.fixed != self.bits


class _Number(NamedTuple):
    kept: float
    bits: float
    fixed: float


# A float that is s at least and m at most takes log2(m / s) bits with a fixed point,
# and one for its sign: fp8 is e4m3, 448 / 2^-9; mxfp6 is taken to be e3m2, 28 / 2^-4.
_NUMBERS = {
    "fp32": _Number(32.0, 32.0, 278.0),
    "tf32": _Number(32.0, 32.0, 265.0),
    "fp16": _Number(16.0, 16.0, 41.0),
    "bf16": _Number(16.0, 16.0, 262.0),
    "fp8": _Number(8.0, 8.0, 19.0),
    "int8": _Number(8.0, 8.0, 8.0),
    "int4": _Number(4.0, 4.0, 4.0),
    "int2": _Number(2.0, 2.0, 2.0),
    "fp4": _Number(4.0, 4.0, 5.0),
    "mxfp8": _Number(8.25, 8.0, 19.0),  # a scale of 8 bits for 32 values
    "mxint8": _Number(8.25, 8.0, 8.0),
    "mxfp6": _Number(6.25, 6.0, 10.0),
    "mxfp4": _Number(4.25, 4.0, 5.0),
    "nvfp4": _Number(4.5, 4.0, 5.0),  # a scale of 8 bits for 16 values
}
_SCALE = 16.0  # bits of the scale of a group
_WIDTHS = re.compile(r"w(\d{1,3})a(\d{1,3})(?:kv(\d{1,3}))?")
_CACHE = re.compile(r"kv(\d{1,3})")
_GROUP = re.compile(r"g([1-9]\d{0,5})")
_EXAMPLES = "`bf16`, `w4a16`, `int4 g128`, `w4a16 kv8`"


def read_format(text: str) -> Format:
    """Return the bits of a format, as `bf16`, `w4a16`, `int4 g128` or `w4a16 kv8`.

    One name stands for all values; `w4a16` tells weights from activations, `kv8` the
    cache, which is else as wide as activations. `g128` adds to each weight its share of
    a 16-bit scale for 128 of them. Formats with scales of their own count them: mxfp4
    is 4 + 8 / 32 bits, nvfp4 4 + 8 / 16. Raises `InputError` for other words.

    Source: OCP Microscaling Formats 1.0, table 1 (scales of mx formats).
    """
    return read_words(text).kept


def read_words(text: str) -> Words:
    """Return the words of a format, in memory and in arithmetic; see `read_format`."""
    check_kind("`format`", text, str, "a text such as `bf16` or `w4a16 kv8`")
    weights = activations = cache = group = None
    for word in text.lower().replace("-", " ").replace(",", " ").split():
        if word in _NUMBERS and weights is None:
            weights = activations = _NUMBERS[word]
        elif (found := _WIDTHS.fullmatch(word)) and weights is None:
            weights, activations = _plain(found[1]), _plain(found[2])
            cache = _plain(found[3]) if found[3] else cache
        elif (found := _CACHE.fullmatch(word)) and cache is None:
            cache = _plain(found[1])
        elif (found := _GROUP.fullmatch(word)) and group is None:
            group = int(found[1])
        else:
            raise InputError(
                f"`format` {quoted(text)} has the word {quoted(word)}, which is "
                f"unknown or one too many; write as {_EXAMPLES}."
                + did_you_mean(word, _NUMBERS)
            )
    if weights is None or activations is None:
        raise InputError(
            f"`format` {quoted(text)} tells no bits of weights; write as {_EXAMPLES}."
        )
    if group:
        weights = weights._replace(kept=weights.kept + _SCALE / group)
    each = (weights, activations, cache or activations)
    if min(number.bits for number in each) < 1:
        raise InputError(
            f"`format` {quoted(text)} has words of no bits; write as {_EXAMPLES}."
        )
    kept, bits, fixed = (Format(*column) for column in zip(*each, strict=True))
    return Words(kept, bits, fixed)


def _plain(digits: str) -> _Number:
    return _Number(float(digits), float(digits), float(digits))


def words_of(weight_bits: Number, activation_bits: Number) -> Words:
    """Return the words of a machine that keeps values as it computes them."""
    own = Format(weight_bits, activation_bits, activation_bits)
    return Words(own, own, own)
