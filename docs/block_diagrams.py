"""Block diagrams of the engines: `python docs/block_diagrams.py`, into this folder.

A box names the components of `Metrics.area_by_component` and of the energies that it
stands for, so that a test can say whether a drawing has them all, once.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import NamedTuple

from dse.show.style import ACCENT, FONT, GREY_LIGHT, INK, MUTED, TINT

FOLDER = Path(__file__).parent
WIDTH, HEAD, BOX, GAP, PAD = 148, 46, 40, 12, 14  # pixels
OFF_CHIP, ON_CHIP, WORKS = GREY_LIGHT, TINT, "white"


class Column(NamedTuple):
    """Boxes one below another: what each is called, and the components it is.

    Data pass through them from top to bottom where they are `in_order`.
    """

    title: str
    boxes: dict[str, tuple[str, ...]]
    fill: str = ON_CHIP
    in_order: bool = False


MEMORY = Column("off chip", {"main memory": ("main_memory",)}, OFF_CHIP)
INTERFACE = Column("", {"memory interface": ("memory_interface",)})

DIAGRAMS: dict[str, tuple[Column, ...]] = {
    "tile": (
        MEMORY,
        Column("", {"memory interface": ("memory_interface",), "DMA": ("dma",)}),
        Column(
            "buffers",
            {
                "activation buffer": ("activation_buffer",),
                "weight buffer": ("weight_buffer",),
                "mask buffer": ("mask_buffer",),
            },
        ),
        Column(
            "in each PE",
            {
                "dataflow, FIFOs": ("dataflow", "fifo"),
                "pre-sparsity, drops zeros": ("pre_sparsity",),
                "MAC lanes": ("mac_lanes",),
                "post-sparsity, prunes": ("post_sparsity",),
            },
            WORKS,
            in_order=True,
        ),
        Column(
            "beside the lanes",
            {"softmax units": ("softmax",), "layer-norm unit": ("layer_norm",)},
            WORKS,
        ),
    ),
    "nm": (
        MEMORY,
        INTERFACE,
        Column(
            "buffers",
            {
                "activation buffer": ("activation_buffer",),
                "weight buffer, N of M": ("weight_buffer",),
                "index buffer": ("index_buffer",),
                "output buffer": ("output_buffer",),
            },
        ),
        Column(
            "array",
            {
                "operand muxes, by index": ("operand_muxes",),
                "multipliers and adders": ("array",),
            },
            WORKS,
            in_order=True,
        ),
        Column(
            "beside it",
            {
                "softmax unit": ("softmax_unit",),
                "vector unit": ("vector_unit",),
                "control": ("control",),
            },
            WORKS,
        ),
    ),
    "crossbar": (
        MEMORY,
        INTERFACE,
        Column(
            "in each tile",
            {
                "buffer": ("buffer",),
                "bus, router, control": ("bus", "router", "tile"),
                "vector unit": ("vector_unit",),
            },
        ),
        Column(
            "in each core",
            {
                "DACs, a bit of the input": ("dac",),
                "arrays of cells": ("cells", "weight_writes", "key_value_writes"),
                "ADCs": ("adc",),
                "shift and add": ("shift_add",),
                "registers": ("core",),
            },
            WORKS,
            in_order=True,
        ),
    ),
    "sprint": (
        Column(
            "ReRAM main memory",
            {
                "arrays of keys": ("main_memory_read", "main_memory_write"),
                "pruning in memory": ("in_memory_pruning",),
            },
            OFF_CHIP,
        ),
        INTERFACE,
        Column(
            "buffers",
            {"keys and values": ("buffers", "buffer_read", "buffer_write")},
        ),
        Column(
            "in each CORELET",
            {
                "QK unit": ("qk_units", "corelets"),
                "softmax": ("softmax",),
                "V unit": ("v_units",),
            },
            WORKS,
            in_order=True,
        ),
    ),
    "filter": (
        MEMORY,
        INTERFACE,
        Column(
            "buffers",
            {
                "query buffer": ("query_buffer",),
                "key buffer": ("key_buffer",),
                "value buffer": ("value_buffer",),
            },
        ),
        Column(
            "pipeline",
            {
                "filtering unit, few bits": ("filtering_unit",),
                "attention unit": ("attention_unit",),
            },
            WORKS,
            in_order=True,
        ),
        Column("beside it", {"control": ("control",)}, WORKS),
    ),
    "reference": (
        MEMORY,
        Column("die", {"last-level cache": ()}),
        Column("", {"cores": ("arithmetic", "die")}, WORKS),
    ),
}


def components(columns: tuple[Column, ...]) -> list[str]:
    """Return the components that the boxes of a diagram stand for."""
    return [name for column in columns for box in column.boxes.values() for name in box]


def svg(columns: tuple[Column, ...]) -> str:
    """Return a diagram as SVG: memory on the left, what computes on the right."""
    rows = max(len(column.boxes) for column in columns)
    tall = rows * BOX + (rows - 1) * GAP
    width = len(columns) * (WIDTH + 3 * GAP) + PAD
    height = HEAD + tall + 2 * PAD
    parts = [_chip(width, height)]
    for number, column in enumerate(columns):
        left = PAD + number * (WIDTH + 3 * GAP)
        parts.append(_text(left + WIDTH / 2, HEAD - 14, column.title, MUTED, 12))
        each = (tall - (len(column.boxes) - 1) * GAP) / len(column.boxes)
        for place, label in enumerate(column.boxes):
            top = HEAD + place * (each + GAP)
            parts.append(_box(left, top, each, label, column.fill))
            if place and column.in_order:
                middle = left + WIDTH / 2
                parts.append(_arrow(middle, top - GAP, middle, top, both=False))
        if number:
            middle = HEAD + tall / 2
            parts.append(_arrow(left - 3 * GAP, middle, left, middle, both=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="{FONT}">\n'
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto-start-reverse">'
        f'<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker></defs>\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _chip(width: float, height: float) -> str:
    left = PAD + WIDTH + 1.5 * GAP
    return (
        f'<rect x="{left}" y="8" width="{width - left - 8}" height="{height - 16}" '
        f'rx="6" fill="none" stroke="{ACCENT}" stroke-dasharray="4 3"/>'
    )


def _box(left: float, top: float, height: float, label: str, fill: str) -> str:
    shape = (
        f'<rect x="{left}" y="{top:g}" width="{WIDTH}" height="{height:g}" rx="4" '
        f'fill="{fill}" stroke="{INK}"/>'
    )
    first, comma, rest = label.partition(", ")
    if len(label) <= 20 or not comma:
        first, rest = label, ""
    middle = top + height / 2 + 4
    lines = [_text(left + WIDTH / 2, middle - (7 if rest else 0), first, INK, 12)]
    if rest:
        lines.append(_text(left + WIDTH / 2, middle + 8, rest, MUTED, 11))
    return shape + "".join(lines)


def _text(x: float, y: float, words: str, colour: str, size: int) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-size="{size}" '
        f'fill="{colour}">{escape(words)}</text>'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float, *, both: bool) -> str:
    begin = ' marker-start="url(#end)"' if both else ""
    return (
        f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" stroke="{INK}"{begin} '
        'marker-end="url(#end)"/>'
    )


def main() -> None:
    """Write all diagrams."""
    for name, columns in DIAGRAMS.items():
        (FOLDER / f"{name}_engine.svg").write_text(svg(columns))


if __name__ == "__main__":
    main()
