"""What noisy comparisons in memory prune by mistake, and what that costs."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import dse
from dse.compile.function import compile_function
from dse.engines.sprint.noise import drop_by_curve, score_noise, wrongly_pruned
from dse.evaluation import metrics
from dse.sparsity.curve_tables import About
from dse.sparsity.curves import AttentionStatistics, Curve

MACHINE = dse.SprintEngine.m_sprint()
TECHNOLOGY = MACHINE.default_technology()


def curve(*, with_pairs: bool = True) -> Curve:
    """Keeping a tenth costs 10 points, a half 2, all none."""
    kept = np.asarray([0.1, 0.5, 1.0])
    accuracy = np.asarray([0.80, 0.88, 0.90])
    return Curve(
        name="test",
        about=About(
            model="bert-tiny",
            task="by hand",
            policy="topk",
            setting="threshold",
            status="digitised",
            source="yazdanbakhsh2022sprint",
            where="nowhere",
            seq_len=64,
        ),
        settings=kept,
        densities={"activations": np.ones(3), "softmax": kept},
        layer_densities={},
        accuracy=accuracy,
        spread=np.zeros(3),
        measured_accuracy=accuracy,
        dense_accuracy=0.90,
        pairs=AttentionStatistics(kept=kept) if with_pairs else None,
    )


@pytest.mark.parametrize("kept", [0.05, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("noise", [0.02, 0.1, 0.2])
def test_mistakes_are_those_of_normal_scores_with_normal_noise(
    kept: float, noise: float
) -> None:
    random = np.random.default_rng(0)
    scores = random.standard_normal(2_000_000)
    threshold = np.quantile(scores, 1.0 - kept)
    seen = scores + noise * random.standard_normal(scores.size)
    mistakes = np.mean((scores > threshold) & (seen < threshold))
    # The next order of the noise takes off t noise sqrt(2 pi) / 4 of it.
    next_order = abs(threshold) * noise * np.sqrt(2.0 * np.pi) / 4.0
    assert float(wrongly_pruned(kept, noise)) == pytest.approx(
        mistakes, rel=0.03 + next_order
    )


def test_nothing_is_pruned_by_mistake_where_all_is_kept() -> None:
    assert float(wrongly_pruned(1.0, 0.5)) == 0.0


def test_no_more_is_pruned_by_mistake_than_was_kept() -> None:
    assert float(wrongly_pruned(0.01, 10.0)) <= 0.01


def test_each_bit_halves_what_rounding_adds() -> None:
    quiet = TECHNOLOGY.replace(
        values=TECHNOLOGY.values
        | {"main_memory.comparator_offset": 0.0, "main_memory.read_noise": 0.0}
    )
    noise = [float(score_noise(MACHINE.replace(pruning_bits=b), quiet)) for b in (3, 4)]
    assert noise[0] == pytest.approx(2.0 * noise[1])
    # 8 standard deviations in 16 steps of 1/2: sqrt(2 / 12) / 2.
    assert noise[1] == pytest.approx(0.20412, rel=1e-4)


@pytest.mark.parametrize(
    "worse", ["main_memory.comparator_offset", "main_memory.read_noise"]
)
def test_device_noise_counts_more_where_cells_do_not_turn_off(worse: str) -> None:
    def noise(**changes: float) -> float:
        values = TECHNOLOGY.values | changes
        return float(score_noise(MACHINE, TECHNOLOGY.replace(values=values)))

    assert noise(**{worse: 0.2}) > noise()
    leaky = {"main_memory.on_off_ratio": 2.0}
    assert noise(**leaky) > noise()
    assert noise(**leaky, **{worse: 0.2}) > noise(**{worse: 0.2})


def test_mistakes_cost_what_a_sharper_threshold_would() -> None:
    # From 0.3 to 0.2 kept, along the line from (0.1, 80 %) to (0.5, 88 %): 2 points.
    assert float(drop_by_curve(curve(), 0.3, 0.1)) == pytest.approx(0.02, rel=1e-4)
    assert drop_by_curve(curve(with_pairs=False), 0.3, 0.1) is None


def bert() -> dse.Workload:
    return dse.transformer("bert-tiny", seq_len=64).attention_only()


def test_the_machine_adds_its_own_loss_to_that_of_the_workload() -> None:
    workload = bert().with_curve(curve(), 0.5)
    found = {
        bits: float(
            dse.evaluate(MACHINE.replace(pruning_bits=bits), workload).accuracy_drop
        )
        for bits in (2, 4, 8)
    }
    on_chip = dse.evaluate(dse.SprintEngine.m_pruning(), workload).accuracy_drop
    assert float(on_chip) == pytest.approx(0.02)
    assert found[2] > found[4] > found[8] > 0.02


def test_the_loss_is_not_known_without_a_curve() -> None:
    assert dse.evaluate(MACHINE, bert().with_attention(kept=0.5)).accuracy_drop is None


def test_the_loss_has_a_gradient_through_bits_and_offset() -> None:
    workload = bert().with_curve(curve(), 0.5)

    offset = "main_memory.comparator_offset"

    def drop(given: Any) -> Any:
        design = MACHINE.replace(pruning_bits=given["pruning_bits"])
        values = TECHNOLOGY.values | {offset: given[offset]}
        technology = TECHNOLOGY.replace(values=values)
        return metrics(design, workload, technology, "walk").accuracy_drop

    at = {"pruning_bits": MACHINE.pruning_bits, offset: TECHNOLOGY[offset]}
    slope = compile_function(jax.grad(drop), list(at)).grid(at)
    assert slope["pruning_bits"] < 0.0
    assert slope[offset] > 0.0
