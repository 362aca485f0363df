"""Rules that choose query-key pairs do what NumPy does plainly, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from dse.measure.policies.fixed_point import codes, top_bits
from dse.measure.policies.mp_mrf import MpMrf
from dse.measure.policies.sprint import Sprint, calibrate, machine_scores
from dse.measure.policies.top_k import TopK, kth_largest

Select = Callable[[Any, int, Any], Any]


def rows(pairs: Any) -> Iterator[tuple[tuple[int, int, int], np.ndarray]]:
    """Every query and the keys it may see; those of padding see none."""
    allowed = np.asarray(pairs.allowed)
    for place in np.ndindex(allowed.shape[:3]):
        yield place, np.flatnonzero(allowed[place])


def plain_codes(values: Any, allowed: np.ndarray, bits: int) -> np.ndarray:
    """Codes of one head of one sequence: [tokens, width]."""
    real = allowed.any(-1) | allowed.any(-2)
    values = np.asarray(values, np.float64) * real[:, None]
    return np.round(values / np.abs(values).max() * (2 ** (bits - 1) - 1)).astype(int)


def test_fewer_bits_of_a_code_are_a_prefix_of_more() -> None:
    values = jnp.linspace(-1, 1, 101).reshape(1, 1, -1, 1)
    code, step = codes(values, jnp.ones((1, 1, 101), bool), 16)
    assert (code.min(), code.max()) == (-32767, 32767)
    np.testing.assert_allclose(code * step, values, atol=0.5 / 32767)
    four, two = top_bits(code, 16, 4), top_bits(code, 16, 2)
    np.testing.assert_array_equal(two, np.asarray(four, int) >> 2)
    assert set(np.asarray(two).ravel()) == {-2, -1, 0, 1}


def test_the_kth_largest_is_that_of_a_sort() -> None:
    values = np.random.default_rng(0).normal(size=(5, 30)).astype(np.float32)
    values[0, :20], values[1, 3], values[2, :] = -np.inf, 0.0, -1.5
    for k in (1, 2, 7, 30):
        found = kth_largest(jnp.asarray(values), jnp.full((5, 1), k))
        np.testing.assert_array_equal(found[:, 0], -np.sort(-values, axis=1)[:, k - 1])


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 1.0])
def test_top_k_keeps_the_largest_of_each_row(
    pairs: Any, select: Select, share: float
) -> None:
    found = select(TopK(share=share), 0, pairs).rounds[0]
    for place, keys in rows(pairs):
        count = int(np.ceil(round(share * len(keys), 6)))
        best = keys[np.argsort(-np.asarray(pairs.scores)[place][keys])[:count]]
        assert set(np.flatnonzero(found[place])) == set(best)


def plain_round(scores: np.ndarray, keys: np.ndarray, mix: float) -> np.ndarray:
    if not len(keys):
        return keys
    seen = scores[keys]
    end = seen.max() if mix >= 0 else seen.min()
    threshold = abs(mix) * end + (1 - abs(mix)) * seen.mean()
    return keys[seen >= threshold - 1e-3]


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (-0.4, 0.3), (0.7, -0.2)])
def test_mp_mrf_filters_in_two_rounds(
    pairs: Any, select: Select, first: float, second: float, reuse: bool
) -> None:
    rule = MpMrf(first=first, second=second, reuse=reuse)
    left, kept = select(rule, 0, pairs).rounds
    allowed = np.asarray(pairs.allowed)
    for place, keys in rows(pairs):
        b, h, i = place
        q, k = (
            plain_codes(v[b, h], allowed[b, h], 16) for v in (pairs.query, pairs.key)
        )
        survivors = plain_round((k >> 14) @ (q[i] >> 12), keys, first)
        assert set(np.flatnonzero(left[place])) == set(survivors)
        survivors = plain_round((k >> 12) @ (q[i] >> 12), survivors, second)
        assert set(np.flatnonzero(kept[place])) == set(survivors)


def test_reuse_halves_the_work_of_the_second_round() -> None:
    assert MpMrf(first=0.0, second=0.0).filter_work(0.5) == 1.5
    assert MpMrf(first=0.0, second=0.0, reuse=False).filter_work(0.5) == 2.0


def test_every_query_keeps_its_best_key_in_mp_mrf(pairs: Any, select: Select) -> None:
    kept = select(MpMrf(first=1.0, second=1.0), 0, pairs).rounds[-1]
    seen = np.asarray(pairs.allowed).any(-1)
    np.testing.assert_array_equal(np.asarray(kept).any(-1), seen)


def plain_coarse(pairs: Any, place: tuple[int, int, int]) -> np.ndarray:
    """Scores of four bits: each code stands for the middle of its sixteen."""
    b, h, i = place
    allowed = np.asarray(pairs.allowed)[b, h]
    q, k = (plain_codes(v[b, h], allowed, 8) for v in (pairs.query, pairs.key))
    real = np.flatnonzero(allowed.any(-1))
    steps = [np.abs(np.asarray(v[b, h])[real]).max() / 127 for v in pairs[:2]]
    middle = [(c >> 4) * 16 + 7.5 for c in (q, k)]
    return middle[1] @ middle[0][i] * np.prod(steps) / pairs.query.shape[-1] ** 0.5


@pytest.mark.parametrize("recompute", [True, False])
def test_sprint_keeps_what_passes_the_threshold_of_its_layer(
    pairs: Any, select: Select, recompute: bool
) -> None:
    rule = Sprint(thresholds=jnp.asarray([9.0, 0.3]), recompute=recompute)
    scores, (kept,) = select(rule, 1, pairs)
    for place, keys in rows(pairs):
        coarse = plain_coarse(pairs, place)
        assert set(np.flatnonzero(kept[place])) == set(keys[coarse[keys] >= 0.3])
        wanted = np.asarray(pairs.scores)[place][keys] if recompute else coarse[keys]
        # Eight bits are half a step of 1/127 off for each of two operands.
        error = 0.1 if recompute else 1e-5
        np.testing.assert_allclose(scores[place][keys], wanted, atol=error)


def test_sprint_calibrates_to_the_share_it_is_asked_for(
    pairs: Any, select: Select
) -> None:
    layers = [pairs.query, 2 * pairs.query], [pairs.key, pairs.key]
    thresholds = calibrate(*layers, pairs.allowed, 0.25)
    for layer, (query, key) in enumerate(zip(*layers, strict=True)):
        rule = Sprint(thresholds=thresholds)
        given = pairs._replace(query=query, key=key)
        kept = select(rule, layer, given).rounds[0]
        assert kept.sum() / pairs.allowed.sum() == pytest.approx(0.25, abs=0.01)


def test_comparator_noise_moves_pairs_across_the_threshold_and_is_repeatable(
    pairs: Any, select: Select
) -> None:
    def kept(**how: Any) -> np.ndarray:
        rule = Sprint(thresholds=jnp.zeros(1), **how)
        return np.asarray(select(rule, 0, pairs).rounds[0])

    full = machine_scores(*pairs[:2], pairs.allowed)[2]
    assert float(full.min()) > float(pairs.scores.max())
    np.testing.assert_array_equal(kept(noise=0.1), kept(noise=0.1))
    moved = [(kept() != kept(noise=noise)).mean() for noise in (0.0, 0.02, 0.2)]
    assert moved[0] == 0 < moved[1] < moved[2]
    assert (kept(noise=0.1) != kept(noise=0.1, seed=1)).any()
