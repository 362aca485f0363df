"""What the model says where Energon's figures were published; functions for JAX."""

from __future__ import annotations

from typing import Any

from dse.arrays import Number
from dse.engines.filter.engine import FilterEngine
from dse.engines.tile.engine import TileEngine
from dse.evaluation import metrics
from dse.hardware.technology import Technology
from dse.workload.ops import Workload
from dse.workload.transformer import transformer

# SQuAD's length: the longest of the encoders that the family is evaluated on.
PUBLISHED_LENGTH = 384
_BERT = transformer("bert-base", seq_len=PUBLISHED_LENGTH).attention_only()
_SHORT = transformer("bert-base", seq_len=128)
# SOFA's generic prediction: 4 bits by 4 bits, a fifth of the pairs kept.
_GENERIC = {"rounds": 1.0, "query_bits": 4.0, "first_round_bits": 4.0}
_GENERIC_KEPT = 0.2
# The default of AccelTran's simulator: half of all activations and weights.
_ACCELTRAN_DENSITY = 0.5


def kept_for(machine: FilterEngine, saved: Number, kept_first_round: Number) -> Number:
    """Return the share of pairs kept where a share of the attention's work is saved.

        saved = 1 - kept - filtering;  filtering in products of bits, over 2 w^2

    Net savings are told with the cost of the prediction taken off (SOFA, table II). A
    second round that reuses the first adds as many bits again on what is left.
    """
    second = (machine.rounds - 1.0) * kept_first_round
    bits = machine.query_bits * machine.first_round_bits * (1.0 + second)
    return 1.0 - saved - bits / (2.0 * machine.word_bits**2)


def published_run(
    machine: FilterEngine, technology: Technology, saved: float
) -> Workload:
    """Return BERT-Base's attention as thinned out as the comparison says."""
    first = technology["published_run.kept_first_round"]
    kept = kept_for(machine, saved, first)
    return _BERT.with_attention(kept=kept, kept_first_round=first)


def table_row(machine: FilterEngine, technology: Technology, saved: float) -> Any:
    """Return area, powers and rate of a machine, as a row of SOFA's table II."""
    found = metrics(
        machine, published_run(machine, technology, saved), technology, "walk"
    )
    core = (found.energy - found.energy_by_component["main_memory"]) * found.throughput
    memory = machine.memory_power(technology)
    return {
        "gops": found.effective_rate / 1e9,
        "area": found.area * 1e6,
        "core": core,
        "io": memory,
        "io_share": memory / (memory + core),
        "io_share_of_run": 1.0 - core / found.power,
    }


def energon_row(technology: Technology, saved: float) -> Any:
    """Return Energon's row, and what prediction costs beside the attention itself."""
    machine = FilterEngine.described(technology, "edge")
    generic = machine.replace(**_GENERIC)
    found = metrics(
        generic, _BERT.with_attention(kept=_GENERIC_KEPT), technology, "walk"
    )
    spent = found.dynamic_energy
    ratio = spent["filtering_unit"] / spent["attention_unit"]
    return table_row(machine, technology, saved) | {"prediction": ratio}


def server_over_energon(
    acceltran: Technology, energon: Technology, saved: float
) -> Any:
    """Return throughput and energy of AccelTran-Server over Energon-server.

    On the attention of BERT-Base, 128 tokens, the one thing that both can run alone.
    """
    server, rival = TileEngine.server(), FilterEngine.described(energon, "server")
    first = energon["published_run.kept_first_round"]
    attention = _SHORT.replace(batch=4.0).attention_only()
    half = attention.with_density(
        activation=_ACCELTRAN_DENSITY, weight=_ACCELTRAN_DENSITY
    )
    thinned = attention.with_attention(
        kept=kept_for(rival, saved, first), kept_first_round=first
    )
    ours = metrics(server, half, acceltran, "walk")
    theirs = metrics(rival, thinned, energon, "walk")
    buffers = [v for k, v in ours.dynamic_energy.items() if k.endswith("_buffer")]
    return {
        "throughput": ours.throughput / theirs.throughput,
        "energy": theirs.energy / ours.energy,
        "server_leakage": sum(ours.leakage_energy.values()) / ours.energy,
        "server_buffers": sum(buffers) / ours.energy,
    }
