"""What is true of SPRINT-type machines: pruning, locality, padding, imbalance."""

from __future__ import annotations

from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given, settings

import dse
from dse.engines.sprint.normal import normal_quantile
from dse.engines.sprint.time import imbalance
from dse.evaluation import metrics
from dse.sparsity.attention import Measured
from dse.workload.layers import Op, chain
from dse.workload.ops import Block, Workload

TECHNOLOGY = dse.SprintEngine.m_sprint().default_technology()
MEDIUM = dse.SprintEngine.m_sprint()
BASELINE = dse.SprintEngine.m_baseline()


def attention(
    tokens: float, kept: Any = 0.25, *, padded: Any = 0.0, width: int = 64, **how: Any
) -> Workload:
    """Twelve heads of self-attention; only its static parts need whole numbers."""
    ops = chain(
        [
            Op("scores", "matmul", (0, 0), 1, 1, width, 12),
            Op("softmax", "softmax", (1,), 1, 1, 0, 12),
            Op("context", "matmul", (1, 0), 1, width, 1, 12),
        ]
    )
    sized = ops.replace(
        rows=np.full(3, tokens),
        inner=np.asarray([width, 0.0, tokens]),
        columns=np.asarray([tokens, tokens, width]),
    )
    blocks = (Block(ops=sized, repeats=1),)
    alone = Workload(name="attention", blocks=blocks, seq_len=0, padded_fraction=padded)
    return alone.with_attention(kept=kept, **how)


@jax.jit
def _ask(design: dse.SprintEngine, workload: Workload) -> Any:
    found = metrics(design, workload, TECHNOLOGY, "walk")
    return found.latency, found.energy, found.extras["main_memory_read_mbit"]


_slopes = jax.jit(jax.grad(lambda workload, d: _ask(d, workload)[1], argnums=(0, 1)))


def latency(design: dse.SprintEngine, workload: Workload) -> float:
    return float(_ask(design, workload)[0])


def energy(design: dse.SprintEngine, workload: Workload) -> float:
    return float(_ask(design, workload)[1])


def read_mbit(design: dse.SprintEngine, workload: Workload) -> float:
    return float(_ask(design, workload)[2])


def slope(x: list[float], y: list[float]) -> float:
    """Steepest rise of y between neighbours, on logarithmic axes."""
    return float(np.max(np.diff(np.log(y)) / np.diff(np.log(x))))


LENGTHS = [256.0, 1024.0, 4096.0, 16384.0]


def test_time_is_linear_in_the_length_if_as_many_keys_are_kept() -> None:
    # 64 keys a query at any length; waiting for the vector is what 64 cycles hide.
    times = [latency(MEDIUM, attention(s, kept=64.0 / s)) for s in LENGTHS]
    assert slope(LENGTHS, times) == pytest.approx(1.0, abs=0.05)


def test_time_of_the_baseline_is_quadratic_in_the_length() -> None:
    times = [latency(BASELINE, attention(s, kept=64.0 / s)) for s in LENGTHS]
    assert np.diff(np.log(times)) / np.log(4.0) == pytest.approx(2.0, abs=0.02)


def test_time_is_linear_in_kept_keys() -> None:
    shares = [0.05, 0.1, 0.2, 0.4, 0.8]
    for tokens in LENGTHS[1:]:
        times = [latency(MEDIUM, attention(tokens, kept=kept)) for kept in shares]
        assert np.diff(times) / np.diff(shares) == pytest.approx(
            times[-1] / shares[-1], rel=0.06
        )


