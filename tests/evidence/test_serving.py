"""What a serving engine reaches on a card, beside a reference machine in its format."""

from __future__ import annotations

import pytest

from dse.csv_file import read_rows
from dse.evidence.serving import MODELS, TOLERANCE, modelled
from dse.shipped import hw_params_folder
from dse.workload.zoo import model_shape

ROWS = [
    row
    for _, row in read_rows(hw_params_folder() / "reported" / "serving.csv", "claims")
]


def test_models_are_those_that_were_run() -> None:
    sizes = {name: model_shape(config) for name, config in MODELS.items()}
    whole = {n: (s.parameters + s.head_parameters) / 1e9 for n, s in sizes.items()}
    assert whole == pytest.approx({"Llama-7B": 6.738, "GPT-J": 6.05}, rel=1e-3)


@pytest.mark.parametrize("place", [2, 8])  # one of an H100, one of an A100
def test_rates_of_long_prompts_are_met(place: int) -> None:
    row = ROWS[place]
    assert row["prompt"] == "2048"
    assert modelled(row) == pytest.approx(float(row["claimed"]), rel=TOLERANCE)


@pytest.mark.nightly
def test_eleven_rates_are_off_by_a_ninth_in_the_median() -> None:
    errors = sorted(
        abs(modelled(row) / float(row["claimed"]) - 1)
        for row in ROWS
        if row["quantity"] == "throughput"
    )
    assert len(errors) == 11
    assert errors[5] == pytest.approx(0.11, abs=0.02)
    assert errors[-1] == pytest.approx(0.39, abs=0.02)
