"""What N:M weights take to store, against a table worked out by hand."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.engines.nm.codes import (
    CODES,
    binary_entropy,
    compression_ratio,
    legal_pairs,
    nearest_pair,
    position_bits,
    stored_bits,
)
from dse.engines.nm.engine import NMEngine

# N, M: bits of positions, and dense over stored bits at 8 and 16 bits a value; each as
# bitmap, index, rank. 2:4 at 16 bits: 4 * 16 / (2 * 16 + 4) = 64 / 36 = 1.78.
TABLE = {
    (1, 2): ((2, 1, 1), (1.60, 1.78, 1.78), (1.78, 1.88, 1.88)),
    (2, 4): ((4, 4, 3), (1.60, 1.60, 1.68), (1.78, 1.78, 1.83)),
    (1, 4): ((4, 2, 2), (2.67, 3.20, 3.20), (3.20, 3.56, 3.56)),
    (4, 8): ((8, 12, 7), (1.60, 1.45, 1.64), (1.78, 1.68, 1.80)),
    (2, 8): ((8, 6, 5), (2.67, 2.91, 3.05), (3.20, 3.37, 3.46)),
    (1, 8): ((8, 3, 3), (4.00, 5.82, 5.82), (5.33, 6.74, 6.74)),
    (8, 16): ((16, 32, 14), (1.60, 1.33, 1.64), (1.78, 1.60, 1.80)),
    (2, 16): ((16, 8, 7), (4.00, 5.33, 5.57), (5.33, 6.40, 6.56)),
    (1, 16): ((16, 4, 4), (5.33, 10.67, 10.67), (8.00, 12.80, 12.80)),
}
BY_HAND = ("bitmap", "index", "rank")
BEST, VENOM, ENTROPY = (CODES.index(name) for name in ("best", "venom", "entropy"))
RANK = CODES.index("rank")

pairs = st.integers(2, 32).flatmap(
    lambda group: st.tuples(st.integers(1, group - 1), st.just(group))
)


@pytest.mark.parametrize("pair", TABLE, ids=lambda pair: f"{pair[0]}:{pair[1]}")
@pytest.mark.parametrize("code", BY_HAND)
def test_every_code_takes_what_the_table_says(pair: tuple[int, int], code: str) -> None:
    place, column = CODES.index(code), BY_HAND.index(code)
    bits, *ratios = TABLE[pair]
    assert float(position_bits(*pair, place, 64.0)) == bits[column]
    for width, ratio in zip((8.0, 16.0), ratios, strict=True):
        found = compression_ratio(*pair, width=width, code=place)
        assert float(found) == pytest.approx(ratio[column], abs=0.00501)


@given(pairs)
def test_bits_equal_those_of_whole_number_arithmetic(pair: tuple[int, int]) -> None:
    kept, group = pair
    address = (group - 1).bit_length()
    exact = {
        "bitmap": group,
        "index": kept * address,
        "rank": (math.comb(group, kept) - 1).bit_length(),
        "best": min(group, kept * address),
    }
    for code, bits in exact.items():
        assert float(position_bits(kept, group, CODES.index(code), 64.0)) == bits


@pytest.mark.parametrize("code", range(len(CODES)), ids=CODES)
def test_dense_weights_are_stored_plain(code: int) -> None:
    assert float(position_bits(4.0, 4.0, code, 64.0)) == 0.0
    assert float(compression_ratio(8.0, 8.0, width=8.0, code=code)) == 1.0


@pytest.mark.parametrize(("strip", "group"), [(64, 8), (128, 16), (32, 10)])
def test_a_venom_tile_takes_values_choices_and_four_columns(
    strip: int, group: int
) -> None:
    # V N b + 2 V N + 4 ceil(log2 M) bits for a tile of V rows, N = 2 and b = 16.
    by_hand = strip * 2 * 16 + 2 * strip * 2 + 4 * math.ceil(math.log2(group))
    row = stored_bits(2.0, group, width=16.0, code=VENOM, strip_rows=float(strip))
    assert float(row) * strip == pytest.approx(by_hand, rel=1e-6)


def test_unstructured_weights_are_the_limit_of_large_groups() -> None:
    # A quarter kept: H(1/4) = 2 - 3/4 log2 3 bits say where, for each value.
    unstructured = 2 - 0.75 * math.log2(3)
    assert float(binary_entropy(0.25)) == pytest.approx(unstructured, rel=1e-6)
    with jax.enable_x64(True):
        ranks = [
            float(position_bits(m / 4, m, RANK, 64.0)) / m for m in (8, 64, 512, 4096)
        ]
        entropy = float(position_bits(1024.0, 4096.0, ENTROPY, 64.0)) / 4096
    assert entropy == pytest.approx(unstructured, rel=1e-6)
    gaps = [abs(rank - unstructured) for rank in ranks]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.002


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_all_or_none_is_kept_nothing_needs_to_be_said(share: float) -> None:
    bits, slope = jax.value_and_grad(binary_entropy)(share)
    assert float(bits) == pytest.approx(0.0, abs=1e-5)
    assert bool(jnp.isfinite(slope))


def test_a_tile_has_the_rows_that_its_machine_and_its_code_both_assume() -> None:
    machine = NMEngine(position_code="venom")
    assert machine.strip_rows == 64
    own = stored_bits(
        2.0, 8.0, width=8.0, code=VENOM, strip_rows=jnp.asarray(machine.strip_rows)
    )
    assert float(own) == float(stored_bits(2.0, 8.0, width=8.0, code=VENOM))


bits_and_slopes = jax.jit(
    lambda pair, code: jax.value_and_grad(lambda p: position_bits(*p, code, 64.0))(pair)
)


@given(st.floats(1.0, 8.0), st.floats(8.01, 16.0))
def test_relaxed_pairs_have_finite_bits_and_gradients(
    kept: float, group: float
) -> None:
    for code in range(len(CODES)):
        bits, gradient = bits_and_slopes((kept, group), code)
        assert 0.0 <= float(bits) < 100.0
        assert all(bool(jnp.isfinite(g)) for g in gradient)


def test_legal_pairs_are_dense_or_a_power_of_two_wide() -> None:
    assert legal_pairs(2, 8) == [(1, 1), (1, 2), (2, 4), (1, 4), (2, 8), (1, 8)]


@given(pairs)
def test_a_legal_pair_rounds_to_itself(pair: tuple[int, int]) -> None:
    near = nearest_pair(*map(float, pair), largest_kept=16, largest_group=32)
    if pair in legal_pairs(16, 32):
        assert near == pair


def test_a_relaxed_pair_rounds_to_the_nearest_density() -> None:
    assert nearest_pair(1.9, 8.3, largest_kept=4, largest_group=8) == (2, 8)
    assert nearest_pair(3.9, 4.0, largest_kept=4, largest_group=8) == (1, 1)
