"""What one head costs a SPRINT-type machine in energy, by component."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dse.arrays import Number
from dse.engines.base import Op, Run
from dse.engines.sprint.pairs import Pairs
from dse.engines.word_length import adder_size, multiplier_size
from dse.hardware import shared_parts, sram
from dse.hardware.shared_parts import SOFTMAX_PASSES
from dse.hardware.technology import Technology

if TYPE_CHECKING:
    from dse.engines.sprint.engine import SprintEngine

FITTED_KIB = 16.0  # buffers of a CORELET whose access energy is known
FITTED_WORD_BITS = 8.0  # of the multipliers whose energy and area are known
FITTED_PRUNING_BITS = 4.0  # of both operands of an in-memory product that is known


def head_energy(
    design: SprintEngine,
    op: Op,
    run: Run,
    technology: Technology,
    pair: Pairs,
    *,
    read: Number,
    written: Number,
) -> dict[str, Number]:
    """Return the energy of one head in J; `read` and `written` are bits of memory.

        read (e_read + e_sram) + written e_write
        + scored d (b e_sram + e_mac) + weighed (d' (b e_sram + e_mac) + e_softmax)
        + thresholded (d e_imc + e_comparator)

    Source: yazdanbakhsh2022sprint, energy by model (equation reconstructed from it).
    """
    word = design.words(run).kept.cache_bits
    scored, weighed = op.inner * pair.scored, op.inner * op.value_ratio * pair.weighed
    memory = design.memory(technology)
    read_energy, write_energy = bit_energies(design, technology)
    interface = {} if memory is None else memory.energy(read, written)
    interface = {k: v for k, v in interface.items() if k == "memory_interface"}
    buffer = access_energy(design, technology)
    mac, softmax = unit_energies(design, technology)
    thresholded = jnp.where(design.prunes_in_memory, pair.queries * pair.stored_keys, 0)
    return interface | {
        "main_memory_read": read * read_energy,
        "main_memory_write": written * write_energy,
        "in_memory_pruning": thresholded * _threshold_energy(design, op, technology),
        "buffer_write": read * buffer,
        "buffer_read": (scored + weighed) * word * buffer,
        "qk_units": scored * mac,
        "v_units": weighed * mac,
        "softmax": pair.weighed * softmax,
    }


def bit_energies(design: SprintEngine, technology: Technology) -> tuple[Number, Number]:
    """Return the energy of a bit read from ReRAM, and of one written, in J."""
    memory = design.memory(technology)
    if memory is not None:
        return memory.read_energy, memory.write_energy
    return (
        technology["main_memory.read_energy"],
        technology["main_memory.write_energy"],
    )


def unit_energies(
    design: SprintEngine, technology: Technology
) -> tuple[Number, Number]:
    """Return the energy in J of a multiply-accumulate, and of a score's softmax."""
    bits = design.word_bits
    if shared_parts.are_shared(technology):
        lane = shared_parts.vector_lane(technology, bits)
        mac = shared_parts.multiplier(technology, bits, bits)
        return mac.energy, SOFTMAX_PASSES * lane.energy
    return (
        technology["corelet.energy_mac"]
        * multiplier_size(bits, bits, FITTED_WORD_BITS),
        technology["corelet.energy_softmax"] * adder_size(bits, FITTED_WORD_BITS),
    )


def access_energy(design: SprintEngine, technology: Technology) -> Number:
    """Return the energy of one bit in or out of a buffer in J: e sqrt(KiB / 16 KiB).

    The size is that of the buffers of one CORELET.
    """
    size = design.buffer_kib / design.corelets
    if sram.has_law(technology):
        return sram.bit_energy(technology, size / 1024.0)
    return technology["buffer.access_energy"] * jnp.sqrt(size / FITTED_KIB)


def _threshold_energy(design: SprintEngine, op: Op, technology: Technology) -> Number:
    """Return the energy of one key against one query in J, in the columns of ReRAM.

    A product of m by m bits costs (m / 4)^2 of one of 4 by 4: as many pulses, and as
    much current, as there are steps. Assumed; known at 4 only.
    """
    product = (design.pruning_bits / FITTED_PRUNING_BITS) ** 2
    return (
        op.inner * product * technology["main_memory.mac_energy"]
        + technology["main_memory.comparator_energy"]
    )
