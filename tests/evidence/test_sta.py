"""What is published of STA and of 2:4 tensor cores against the N:M engine."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import dse
from dse.evidence.claims import Claim
from dse.evidence.sta import validate
from dse.hardware.parameters import load_parameters


@pytest.fixture(scope="module")
def claims() -> dict[str, Claim]:
    return {claim.name: claim for claim in validate(progress=False)}


@pytest.mark.parametrize("build", ["STA-4", "STA-8"])
def test_both_builds_lie_inside_the_interval(
    claims: dict[str, Claim], build: str
) -> None:
    rate, efficiency = (
        claims[f"{what} of {build}"] for what in ("throughput", "efficiency")
    )
    assert rate.modelled == pytest.approx(rate.claimed, rel=1e-3)
    assert rate.fitted
    assert efficiency.held
    assert not efficiency.fitted
    assert efficiency.low is not None
    assert efficiency.high is not None
    assert efficiency.high < 5 * efficiency.low  # an interval that says something


def test_only_one_number_a_build_is_fitted() -> None:
    entries = load_parameters("sta").entries
    fitted = {key for key, entry in entries.items() if entry.status == "fitted"}
    card = {"rtx_3090.operand_bits_per_cycle"}
    assert fitted == {"sta_4.utilization", "sta_8.utilization"} | card
    sizes = {e.status for key, e in entries.items() if key.startswith("sta_")}
    assert sizes == {"fitted", "assumed"}


def test_the_ratio_of_both_builds_is_within_a_tenth(claims: dict[str, Claim]) -> None:
    for what in ("throughput", "efficiency"):
        ratio = claims[f"{what} of STA-8 over STA-4"]
        assert ratio.modelled == pytest.approx(ratio.claimed, rel=0.10)


def test_headlines_over_other_machines_are_not_modelled_and_say_why(
    claims: dict[str, Claim],
) -> None:
    for name in ("speedup cpu", "speedup gpu", "speedup fpga", "accuracy gain"):
        assert claims[name].modelled is None
        assert claims[name].reason


def test_two_of_four_doubles_the_peak_and_not_the_run(claims: dict[str, Claim]) -> None:
    assert claims["tensor core peak"].modelled == 2.0
    gain = claims["tensor core end to end"].modelled
    assert gain is not None
    # A machine that moves every value once gains more than runs that are measured.
    assert 1.4 < gain < 2.0


def test_what_the_sparse_run_keeps_is_attention_at_the_dense_rate() -> None:
    technology = dse.load_technology("sta").at_node(7)
    bert = dse.transformer("bert-base", seq_len=384, batch=32)
    sparse = dse.NMEngine.sparse_tensor_core()
    fast, slow = (
        jax.device_get(dse.evaluate(design, bert, technology=technology))
        for design in (sparse, sparse.replace(kept=4))
    )
    saved = slow.op_busy["compute"] - fast.op_busy["compute"]
    weighted = [
        name.startswith(("query", "key", "value", "output", "ffn"))
        for name in fast.op_names
    ]
    assert np.allclose(saved[~np.asarray(weighted)], 0.0)
    # Amdahl's law: what does not halve is attention, and what little lanes do alone
    kept = slow.op_busy["compute"][~np.asarray(weighted)].sum()
    limit = float(slow.latency) / (kept + (float(slow.latency) - kept) / 2)
    assert 0.95 * limit < float(slow.latency) / float(fast.latency) < limit