@settings(max_examples=40, deadline=None)
@given(
    tokens=st.floats(16, 16384),
    kept=st.floats(0.01, 1.0),
    padded=st.floats(0.0, 0.9),
    kib=st.floats(1.0, 4096.0),
)
def test_each_step_from_the_baseline_to_sprint_saves_movement(
    tokens: float, kept: float, padded: float, kib: float
) -> None:
    workload = attention(tokens, kept, padded=padded)
    machines = {
        "baseline": BASELINE.replace(buffer_kib=kib),
        "on chip": dse.SprintEngine.m_pruning().replace(buffer_kib=kib),
        "mask": BASELINE.replace(buffer_kib=kib, sequence_reduction="both"),
    }
    read = {name: read_mbit(design, workload) for name, design in machines.items()}
    assert read["on chip"] <= read["baseline"] * (1 + 1e-5)
    assert read["mask"] <= read["baseline"] * (1 + 1e-5)
    assert energy(machines["mask"], workload) <= energy(
        machines["baseline"], workload
    ) * (1 + 1e-5)


@settings(max_examples=30, deadline=None)
@given(tokens=st.floats(64, 8192), kept=st.floats(0.02, 0.9))
def test_a_larger_buffer_never_reads_more(tokens: float, kept: float) -> None:
    workload = attention(tokens, kept)
    for design in (MEDIUM, BASELINE):
        read = [
            read_mbit(design.replace(buffer_kib=kib), workload)
            for kib in (2.0, 8.0, 32.0, 128.0, 4096.0)
        ]
        assert np.all(np.diff(read) <= 1e-5 * read[0])


def test_measured_locality_takes_the_place_of_the_closed_form() -> None:
    always = Measured(sizes=np.asarray([0.01, 1.0]), shares=np.asarray([1.0, 1.0]))
    never = Measured(sizes=np.asarray([0.01, 1.0]), shares=np.asarray([0.0, 0.0]))
    least, closed, most = (
        read_mbit(MEDIUM, attention(1024, **how))
        for how in ({"measured_reuse": always}, {}, {"measured_reuse": never})
    )
    assert least < closed < most
    # Of 1024 * 256 kept pairs, 1024 are the first to use their key.
    again = 12 * 2 * 512 * (1024 * 256 - 1024) / 1e6
    assert most - least == pytest.approx(again, rel=1e-4)


def test_padding_alone_saves_both_ways() -> None:
    # Half of the tokens: half of the queries, half of the keys of each.
    whole, half = attention(1024), attention(1024, padded=0.5)
    assert latency(MEDIUM, whole) / latency(MEDIUM, half) == pytest.approx(4, rel=0.03)
    assert latency(BASELINE, whole) == latency(BASELINE, half)
    queries = BASELINE.replace(sequence_reduction="queries")
    assert latency(queries, whole) / latency(queries, half) == pytest.approx(
        2, rel=0.01
    )


@pytest.mark.parametrize("machine", [MEDIUM, BASELINE], ids=["sprint", "baseline"])
@pytest.mark.parametrize(
    ("kept", "padded"),
    [(0.0, 0.0), (1.0, 0.0), (0.25, 1.0)],
    ids=["none", "all", "pad"],
)
def test_the_ends_of_all_shares_have_answers_and_gradients(
    machine: dse.SprintEngine, kept: float, padded: float
) -> None:
    workload = attention(64, kept, padded=padded)
    assert np.all(np.isfinite(_ask(machine, workload)))
    gradient = _slopes(workload, machine)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))


def test_a_causal_mask_halves_the_pairs_of_a_long_sequence() -> None:
    seen = attention(4096, kept=0.1).replace(causal=True)
    ratio = latency(MEDIUM, attention(4096, kept=0.1)) / latency(MEDIUM, seen)
    assert ratio == pytest.approx(2.0, rel=0.02)


def test_a_key_wider_than_the_units_takes_several_cycles() -> None:
    times = [latency(BASELINE, attention(256, width=d)) for d in (64, 65, 128)]
    assert times[1] / times[0] == pytest.approx(2.0, rel=0.01)
    assert times[2] == pytest.approx(times[1], rel=0.01)


def test_few_kept_keys_wait_for_the_pruning_vector() -> None:
    # One key of 256 kept: 0.5 cycles of work, but a vector takes more than 8.
    assert latency(MEDIUM, attention(256, kept=1 / 256)) > 12 * 256 * 8e-9


