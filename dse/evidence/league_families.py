"""The four families of the league: what each may build, and what it skips.

All run the same models, on the same node, from the same main memory, within the same
budget, with up to 16 MiB for activations. SPRINT and Energon compute attention alone; a
plain dense array runs the rest, and both get the same one to choose from. What each
skips is its own method's, at the accuracy floor: from a measured curve where there is
one, else as published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dse.engines.base import Engine
from dse.engines.filter.engine import FilterEngine
from dse.engines.nm.engine import NMEngine
from dse.engines.pair import Pair
from dse.engines.sprint.engine import SprintEngine
from dse.engines.tile.engine import TileEngine
from dse.explore.axes import powers_of_two, tied
from dse.explore.space import Space
from dse.sparsity.curves import Curve
from dse.sparsity.library import load_curve
from dse.workload.ops import Workload
from dse.workload.transformer import transformer

# The suite: BERT-Base on sentences and on paragraphs, as many of either.
MODEL, LENGTHS = "bert-base", (128, 512)
BATCHES = (1, 2, 4, 8)
# Measured on one model and one task, so that one accuracy floor means the same to both.
DYNATRAN, MP_MRF = "minilm-l6/wordnet/dynatran", "minilm-l6/wordnet/mp_mrf"
# As published: pairs kept and accuracy lost, on average over five models.
SPRINT_KEPT, SPRINT_DROP = 0.25, 0.0036
_HALVINGS = 40  # of the settings of a curve


@dataclass(frozen=True)
class Family:
    """One family: its designs, and the suite as thinned out as it can make it."""

    name: str
    space: Space
    suite: tuple[Workload, ...]
    skips: str  # in words
    accuracy_drop: float | None = None  # published; None where the model knows it


def families(accuracy_drop: float, bandwidth_gb_per_s: float) -> list[Family]:
    """Return the four families, as sparse as an accuracy floor allows.

    `accuracy_drop` is a share, 0.01 for a point. A family whose published loss is
    larger runs dense. How many sequences run together is each family's choice.
    """
    bandwidth = {"memory_bandwidth_gb_per_s": bandwidth_gb_per_s}
    return [
        _acceltran(accuracy_drop, bandwidth),
        _sta(bandwidth),
        _sprint(accuracy_drop, bandwidth),
        _energon(accuracy_drop, bandwidth),
    ]


def sparsest_setting(curve: Curve, accuracy_drop: float) -> float:
    """Return the largest setting of a curve that costs no more than some accuracy."""
    low, high = float(curve.settings[0]), float(curve.settings[-1])
    if float(curve.accuracy_drop(high)) <= accuracy_drop:
        return high
    for _ in range(_HALVINGS):  # what is lost never falls with the setting
        middle = 0.5 * (low + high)
        if float(curve.accuracy_drop(middle)) <= accuracy_drop:
            low = middle
        else:
            high = middle
    return low


def _dense() -> tuple[Workload, ...]:
    return tuple(transformer(MODEL, seq_len=n) for n in LENGTHS)


def _allowed(name: str, accuracy_drop: float) -> list[tuple[Curve, float]]:
    """Return for each length its curve, and its sparsest setting within a loss."""
    curves = [load_curve(name, sequence_length=n) for n in LENGTHS]
    return [(curve, sparsest_setting(curve, accuracy_drop)) for curve in curves]


def _pruned(allowed: list[tuple[Curve, float]]) -> tuple[Workload, ...]:
    """Return the suite so pruned; without the curves, of which there is one a length.

    Workloads of a suite are alike but for their numbers.
    """
    pairs = zip(_dense(), allowed, strict=True)
    return tuple(
        w.with_curve(*each, stand_in=True).replace(curve=None) for w, each in pairs
    )


def _at_each_length(shares: Iterable[Any]) -> str:
    return " and ".join(
        f"{float(share):.0%} ({n} tokens)"
        for share, n in zip(shares, LENGTHS, strict=True)
    )


def _acceltran(accuracy_drop: float, bandwidth: dict[str, float]) -> Family:
    allowed = _allowed(DYNATRAN, accuracy_drop)
    suite = _pruned(allowed)
    space = Space(
        TileEngine.edge().replace(**bandwidth, main_memory="dram_16_4_1"),
        pes=powers_of_two(8, 128),
        lanes_per_pe=[8, 16, 32],
        softmax_units_per_pe=[1, 2, 4],
        activation_buffer_mib=powers_of_two(1, 16),
        weight_buffer_mib=[1, 2, 4, 8],
        mask_buffer_mib=tied("weight_buffer_mib / 8"),
        issue_batch=tied("pes / 8"),
        batch=BATCHES,
    )
    zeros = _at_each_length(1.0 - c.density("activations", s) for c, s in allowed)
    skips = f"DynaTran, zeros: {zeros} (measured, MiniLM)"
    return Family("AccelTran", space, suite, skips)


def _sta(bandwidth: dict[str, float]) -> Family:
    space = Space(
        _array().replace(**bandwidth),
        kept=[1, 2, 4],
        group=[4, 8],
        built_kept=tied("kept"),
        built_group=tied("group"),
        softmax_lanes=[64, 256],
        batch=BATCHES,
        **_array_axes(""),
    )
    skips = "N:M weights, the loss of each N:M as measured on BERT-Tiny"
    return Family("STA", space, _dense(), skips)


def _sprint(accuracy_drop: float, bandwidth: dict[str, float]) -> Family:
    allowed = accuracy_drop >= SPRINT_DROP
    kept = SPRINT_KEPT if allowed else 1.0
    machine = SprintEngine.m_sprint().replace(**bandwidth)
    own: dict[str, Any] = {
        "coprocessor.corelets": powers_of_two(1, 32),
        "coprocessor.buffer_kib": [16, 64, 256],
    }
    space = Space(
        Pair(host=_dense_array(bandwidth), coprocessor=machine),
        batch=BATCHES,
        **_array_axes("host."),
        **own,
    )
    suite = tuple(workload.with_attention(kept=kept) for workload in _dense())
    skips = f"scores below a threshold, {kept:.0%} kept (published)"
    return Family("SPRINT", space, suite, skips, SPRINT_DROP if allowed else 0.0)


def _energon(accuracy_drop: float, bandwidth: dict[str, float]) -> Family:
    allowed = _allowed(MP_MRF, accuracy_drop)
    suite = _pruned(allowed)
    machine = FilterEngine.energon_edge().replace(**bandwidth)
    own: dict[str, Any] = {
        "coprocessor.high_bit_multipliers": [256, 512, 1024, 2048],
        "coprocessor.low_bit_multipliers": [1024, 4096],
        "coprocessor.exponent_lanes": tied("coprocessor.high_bit_multipliers / 64"),
        "coprocessor.key_buffer_kib": [32, 128],
        "coprocessor.value_buffer_kib": tied("coprocessor.key_buffer_kib"),
    }
    space = Space(
        Pair(host=_dense_array(bandwidth), coprocessor=machine),
        batch=BATCHES,
        **_array_axes("host."),
        **own,
    )
    kept = _at_each_length(c.kept(s) for c, s in allowed)
    skips = f"pairs in two rounds, kept: {kept} (measured, MiniLM)"
    return Family("Energon", space, suite, skips)


def _array() -> NMEngine:
    """Return an array of 16-bit multipliers with the clock of AccelTran."""
    return NMEngine.edge().replace(value_format="int16", softmax_lanes=64)


def _dense_array(bandwidth: dict[str, float]) -> Engine:
    """Return a plain array, without positions and multiplexers."""
    plain = {"kept": 1, "group": 1, "built_kept": 1, "built_group": 1}
    return _array().replace(**plain, **bandwidth, softmax_lanes=1)


def _array_axes(start: str) -> dict[str, Any]:
    """Return the axes of an array: its sides, and its two large buffers.

    Results leave, and vectors are worked on, as wide as the array is.
    """
    return {
        f"{start}tile_rows": powers_of_two(16, 128),
        f"{start}tile_columns": powers_of_two(16, 128),
        f"{start}tile_depth": [4, 8],
        f"{start}results_per_cycle": tied(f"{start}tile_columns"),
        f"{start}vector_lanes": tied(f"{start}tile_columns"),
        f"{start}weight_buffer_kib": [512, 2048],
        f"{start}activation_buffer_kib": [1024, 4096, 16384],
    }
