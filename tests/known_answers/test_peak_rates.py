"""Peak rates by hand: 2 operations a multiplier and cycle, of one machine a family."""

from __future__ import annotations

from typing import Any

import pytest

import dse

PEAKS: list[tuple[Any, float]] = [
    # 512 multipliers at 700 MHz, and of every 4 weights 2 are skipped
    (
        dse.NMEngine(tile_rows=16, tile_columns=16, tile_depth=2, kept=2, group=4),
        2 * 512 * 2 * 700e6,
    ),
    (dse.NMEngine(kept=1, group=4), 2 * 1024 * 4 * 700e6),
    # 3 CORELETs of 64 multipliers for QK and as many for V, at 500 MHz
    (
        dse.SprintEngine.s_sprint().replace(corelets=3, clock_mhz=500),
        2 * 3 * (64 + 64) * 500e6,
    ),
    (dse.FilterEngine.energon_edge().replace(clock_mhz=500), 2 * 512 * 500e6),
    (dse.ReferenceMachine.a100(), 312e12),
]


# 168 tiles of 96 arrays multiply 128 inputs by the 16 weights of their columns in 16
# slices of 100 ns; 336 lanes multiply once a cycle of 1 ns.
def test_isaacs_peak_is_that_of_its_arrays_and_lanes() -> None:
    isaac = dse.CrossbarEngine.isaac()
    peak = 2 * 168 * 96 * 128 * 16 / 1.6e-6 + 2 * 336 * 1e9
    found = isaac.peak_rate(isaac.default_technology())
    assert float(found) == pytest.approx(peak, rel=1e-6)


# 50 of 128 rows at a time: all take 3 turns of 1.6 us, 42.7 rows a turn; 100 of them
# take 2 turns, 50 a turn, and that is the peak.
def test_a_peak_is_of_products_that_leave_no_turn_of_rows_half_empty() -> None:
    isaac = dse.CrossbarEngine.isaac().replace(active_rows=50)
    peak = 2 * 168 * 96 * 50 * 16 / 1.6e-6 + 2 * 336 * 1e9
    found = isaac.peak_rate(isaac.default_technology())
    assert float(found) == pytest.approx(peak, rel=1e-5)


@pytest.mark.parametrize(
    ("machine", "peak"), PEAKS, ids=lambda case: type(case).__name__
)
def test_a_peak_is_two_operations_a_multiplier_and_cycle(
    machine: dse.Engine, peak: float
) -> None:
    found = machine.peak_rate(machine.default_technology())
    assert float(found) == pytest.approx(peak, rel=1e-9)