def test_memory_that_is_too_slow_sets_the_pace() -> None:
    workload = attention(4096)
    slow = MEDIUM.replace(memory_bandwidth_gb_per_s=8.0)
    found = dse.evaluate(slow, workload)
    assert found.bottleneck == "main_memory_port"
    moved = sum(
        float(found.extras[f"main_memory_{w}_mbit"]) for w in ("read", "written")
    )
    assert float(found.latency) == pytest.approx(moved * 1e6 / 64e9, rel=1e-4)


def test_imbalance_is_the_mean_excess_of_the_fullest_corelet() -> None:
    # Keys of random popularity, dealt in turn to N CORELETs, many times over.
    random = np.random.default_rng(0)
    variation = TECHNOLOGY["corelet.popularity_variation"]
    for corelets in (2, 4, 8):
        keys = 512
        popularity = random.gamma(variation**-2, variation**2, size=(4000, keys))
        sums = popularity.reshape(4000, keys // corelets, corelets).sum(axis=1)
        excess = np.mean(sums.max(axis=1) / sums.mean(axis=1)) - 1.0
        design = MEDIUM.replace(corelets=corelets)
        found = imbalance(design, TECHNOLOGY, SimpleNamespace(seen_keys=float(keys)))
        assert float(found) == pytest.approx(excess, rel=0.06)


def test_one_corelet_is_in_balance() -> None:
    single = dse.SprintEngine.s_sprint()
    found = imbalance(single, TECHNOLOGY, SimpleNamespace(seen_keys=100.0))
    assert float(found) == pytest.approx(0.0, abs=1e-6)


def test_writing_wears_cells_out_in_proportion_to_the_rate() -> None:
    workload = attention(384)
    found, base = (dse.evaluate(d, workload) for d in (MEDIUM, BASELINE))
    lives = [float(m.extras["lifetime_years"]) for m in (found, base)]
    # As many bits are written, at a quarter of the baseline's pace.
    assert lives[1] / lives[0] == pytest.approx(
        float(base.latency) / float(found.latency), rel=1e-5
    )


def test_it_runs_attention_alone() -> None:
    bert = dse.transformer("bert-tiny", seq_len=64)
    with pytest.raises(dse.InputError, match="attention_only"):
        dse.evaluate(MEDIUM, bert)
    assert dse.evaluate(MEDIUM, bert.attention_only()).op_names == ("attention",)


@pytest.mark.parametrize(
    "host",
    [dse.TileEngine.edge(), dse.NMEngine(), dse.CrossbarEngine.isaac()],
    ids=["tile", "nm", "crossbar"],
)
def test_beside_any_host_it_spends_what_it_spends_alone(host: Any) -> None:
    bert = dse.transformer("bert-tiny", seq_len=64).with_attention(kept=0.25)
    alone = dse.evaluate(MEDIUM, bert.attention_only())
    joint = dse.evaluate(dse.Pair(host=host, coprocessor=MEDIUM), bert)
    for part, joule in alone.dynamic_energy.items():
        assert float(joint.dynamic_energy[f"coprocessor.{part}"]) == pytest.approx(
            float(joule), rel=1e-5
        )
    assert float(joint.latency) > float(alone.latency)


def test_quantiles_of_the_normal_are_those_of_the_standard_library() -> None:
    near = np.geomspace(1.5e-11, 0.5, 300)
    shares = np.concatenate([near, 1.0 - near, [0.075, 0.925]])
    with jax.enable_x64(True):
        found = normal_quantile(shares)
        slopes = jax.vmap(jax.grad(normal_quantile))(shares)
        ends = normal_quantile(np.asarray([0.0, 1.0]))
    wanted = np.asarray([NormalDist().inv_cdf(share) for share in shares])
    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)
    density = [NormalDist().pdf(at) for at in wanted]
    np.testing.assert_allclose(slopes, 1.0 / np.asarray(density), rtol=1e-12)
    np.testing.assert_allclose(ends, [-6.6567, 6.6567], rtol=1e-4)
