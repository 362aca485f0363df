"""What is counted of a run, on runs small enough to count by hand."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.measure import statistics
from dse.measure.balance import BINS, histogram_of, mean, percentile, tile_shares
from dse.measure.bert import FIRST_SITE, SITES, Trace
from dse.measure.locality import reuse_by_capacity


def trace_of(kept: list[list[int]], *, tokens: int = 4) -> tuple[Trace, np.ndarray]:
    """A run of one head of one layer on three real tokens and one of padding."""
    present = np.arange(tokens)[None] < 3
    pairs = jnp.asarray(kept, bool)[None, None]
    allowed = jnp.asarray(present[:, None, :, None] & present[:, None, None, :])
    values = jnp.asarray([[[1.0, 0.0], [2.0, 3.0], [0.0, 0.0], [4.0, 5.0]]])
    heads = values[:, None]
    sites = {site: [values] for site in (*SITES, FIRST_SITE)}
    sites |= {site: [heads] for site in ("query", "key", "value")}
    sites |= {site: [pairs * 1.0] for site in ("scores", "softmax")}
    return Trace(values, sites, [(allowed, pairs)], allowed), present


KEPT = [[1, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def counted() -> statistics.Sums:
    trace, present = trace_of(KEPT)
    return statistics.add(None, statistics.count(trace, jnp.asarray(present)))


def test_densities_leave_padding_out() -> None:
    density = counted()["density"]
    # Of 3 real tokens x 2 values, 1, 2 and 3 are not zero.
    assert statistics.share(density["query"]).tolist() == [0.5]
    assert statistics.share(density["activation"]).tolist() == [0.5]
    # Of 3 x 3 pairs of real tokens, 5 are kept.
    assert statistics.share(density["softmax"], pooled=True) == pytest.approx(5 / 9)
    # 11 sites of 6 values, half of them zero, and two of 9 pairs.
    found = statistics.pooled_density(counted())
    assert found == pytest.approx((11 * 3 + 2 * 5) / (11 * 6 + 2 * 9))


def test_pairs_are_counted_by_round_block_and_neighbour() -> None:
    sums = counted()
    np.testing.assert_allclose(statistics.share(sums["rounds"]), [[1, 5 / 9]])
    # Keys 1 and 2 of the second query, key 1 of the third: two of three were kept.
    assert statistics.share(sums["overlap"], pooled=True) == pytest.approx(2 / 3)
    union = statistics.share(sums["union"], pooled=True)
    assert union[0] == pytest.approx(5 / 9)  # blocks of one real query
    assert union[1] == pytest.approx(3 / 3)  # the one whole block of two: keys 0, 1, 2


def test_batches_add_up() -> None:
    trace, present = trace_of(KEPT)
    once = statistics.count(trace, jnp.asarray(present))
    twice = statistics.add(statistics.add(None, once), once)
    assert statistics.pooled_density(twice) == statistics.pooled_density(counted())
    assert (twice["rounds"][1] == 2 * counted()["rounds"][1]).all()


def test_a_buffer_holds_the_keys_used_last() -> None:
    # Queries keep {0, 1}, {2}, {0, 2}, {1}. A buffer of two keys holds {0, 1}; then
    # {1, 2}, for 0 was used before 1; then {0, 2}. Of the three uses that are not the
    # first of their key (0 and 2 by the third query, 1 by the fourth), it has one.
    kept = np.zeros((1, 4, 4), bool)
    for query, keys in enumerate(([0, 1], [2], [0, 2], [1])):
        kept[0, query, keys] = True
    hits, again = reuse_by_capacity(kept, np.asarray([4]), (0.25, 0.5, 0.75, 1.0))
    assert again == 3
    assert hits.tolist() == [1, 1, 3, 3]


@given(st.integers(0, 20))
def test_a_larger_buffer_never_misses_more_and_a_full_one_never(seed: int) -> None:
    kept = np.random.default_rng(seed).random((3, 12, 10)) < 0.3
    hits, again = reuse_by_capacity(kept, np.full(3, 10))
    assert (np.diff(hits) >= 0).all()
    assert hits[-1] == again


def plain_buffer(kept: np.ndarray, room: int) -> int:
    """Hits of one head: keys in a list, the ones used last at its end."""
    held: list[int] = []
    hits = 0
    for row in kept:
        keys = np.flatnonzero(row).tolist()
        hits += sum(key in held[-room:] for key in keys)
        held = [key for key in held if key not in keys] + keys
    return hits


@given(st.integers(0, 20), st.integers(1, 10))
def test_reuse_is_that_of_a_buffer_run_key_by_key(seed: int, room: int) -> None:
    kept = np.random.default_rng(seed).random((12, 10)) < 0.3
    hits, _ = reuse_by_capacity(kept[None], np.asarray([10]), (room / 10,))
    assert hits[0] == plain_buffer(kept, room)


@given(st.integers(0, 20), st.sampled_from([2, 4, 16]))
def test_tile_shares_are_those_of_the_multiplications_counted(
    seed: int, size: int
) -> None:
    draw = np.random.default_rng(seed)
    left, right = draw.random((9, 8)) < 0.5, draw.random((8, 12)) < 0.7
    real = (np.arange(9) < 7, np.ones(8, bool), np.ones(12, bool))
    shares, valid = tile_shares(
        jnp.asarray(left), jnp.asarray(right), size, tuple(map(jnp.asarray, real))
    )
    useful = left[:, :, None] & right[None]  # [rows, inner, columns]
    r, s, c = (min(size, axis) for axis in useful.shape)
    for i, j, k in np.ndindex(*shares.shape):
        tile = useful[i * r : (i + 1) * r, j * s : (j + 1) * s, k * c : (k + 1) * c]
        assert shares[i, j, k] == pytest.approx(tile.mean(), abs=1e-6)
        assert valid[i, j, k] == ((i + 1) * r <= 7)


def test_a_slow_tile_is_held_against_the_mean_of_tiles_of_its_size() -> None:
    # Tiles of 5 leave out rows that tiles of 2 and 4 hold: their means differ.
    rows, inner, columns, real = 9, 8, 8, 8
    left = np.zeros((rows, inner), bool)
    left[4:] = True
    left[6, ::2] = False
    right = np.random.default_rng(1).random((inner, columns)) < 0.6
    masks = (np.arange(rows) < real, np.ones(inner, bool), np.ones(columns, bool))
    useful = left[:, :, None] & right[None]
    for size in (2, 4, 5):
        tiles = [
            useful[i : i + size, j : j + size, k : k + size].mean()
            for i in range(0, real - size + 1, size)
            for j in range(0, inner - size + 1, size)
            for k in range(0, columns - size + 1, size)
        ]
        shares, valid = tile_shares(
            jnp.asarray(left), jnp.asarray(right), size, tuple(map(jnp.asarray, masks))
        )
        found = np.asarray(histogram_of(shares, valid))[None]
        assert mean(found)[0] == pytest.approx(np.mean(tiles), abs=1 / BINS)
        slow = sorted(tiles)[math.ceil(0.95 * len(tiles)) - 1]
        assert percentile(found, 0.95)[0] == pytest.approx(slow, abs=1 / BINS)


def test_percentiles_are_read_off_a_histogram() -> None:
    histogram = np.zeros((1, BINS + 1))
    histogram[0, [0, BINS // 2, BINS]] = 50, 45, 5
    assert percentile(histogram, 0.5)[0] == 0.0
    assert percentile(histogram, 0.95)[0] == 0.5
    assert percentile(histogram, 0.96)[0] == 1.0
    assert mean(histogram)[0] == pytest.approx(0.45 * 0.5 + 0.05)
