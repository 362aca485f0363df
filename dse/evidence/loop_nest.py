"""A layer on a systolic array at a given loop nest: what is fetched, fed and kept.

A loop nest, as Timeloop prints one, says which loops run outside of the scratchpad
(L3) and which tile one call of the accelerator takes (L2 to L0), and how many channels
lie across the array. Gemmini (Genc et al., 2021) takes a tile a call: it loads inputs
and weights of the tile, whatever a call before it has loaded, feeds rows past blocks of
weights, and writes results after the last part of their sums. This is counting, with no
number of its own; `gemmini` makes cycles of it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Self

from dse.errors import InputError, quoted

DIMENSIONS = "RSPQCKN"
LEVELS = ("L3[WIO]", "L2[WI]", "L1[O]", "L0[W]")
PAGE = 4096  # bytes of memory for which an address is translated once
MOVE = 64  # bytes of a row that one command moves at most; more in wider arrays
_SMALLEST, _LARGEST = 4, 128  # arrays that were built
_BLOCKS = 16  # a product's tile is given in blocks: its size over this, rounded down


def pieces(whole: float, size: float) -> int:
    """Return how many pieces of a size cover a whole."""
    return math.ceil(whole / size)


@dataclass(frozen=True)
class LoopNest:
    """How often each loop runs outside of a tile, within it, and across the array."""

    outside: dict[str, int]
    tile: dict[str, int]
    across: dict[str, int]

    @classmethod
    def from_text(cls, text: str, place: str = "this row") -> Self:
        """Read `L3[WIO] K8 Q28 - L2[WI] K4X - L1[O] Q4 C3X - L0[W] P16`.

        `N1` stands where a level has no loop; `X` marks a loop across the array. Raises
        `InputError` for anything else.
        """
        outside, tile, across = ({d: 1 for d in DIMENSIONS} for _ in range(3))
        levels = [part.split() for part in text.split(" - ")]
        if [level[:1] for level in levels] != [[name] for name in LEVELS]:
            raise InputError(
                f"{place}: the mapping {quoted(text)} does not name the levels in "
                f"turn; write {', '.join(LEVELS)}."
            )
        for level in levels:
            for word in level[1:]:
                loop = re.fullmatch(f"([{DIMENSIONS}])([1-9][0-9]{{0,8}})(X?)", word)
                if loop is None:
                    raise InputError(
                        f"{place}: {quoted(word)} of a mapping is no loop; write one "
                        "like K8 or C16X."
                    )
                dimension, count, spread = loop[1], int(loop[2]), bool(loop[3])
                into = outside if level[0] == LEVELS[0] else tile
                into[dimension] *= count
                if spread:
                    across[dimension] *= count
        return cls(outside, tile, across)

    @property
    def array(self) -> int:
        """Rows and columns of the smallest array that was built and holds the loops."""
        widest = max(self.across.values())
        return max(_SMALLEST, 1 << (widest - 1).bit_length())


@dataclass(frozen=True)
class Layer:
    """A convolution of P x Q outputs of K channels, by R x S kernels of C channels."""

    sizes: dict[str, int]  # by dimension
    stride: int

    @property
    def is_product(self) -> bool:
        """Whether it is a product [P, C] x [C, K]."""
        return self.sizes["R"] == self.sizes["S"] == self.sizes["Q"] == 1

    @property
    def image(self) -> int:
        """Height and width of the results as the runs took them: square, P by P.

        Half a kernel of padding on both sides makes one more of an even kernel.
        """
        return self.sizes["P"] + (self.sizes["R"] % 2 == 0)


@dataclass(frozen=True)
class Work:
    """What calls of an accelerator do: all but `calls` and `array` are means a call."""

    product: bool
    calls: int
    array: int
    commands: float  # of multiplication: a block of rows past a block of weights
    rows: float  # fed to the array
    blocks: float  # of weights, `array` rows each
    moved: float  # bytes, in and out
    fetches: float  # rows of inputs and weights
    pages: float  # of inputs and weights
    results: float  # rows


def work_of(layer: Layer, nest: LoopNest, place: str = "this row") -> Work:
    """Return the work of a layer at a loop nest.

    Raises `InputError` where the loops do not make up the layer.
    """
    for name, size in layer.sizes.items():
        if nest.outside[name] * nest.tile[name] != size:
            raise InputError(
                f"{place}: the mapping runs {name} {nest.outside[name]} x "
                f"{nest.tile[name]} times, and the layer has {size}; correct "
                "one of them."
            )
    if nest.array > _LARGEST:
        raise InputError(
            f"{place}: the mapping lies across an array of {nest.array}; make it "
            f"{_LARGEST} at most."
        )
    return (_product if layer.is_product else _convolution)(layer, nest)


def _product(layer: Layer, nest: LoopNest) -> Work:
    """Return the work of a product, whose tiles are of whole blocks of the array."""
    array = nest.array
    move = max(array, MOVE)
    blocks, tiles = {}, {}
    for name in "PKC":
        blocks[name] = pieces(layer.sizes[name], array)
        tiles[name] = min(max(1, nest.tile[name] // _BLOCKS), blocks[name])
    times = {name: pieces(blocks[name], tiles[name]) for name in "PKC"}
    calls = math.prod(times.values())
    rows, outputs, sums = (layer.sizes[n] / times[n] for n in "PKC")
    row_moves = pieces(tiles["C"] * array, move)
    commands = math.prod(blocks.values()) / calls
    inputs = max(1.0, rows * _share_of_page(layer.sizes["C"]))
    return Work(
        product=True,
        calls=calls,
        array=array,
        commands=commands,
        rows=commands * min(array, layer.sizes["P"]),
        blocks=commands,
        moved=rows * sums + sums * outputs + rows * outputs / times["C"],
        fetches=rows * row_moves + sums * pieces(tiles["K"] * array, move),
        pages=inputs * row_moves + sums * _share_of_page(layer.sizes["K"]),
        results=rows * blocks["K"] / times["K"] / times["C"],
    )


def _convolution(layer: Layer, nest: LoopNest) -> Work:
    """Return the work of a convolution, whose tiles are of pixels and channels."""
    array, sizes, tile = nest.array, layer.sizes, nest.tile
    move = max(array, MOVE)
    across, down = (pieces(layer.image, tile[name]) for name in "PQ")
    parts = math.prod(nest.outside[name] for name in "RSC")  # of a sum
    wide, high = layer.image / across, layer.image / down
    outputs, inputs = pieces(tile["K"], array), pieces(tile["C"], array)
    kernel = tile["R"] * tile["S"]
    blocks = kernel * outputs * inputs

    limit = sizes["P"] * layer.stride
    in_high = min((high - 1.0) * layer.stride + tile["S"], limit)
    in_wide = min((wide - 1.0) * layer.stride + tile["R"], limit)
    row_bytes = limit * sizes["C"]
    if row_bytes >= PAGE:
        in_pages = in_high * max(1.0, in_wide * sizes["C"] / PAGE)
    else:
        in_pages = max(1.0, in_high * row_bytes / PAGE)
    row_moves, weight_moves = pieces(tile["C"], move), pieces(tile["K"], move)
    weight_pages = max(1.0, min(1.0, sizes["K"] / PAGE) * tile["C"])
    pixels, results = in_high * in_wide, high * wide / parts
    weights = kernel * tile["C"]
    return Work(
        product=False,
        calls=across * down * nest.outside["K"] * parts,
        array=array,
        commands=high * pieces(math.ceil(wide), array) * blocks,
        rows=high * wide * blocks,
        blocks=blocks,
        moved=pixels * tile["C"] + weights * tile["K"] + results * tile["K"],
        fetches=pixels * row_moves + weights * weight_moves,
        pages=in_pages * row_moves + kernel * weight_pages * weight_moves,
        results=results * outputs,
    )


def _share_of_page(stride: float) -> float:
    """Return how many pages one more row of a matrix reaches, rows `stride` B apart."""
    return min(1.0, stride / PAGE)
