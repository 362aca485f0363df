"""`dse curves`, and evaluation by a curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dse.sparsity.curve_names import curve_names

Dse = Callable[..., Any]
CURVE = "bert-base/sst-2/dynatran"


def test_every_curve_is_listed(dse: Dse) -> None:
    lines = dse("curves").out.splitlines()
    assert max(map(len, lines)) < 110
    rows = [line for line in lines[2:] if line.strip() and not line.startswith(" ")]
    assert [line.split()[0] for line in rows[: len(curve_names())]] == curve_names()
    found = dse("curves", "--json").json["curves"]
    assert [curve["name"] for curve in found] == curve_names()
    one = next(curve for curve in found if curve["name"] == CURVE)
    assert one["setting"] == "threshold"
    assert one["density"] == pytest.approx([1.0, 0.6235])


def test_one_curve_is_shown_with_where_it_comes_from(dse: Dse) -> None:
    text = dse("curves", CURVE).out
    assert "source: jhalab2022acceltran" in text
    found = dse("curves", CURVE, "--json").json
    assert found["about"]["status"] == "digitised"
    assert len(found["settings"]) == len(found["accuracy"]) == 20


def test_an_unknown_curve_is_bad_input(dse: Dse) -> None:
    answer = dse("curves", "bert-base/sst-2/dynatra")
    assert answer.code == 2
    assert "Did you mean `bert-base/sst-2/dynatran`" in answer.err


def evaluate(dse: Dse, *arguments: str) -> Any:
    return dse(
        "evaluate", "--workload", "bert-base", "--timing", "roofline", *arguments
    )


def test_a_machine_is_evaluated_at_a_threshold(dse: Dse) -> None:
    pruned = evaluate(dse, "--density", CURVE, "--threshold", "0.08", "--json").json
    dense = evaluate(dse, "--json").json
    assert pruned["metrics"]["energy_mj"] < dense["metrics"]["energy_mj"]
    # 93.4 % pooled over the settings that cost nothing, less 92.2 % at 0.08.
    assert pruned["metrics"]["accuracy_drop_percent"] == pytest.approx(1.2, abs=0.05)


def test_a_curve_that_stands_in_is_told_wherever_it_is_shown(dse: Dse) -> None:
    curve = ("--density", "minilm-l6/wordnet/dynatran", "--threshold", "0.005")
    refused = evaluate(dse, *curve)
    assert refused.code == 2
    assert "measured on minilm-l6, not on bert-base" in refused.err.replace("\n", " ")
    told = evaluate(dse, *curve, "--stand-in").out.replace("\n", " ")
    assert "(of minilm-l6 on wordnet, 128 tokens; it stands in here)" in told
    record = evaluate(dse, *curve, "--stand-in", "--json").json["workload"]
    about = {"model": "minilm-l6", "task": "wordnet", "seq_len": 128}
    assert record["curve_of"] == about | {"stands_in": True}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--density", CURVE), "give both"),
        (("--threshold", "0.1"), "give both"),
        (
            ("--density", CURVE, "--threshold", "0.1", "--weight-density", "0.5"),
            "leave out --activation-density and --weight-density",
        ),
        (("--density", CURVE, "--threshold", "0.4"), "is outside what"),
    ],
)
def test_densities_are_said_once_and_within_the_curve(
    dse: Dse, arguments: tuple[str, ...], told: str
) -> None:
    answer = evaluate(dse, *arguments)
    assert answer.code == 2
    assert told in answer.err.replace("\n", " ")
