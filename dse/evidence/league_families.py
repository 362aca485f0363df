"""The four families of the league: what each may build, and what it skips.

All run the same models on the same node, with the same multipliers, vector lanes,
buffers, main memory and clock, and choose among as many multipliers, buffers and
batches. SPRINT and Energon compute attention alone; a plain dense array runs the rest,
and both get the same one to choose from. What each skips is its own method's, at the
accuracy floor: from a measured curve where there is one, else as published.
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
from dse.hardware.main_memory import FILE as MEMORIES
from dse.hardware.technology import load_technology
from dse.sparsity.curves import Curve
from dse.sparsity.library import load_curve
from dse.workload.ops import Workload
from dse.workload.transformer import transformer

# The suite: BERT-Base on sentences and on paragraphs, as many of either.
MODEL, LENGTHS = "bert-base", (128, 512)
BATCHES = (1, 2, 4, 8, 16, 32)
CLOCK_MHZ = 700.0  # at which the shared parts were synthesised
WORD_BITS = 16.0  # of all but AccelTran, of whose words no shorter ones were measured
WEIGHTS_MIB, ACTIVATIONS_MIB = (1, 2, 4, 8), (1, 2, 4, 8, 16, 32)
LANES = (16, 64, 256, 1024)  # of a vector unit, or of one for softmax
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


def families(
    accuracy_drop: float, memory: str, bandwidth_gb_per_s: float
) -> list[Family]:
    """Return the four families, as sparse as an accuracy floor allows.

    `accuracy_drop` is a share, 0.01 for a point; `memory` is a kind of `KINDS`. A
    family whose published loss is larger runs dense.
    """
    clock_and_port = {
        "memory_bandwidth_gb_per_s": bandwidth_gb_per_s,
        "clock_mhz": CLOCK_MHZ,
    }
    fields = clock_and_port | {"main_memory": memory}
    return [
        _acceltran(accuracy_drop, fields),
        _sta(fields),
        _sprint(accuracy_drop, fields, clock_and_port),
        _energon(accuracy_drop, fields),
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
    """Return the suite so pruned."""
    pairs = zip(_dense(), allowed, strict=True)
    return tuple(w.with_curve(*each, stand_in=True) for w, each in pairs)


def _at_each_length(shares: Iterable[Any]) -> str:
    return " and ".join(
        f"{float(share):.0%} ({n} tokens)"
        for share, n in zip(shares, LENGTHS, strict=True)
    )


def _acceltran(accuracy_drop: float, fields: dict[str, Any]) -> Family:
    allowed = _allowed(DYNATRAN, accuracy_drop)
    space = Space(
        TileEngine.edge().replace(**fields),
        pes=powers_of_two(8, 256),
        lanes_per_pe=[8, 16, 32, 64],
        tile_size=[8, 16, 32],
        softmax_units_per_pe=[1, 2, 4, 8],
        activation_buffer_mib=ACTIVATIONS_MIB,
        weight_buffer_mib=WEIGHTS_MIB,
        mask_buffer_mib=tied("weight_buffer_mib / 8"),
        issue_batch=tied("pes / 8"),
        batch=BATCHES,
    )
    zeros = _at_each_length(1.0 - c.density("activations", s) for c, s in allowed)
    skips = f"DynaTran, zeros: {zeros} (measured, MiniLM)"
    return Family("AccelTran", space, _pruned(allowed), skips)


def _sta(fields: dict[str, Any]) -> Family:
    space = Space(
        _array(fields),
        kept=[1, 2, 4],
        group=[4, 8],
        built_kept=tied("kept"),
        built_group=tied("group"),
        softmax_lanes=LANES,
        index_buffer_kib=tied("3 * weight_buffer_kib / 16"),
        batch=BATCHES,
        **_array_axes(""),
    )
    skips = "N:M weights, the loss of each N:M as measured on BERT-Tiny"
    return Family("STA", space, _dense(), skips)


def _sprint(
    accuracy_drop: float, fields: dict[str, Any], clock_and_port: dict[str, Any]
) -> Family:
    """Return SPRINT beside an array; it computes in a ReRAM of its own."""
    allowed = accuracy_drop >= SPRINT_DROP
    kept = SPRINT_KEPT if allowed else 1.0
    stack = load_technology(MEMORIES)["rram.capacity"] / 2.0**30
    machine = SprintEngine.m_sprint().replace(
        **clock_and_port, word_bits=WORD_BITS, memory_gib=stack
    )
    own: dict[str, Any] = {
        "coprocessor.corelets": powers_of_two(1, 32),
        "coprocessor.multipliers": [32, 64, 128],
        "coprocessor.buffer_kib": [16, 64, 256],
    }
    space = Space(
        Pair(host=_dense_array(fields), coprocessor=machine),
        batch=BATCHES,
        **_array_axes("host."),
        **own,
    )
    suite = tuple(workload.with_attention(kept=kept) for workload in _dense())
    skips = f"scores below a threshold, {kept:.0%} kept (published)"
    return Family("SPRINT", space, suite, skips, SPRINT_DROP if allowed else 0.0)


def _energon(accuracy_drop: float, fields: dict[str, Any]) -> Family:
    allowed = _allowed(MP_MRF, accuracy_drop)
    machine = FilterEngine.energon_edge().replace(**fields, word_bits=WORD_BITS)
    own: dict[str, Any] = {
        "coprocessor.high_bit_multipliers": [512, 2048, 8192, 32768],
        "coprocessor.low_bit_multipliers": [4096, 16384, 65536],
        "coprocessor.exponent_lanes": LANES,
        "coprocessor.divider_lanes": tied("coprocessor.exponent_lanes"),
        "coprocessor.selector_lanes": tied("coprocessor.low_bit_multipliers / 64"),
        "coprocessor.key_buffer_kib": [32, 128],
        "coprocessor.value_buffer_kib": tied("coprocessor.key_buffer_kib"),
    }
    space = Space(
        Pair(host=_dense_array(fields), coprocessor=machine),
        batch=BATCHES,
        **_array_axes("host."),
        **own,
    )
    kept = _at_each_length(c.kept(s) for c, s in allowed)
    skips = f"pairs in two rounds, kept: {kept} (measured, MiniLM)"
    return Family("Energon", space, _pruned(allowed), skips)


def _array(fields: dict[str, Any]) -> NMEngine:
    return NMEngine.edge().replace(**fields, value_format="int16")


def _dense_array(fields: dict[str, Any]) -> Engine:
    """Return a plain array, without positions, multiplexers and softmax."""
    plain = {"kept": 1, "group": 1, "built_kept": 1, "built_group": 1}
    return _array(fields).replace(**plain, index_buffer_kib=1e-3, softmax_lanes=1)


def _array_axes(start: str) -> dict[str, Any]:
    """Return the axes of an array: its sides, vector lanes and two large buffers.

    Results leave it as wide as it is.
    """
    return {
        f"{start}tile_rows": powers_of_two(16, 256),
        f"{start}tile_columns": powers_of_two(16, 256),
        f"{start}tile_depth": [4, 8],
        f"{start}results_per_cycle": tied(f"{start}tile_columns"),
        f"{start}vector_lanes": LANES,
        f"{start}weight_buffer_kib": [1024 * mib for mib in WEIGHTS_MIB],
        f"{start}activation_buffer_kib": [1024 * mib for mib in ACTIVATIONS_MIB],
    }
