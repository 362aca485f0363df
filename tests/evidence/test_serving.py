"""What a serving engine reaches on a card, beside a reference machine in its format."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from dse.csv_file import read_rows
from dse.engines.reference import ReferenceMachine
from dse.evidence.error_rows import of_serving
from dse.evidence.serving import MODELS, TOLERANCE, modelled, validate
from dse.shipped import hw_params_folder
from dse.workload.zoo import model_shape

ROWS = [
    row
    for _, row in read_rows(hw_params_folder() / "reported" / "serving.csv", "claims")
]


def test_models_are_those_that_were_run() -> None:
    sizes = {name: model_shape(config) for name, config in MODELS.items()}
    whole = {n: (s.parameters + s.head_parameters) / 1e9 for n, s in sizes.items()}
    published = {"Llama-7B": 6.738, "Llama-13B": 13.016, "Llama-70B": 68.977}
    published |= {"Mistral-7B": 7.242, "GPT-J": 6.05}
    assert whole == pytest.approx(published, rel=1e-3)


@pytest.mark.parametrize("card", ["h100", "a100_80gb"])
def test_rates_of_long_prompts_are_met(card: str) -> None:
    row = next(r for r in ROWS if r["card"] == card and r["prompt"] == "2048")
    assert modelled(row) == pytest.approx(float(row["claimed"]), rel=TOLERANCE)


def test_every_batch_that_was_run_fits_its_card() -> None:
    """Weights and, at the last token, keys and values of all sequences.

    Memories are sold by 2^30 bytes: 60 sequences of Llama-7B take 81.9e9 of an A100.
    """
    rates = [row for row in ROWS if row["quantity"] == "throughput"]
    assert len(rates) == 49
    for row in rates:
        shape, form = model_shape(MODELS[row["model"]]), row["format"]
        tokens = int(row["prompt"]) + int(row["new_tokens"])
        cache = int(row["batch"]) * tokens * shape.cache_bytes_per_token(form)
        memory = ReferenceMachine.described(row["card"]).memory_gib * 2**30
        assert shape.weight_bytes(form) + cache < memory, row


def test_a_slower_run_is_an_error_above_one_of_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rate that is below the model's took longer, as did a late first token."""
    monkeypatch.setattr("dse.evidence.serving.modelled", lambda row: 2.0)
    claims = validate()[:1]
    (rate,) = of_serving(claims)
    assert np.exp(rate.error) == pytest.approx(2.0 / 19694.0)
    assert (rate.machine, rate.kind, rate.metric) == ("h100", "throughput", "latency")


@pytest.mark.nightly
def test_rates_and_first_tokens_are_off_in_the_median_by_what_is_said() -> None:
    errors = defaultdict(list)
    for row in ROWS:
        off = modelled(row) / float(row["claimed"]) - 1
        errors[row["card"], row["quantity"]].append(off)
    medians = {of: float(np.median(found)) for of, found in errors.items()}
    assert medians == pytest.approx(
        {
            ("h100", "throughput"): 0.11,
            ("h200", "throughput"): 0.30,
            ("a100_80gb", "throughput"): 0.11,
            ("h100", "first token"): -0.22,
            ("h200", "first token"): -0.21,
            ("a100_80gb", "first token"): -0.24,
        },
        abs=0.01,
    )
    every = [abs(off) for found in errors.values() for off in found]
    assert max(every) == pytest.approx(1.05, abs=0.02)
