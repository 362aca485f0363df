"""Which query-key pairs a machine charges under a mask, summed query by query."""

from __future__ import annotations

import itertools

import pytest

import dse
from dse.engines.base import Engine, Op, describe_run
from dse.engines.filter.work import count_pairs
from dse.engines.masks import unmasked
from dse.engines.sprint.pairs import pairs
from dse.workload.ops import Workload

BLIND: dict[str, Engine] = {
    "tile": dse.TileEngine.edge(),
    "nm": dse.NMEngine(),
    "crossbar": dse.CrossbarEngine.puma(),
    "reference": dse.ReferenceMachine.a100(),
}
LENGTH, PADDED = 64, 0.25
WHAT = ("latency", "energy")
WINDOWED = {
    "model_type": "mistral",
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "num_key_value_heads": 2,
    "vocab_size": 100,
    "sliding_window": 16,
}
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


def test_the_filter_fetches_for_a_block_of_queries_what_its_last_one_sees() -> None:
    """GPT-2 over 1,024 tokens on Energon-Edge, nothing dropped, summed block by block.

    A key buffer of 32 KiB holds a quarter of a head's keys; the rest comes for each of
    32 blocks of 32 queries.
    """
    run = dse.transformer("gpt2", seq_len=1024).attention_only()
    found = dse.evaluate(dse.FilterEngine.energon_edge(), run).off_chip_bytes
    tensor = 1024 * 64 * 2  # bytes of a head
    held = 32 * 1024 / tensor
    blocks = sum(32 * (block + 1) * 64 * 2 for block in range(32))
    each = 2 * (held * tensor + (1 - held) * blocks) + 2 * tensor
    assert sum(map(float, found.values())) == pytest.approx(144 * each, rel=1e-6)
    assert 144 * each * 8 / 1e6 == pytest.approx(4115, abs=0.5)


def test_sprint_reads_for_a_query_what_it_sees_and_the_buffers_lack() -> None:
    """GPT-2 over 512 tokens on M-SPRINT, nothing dropped, summed query by query.

    32 KiB hold 256 keys and as many values of 64 bytes; a query that sees s of them
    reads a share 1 - (256 / s)^(1/3) anew, and the first use of each key.
    """
    run = dse.transformer("gpt2", seq_len=512).attention_only()
    found = dse.evaluate(dse.SprintEngine.m_sprint(), run)
    seen = range(1, 513)
    lost = sum(s * max(0.0, 1 - (256 / s) ** (1 / 3)) for s in seen) / sum(seen)
    reads = 512 + (sum(seen) - 512) * lost
    bits = 64 * 8 * (512 + 2 * reads) + 512 * 512  # and a bit a key for each query
    read = float(found.extras["main_memory_read_mbit"])
    assert read == pytest.approx(144 * bits / 1e6, rel=1e-3)
    assert read == pytest.approx(2037, abs=0.5)


def work_of(workload: Workload) -> dict[str, float]:
    """The products that are wanted, added up over all layers, by the name of the op."""
    found = dse.evaluate(dse.ReferenceMachine.a100(), workload)
    work: dict[str, float] = {}
    for name, operations in zip(found.op_names, found.op_work, strict=True):
        work[name] = work.get(name, 0.0) + float(operations) / 2.0
    assert sum(work.values()) == pytest.approx(
        float(found.effective_rate * found.latency / 2.0), rel=1e-9
    )
    return work


def test_no_mask_hides_an_encoder_or_what_its_decoder_sees_of_it() -> None:
    """T5-small, 6 and 6 layers of 8 heads of 64, over 48 tokens: pair by pair."""
    tokens = 48
    found = work_of(dse.transformer("t5-small", seq_len=tokens))
    earlier = sum(query + 1 for query in range(tokens))
    assert found["scores"] == pytest.approx(6 * 512 * (tokens**2 + earlier))
    assert found["scores_cross"] == pytest.approx(6 * 512 * tokens**2)
    assert found["context_cross"] == pytest.approx(6 * 512 * tokens**2)


@pytest.mark.parametrize(("tokens", "chunk"), [(40, 40), (40, 25), (33, 30), (31, 4)])
def test_under_a_window_a_query_wants_no_more_keys_than_there_are(
    tokens: int, chunk: int
) -> None:
    run = dse.generation(WINDOWED, prompt=tokens, new_tokens=1, chunk=chunk)
    found = work_of(run)
    seen = sum(min(query + 1, 16) for query in range(tokens))
    assert found["scores"] == pytest.approx(3 * 64 * seen)
    assert found["context"] == pytest.approx(3 * 64 * seen)


MODERN = {
    "model_type": "modernbert",
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "vocab_size": 100,
    "local_attention": 16,
}


