"""Which number to measure next: by what knowing it would change."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import dse
from dse.errors import InputError
from dse.explore.value_of_measuring import turned_by, value_of_knowing

TINY = dse.transformer("bert-tiny", seq_len=32)
EDGE = dse.TileEngine.edge()


def test_the_value_of_a_normal_number_is_that_of_the_textbook() -> None:
    """Of 0 and theta ~ N(0, 1) who knows theta has E max(0, -theta) = 1/sqrt(2 pi)."""
    random = np.random.default_rng(0)
    theta, other = random.standard_normal((2, 40_000))
    costs = np.stack([np.zeros_like(theta), theta + 0.3 * other])
    found = value_of_knowing(costs, {"theta": theta, "none": random.random(40_000)})
    changes, gain = found["theta"]
    assert gain == pytest.approx(math.expm1(1.0 / math.sqrt(2.0 * math.pi)), rel=0.05)
    assert changes == pytest.approx(0.5, abs=0.05)
    assert found["none"][1] < 0.01


def test_what_moves_all_choices_alike_changes_none() -> None:
    random = np.random.default_rng(0)
    shared = random.standard_normal(4000)
    costs = np.array([[0.1], [0.0], [0.5]]) + 3.0 * shared
    assert value_of_knowing(costs, {"shared": shared}) == {"shared": (0.0, 0.0)}
    flat = value_of_knowing(costs, {"known": np.ones(4000)})
    assert flat == {"known": (0.0, 0.0)}


@pytest.mark.parametrize("draws", [200, 500, 2000])
def test_luck_is_not_taken_for_what_knowing_changes(draws: int) -> None:
    """Fifty numbers of no influence, and two machines that are all but equal."""
    random = np.random.default_rng(draws)
    costs = random.standard_normal((2, draws))
    none = {f"n{k}": random.random(draws) for k in range(50)}
    changes = [found[0] for found in value_of_knowing(costs, none).values()]
    assert np.mean(np.asarray(changes) > 0.0) < 0.1
    masks = random.random((draws, 40)) < 0.5
    assert np.mean([turned_by(masks, n) for n in none.values()]) < 0.05


def test_a_number_that_decides_who_is_on_the_front_turns_it() -> None:
    number = np.linspace(-1.0, 2.0, 900)  # above 0 in two draws of three
    masks = np.stack([number > 0.0, number <= 0.0, number < 9.0], axis=1)
    assert turned_by(masks, number, bins=30) == pytest.approx(2.0 / 9.0)
    assert turned_by(masks, np.random.default_rng(0).random(900), bins=3) == 0.0


def world(random: np.random.Generator) -> tuple[np.ndarray[Any, Any], ...]:
    """Three machines whose costs hang on 10 numbers of 60, on few of them much.

    So do times of STA-4 on BERT-Base hang on its assumed numbers: on 8 of 93 to more
    than a thousandth, by influences whose logarithms have a deviation of 1.17.
    """
    influence = np.append(random.lognormal(0.0, 1.17, 10), np.zeros(50))
    slopes = random.standard_normal((3, 60)) * influence
    costs = random.normal(0.0, 0.3 * np.linalg.norm(influence), 3)
    return costs[:, None], slopes


def test_the_first_three_spare_more_wrong_choices_than_any_three() -> None:
    """Half as many or fewer than three at random do, in 90 of 100 worlds."""
    random, better = np.random.default_rng(1), 0
    for _ in range(100):
        costs, slopes = world(random)
        drawn = random.standard_normal((60, 1000))
        numbers = {str(i): row for i, row in enumerate(drawn)}
        found = value_of_knowing(costs + slopes @ drawn, numbers)
        first = [int(key) for key in sorted(found, key=lambda k: -found[k][1])[:3]]
        truth = random.standard_normal((60, 1000))
        best = np.argmin(costs + slopes @ truth, axis=0)

        def wrong(
            known: Any, costs: Any = costs, slopes: Any = slopes, truth: Any = truth
        ) -> Any:
            return np.argmin(costs + slopes[:, known] @ truth[known], axis=0)

        at_random = np.mean(
            [
                np.mean(wrong(random.choice(60, 3, replace=False)) != best)
                for _ in range(10)
            ]
        )
        better += np.mean(wrong(first) != best) <= 0.5 * at_random
    assert better >= 90


@pytest.mark.parametrize(
    ("spread", "worlds"), [(0.0, 20), (1.17, 20)], ids=["alike", "as of STA-4"]
)
def test_the_first_three_spare_nearly_what_the_best_three_of_all_do(
    spread: float, worlds: int
) -> None:
    """Of the wrong choices that the best of all 120 spare, six in seven and more."""
    random = np.random.default_rng(2)
    left: list[tuple[float, float, float]] = []
    for _ in range(worlds):
        influence = np.append(random.lognormal(0.0, spread, 10), np.zeros(50))
        slopes = random.standard_normal((3, 60)) * influence
        costs = random.normal(0.0, 0.3 * np.linalg.norm(influence), 3)[:, None]
        drawn, truth = random.standard_normal((2, 60, 1000))
        numbers = {str(i): row for i, row in enumerate(drawn)}
        found = value_of_knowing(costs + slopes @ drawn, numbers)
        first = tuple(int(k) for k in sorted(found, key=lambda k: -found[k][1])[:3])
        best = np.argmin(costs + slopes @ truth, axis=0)

        def wrong(
            known: Any,
            costs: Any = costs,
            slopes: Any = slopes,
            truth: Any = truth,
            best: Any = best,
        ) -> float:
            places = list(known)
            chosen = np.argmin(costs + slopes[:, places] @ truth[places], axis=0)
            return float(np.mean(chosen != best))

        triples = [wrong(t) for t in itertools.combinations(range(10), 3)]
        none = wrong(())
        left.append((none, wrong(first), min(triples)))
    none_known, ours, least = np.mean(left, axis=0)
    assert none_known - ours > 0.85 * (none_known - least)


def test_machines_are_ranked_by_their_own_numbers() -> None:
    asked = {"draws": 400}
    card = dse.uncertainty(dse.ReferenceMachine.raspberry_pi_4(), TINY, **asked)
    array = dse.uncertainty(dse.NMEngine.sta_4(), TINY, **asked)
    table = dse.value_of_measuring([card, array], "max:throughput")
    assert list(table.columns) == ["changes", "gain"]
    assert {"raspberry_pi_4.overhead_us", "sta_4.tile_rows"} <= set(table.index)
    assert "error of the nm model, latency" in table.index
    assert (table.gain.diff().dropna() <= 0.0).all()
    front = dse.value_of_measuring([card, array], "max:throughput", "min:energy")
    assert front.changes.between(0.0, 1.0).all()
    assert front.gain.isna().all()


@pytest.mark.parametrize(
    ("objectives", "said"),
    [((), "name what is chosen by"), (("min:energy",), "one machine and no choice")],
)
def test_without_a_choice_there_is_nothing_to_rank(
    objectives: tuple[str, ...], said: str
) -> None:
    found = dse.uncertainty(EDGE, TINY, draws=20)
    with pytest.raises(InputError, match=said):
        dse.value_of_measuring(found, *objectives)
    other = dse.uncertainty(EDGE, TINY, draws=30)
    with pytest.raises(InputError, match="as many draws"):
        dse.value_of_measuring([found, other], "min:energy")
    with pytest.raises(InputError, match="not above 0"):
        dse.value_of_measuring([found, found], "min:accuracy_drop")
