"""Which query-key pairs a machine charges under a mask, summed query by query."""

from __future__ import annotations

import pytest

import dse
from dse.engines.base import Engine, Op, describe_run
from dse.engines.filter.work import count_pairs
from dse.engines.sprint.pairs import pairs
from dse.workload.ops import Workload

BLIND: dict[str, Engine] = {
    "tile": dse.TileEngine.edge(),
    "nm": dse.NMEngine(),
    "crossbar": dse.CrossbarEngine.puma(),
    "reference": dse.ReferenceMachine.a100(),
}
LENGTH, PADDED = 64, 0.25
BERT = dse.transformer("bert-tiny", seq_len=LENGTH)
GROUPED = Op(
    heads=1.0,
    rows=2.0 * LENGTH,  # of two query heads that share their keys
    inner=64.0,
    columns=float(LENGTH),
    sharing=2.0,
    input_density=1.0,
    weight_density=1.0,
    output_density=0.5,
    weights_before=0.0,
    density_before=1.0,
    in_attention=1.0,
    last_share=0.0,
)


def masked(*, causal: bool, padded: float) -> Workload:
    return dse.transformer(
        "bert-tiny", seq_len=LENGTH, causal=causal, padded_fraction=padded
    )


def visible(*, causal: bool, padded: float) -> float:
    """The pairs of two heads that are neither padded nor masked, one by one."""
    real = round(LENGTH * (1 - padded))
    seen = [query + 1 if causal else real for query in range(real)]
    return 2.0 * sum(seen)


@pytest.mark.parametrize("name", BLIND)
def test_a_machine_that_knows_no_mask_charges_all_pairs(name: str) -> None:
    plain = dse.evaluate(BLIND[name], BERT)
    for causal, padded in ((True, 0.0), (False, PADDED), (True, PADDED)):
        workload = masked(causal=causal, padded=padded)
        found = dse.evaluate(BLIND[name], workload)
        assert float(found.latency) == float(plain.latency)
        assert float(found.energy) == float(plain.energy)
        assert found.off_chip_bytes == plain.off_chip_bytes


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [0.0, PADDED])
def test_the_filter_charges_pairs_that_are_seen_and_real(
    causal: bool, padded: float
) -> None:
    run = describe_run(masked(causal=causal, padded=padded))
    found = count_pairs(dse.FilterEngine.energon_edge(), GROUPED, run)
    assert float(found.pairs) == pytest.approx(visible(causal=causal, padded=padded))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("padded", [0.0, PADDED])
def test_sprint_charges_what_its_reduction_leaves(causal: bool, padded: float) -> None:
    run = describe_run(masked(causal=causal, padded=padded))
    real = 2.0 * LENGTH * (1 - padded)
    left = {
        "none": 2.0 * LENGTH**2,
        "queries": real * LENGTH,
        "both": visible(causal=causal, padded=padded),
    }
    kept = 0.5 * visible(causal=causal, padded=padded)
    for reduction, expected in left.items():
        baseline = dse.SprintEngine.m_baseline().replace(sequence_reduction=reduction)
        assert float(pairs(baseline, GROUPED, run).scored) == pytest.approx(expected)
        pruning = baseline.replace(pruning="in_memory")
        assert float(pairs(pruning, GROUPED, run).scored) == pytest.approx(kept)


def test_the_query_of_a_decoding_step_is_never_padding() -> None:
    step = GROUPED.replace(rows=GROUPED.sharing)
    run = describe_run(masked(causal=False, padded=PADDED))
    real = LENGTH * (1 - PADDED)
    found = count_pairs(dse.FilterEngine.energon_edge(), step, run)
    assert float(found.pairs) == pytest.approx(step.sharing * real)
    both = dse.SprintEngine.m_baseline().replace(sequence_reduction="both")
    assert float(pairs(both, step, run).scored) == pytest.approx(step.sharing * real)


def test_one_key_is_one_pair_for_each_query_head() -> None:
    step = GROUPED.replace(rows=GROUPED.sharing, columns=1.0)
    run = describe_run(masked(causal=False, padded=0.0))
    found = count_pairs(dse.FilterEngine.energon_edge(), step, run)
    assert float(found.pairs) == step.sharing