@pytest.mark.parametrize("config", [MODERN, WINDOWED], ids=["encoder", "decoder"])
@pytest.mark.parametrize(
    "machine",
    [
        dse.FilterEngine.energon_edge(),
        dse.SprintEngine.m_sprint(),
        dse.SprintEngine.m_baseline().replace(sequence_reduction="both"),
    ],
)
def test_padding_behind_a_text_costs_a_machine_that_skips_it_nothing(
    machine: Engine, config: dict[str, object]
) -> None:
    """96 tokens, half of them padding, and 48 without: the same pairs and bytes."""
    padded = dse.transformer(config, seq_len=96, padded_fraction=0.5)
    found, plain = (
        dse.evaluate(machine, run.attention_only())
        for run in (padded, dse.transformer(config, seq_len=48))
    )
    assert found.op_work == pytest.approx(plain.op_work, rel=1e-9)
    skipping = isinstance(machine, dse.FilterEngine) or machine.skips_keys
    if skipping:
        assert found.op_bytes == pytest.approx(plain.op_bytes, rel=1e-6)
        assert found.op_energy == pytest.approx(plain.op_energy, rel=1e-6)


@pytest.mark.parametrize(
    "machine",
    [
        dse.FilterEngine.energon_edge(),
        dse.SprintEngine.m_sprint(),
        dse.SprintEngine.m_baseline().replace(sequence_reduction="both"),
    ],
)
@pytest.mark.parametrize("chunk", [None, 48])
def test_a_wider_window_is_never_faster_and_the_widest_is_none(
    machine: Engine, chunk: int | None
) -> None:
    def spent(window: int | None) -> tuple[float, float]:
        config = WINDOWED | {"sliding_window": window}
        run = dse.generation(config, prompt=96, new_tokens=1, chunk=chunk)
        parts = [run.replace(steps=(), new_tokens=0), *(s.workload for s in run.steps)]
        found = [dse.evaluate(machine, part.attention_only()) for part in parts]
        latencies, energies = ([getattr(f, w) for f in found] for w in WHAT)
        return float(sum(latencies)), float(sum(energies))

    windows = [spent(window) for window in (16, 48, 80, 95, None)]
    for narrow, wide in itertools.pairwise(windows):
        assert narrow[0] <= wide[0] * (1 + 1e-9)
        assert narrow[1] <= wide[1] * (1 + 1e-9)
    assert windows[-2] == pytest.approx(windows[-1], rel=0.02)


@pytest.mark.parametrize(
    "machine",
    [
        dse.FilterEngine.energon_edge(),
        dse.SprintEngine.m_sprint(),
        dse.SprintEngine.m_baseline().replace(sequence_reduction="both"),
    ],
)
def test_a_causal_mask_changes_nothing_of_cross_attention(machine: Engine) -> None:
    masked, open_ = (
        dse.evaluate(
            machine,
            dse.transformer("t5-small", seq_len=256, causal=causal)
            .attention_only()
            .with_attention(kept=0.5),
        )
        for causal in (True, False)
    )
    crosses = [name == "attention_cross" for name in masked.op_names]
    assert any(crosses)
    assert not all(crosses)
    for what in ("op_energy", "op_bytes", "op_work"):
        one, other = (getattr(found, what) for found in (masked, open_))
        assert one[crosses] == pytest.approx(other[crosses], rel=1e-9)
    for part in masked.op_busy:
        one, other = masked.op_busy[part][crosses], open_.op_busy[part][crosses]
        assert one == pytest.approx(other, rel=1e-9)


def test_the_query_of_a_decoding_step_is_never_padding() -> None:
    step = GROUPED.replace(rows=GROUPED.sharing)
    run = describe_run(masked(causal=False, padded=PADDED))
    real = LENGTH * (1 - PADDED)
    found = count_pairs(dse.FilterEngine.energon_edge(), step, run)
    assert float(found.pairs) == pytest.approx(step.sharing * real)
    both = dse.SprintEngine.m_baseline().replace(sequence_reduction="both")
    assert float(pairs(both, step, run).scored) == pytest.approx(step.sharing * real)


def test_behind_a_window_lie_the_cached_keys_and_those_of_all_tokens() -> None:
    """4 tokens of two heads that share keys of width 64, and 12 keys in the cache."""
    chunk = GROUPED.replace(rows=8.0, columns=16.0, cached=12.0 * 64.0)
    run = describe_run(dse.transformer(WINDOWED, seq_len=16)).replace(window="causal")
    assert float(unmasked(chunk, run).every) == 16.0


def test_the_last_token_of_a_causal_chunk_sees_every_key() -> None:
    last = GROUPED.replace(rows=GROUPED.sharing, columns=16.0)
    run = describe_run(masked(causal=True, padded=0.0))
    assert float(unmasked(last, run).seen) == 16.0


def test_one_key_is_one_pair_for_each_query_head() -> None:
    step = GROUPED.replace(rows=GROUPED.sharing, columns=1.0)
    run = describe_run(masked(causal=False, padded=0.0))
    found = count_pairs(dse.FilterEngine.energon_edge(), step, run)
    assert float(found.pairs) == step.sharing
