"""What counts as a published figure met, and how intervals come about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.errors import InputError
from dse.evidence.claims import Claim, summary_of
from dse.evidence.intervals import intervals
from dse.explore.draws import draw_technology
from dse.hardware.parameters import Parameters, load_parameters

CLAIM: dict[str, Any] = {
    "name": "area",
    "claimed": 4.0,
    "unit": "mm^2",
    "source": "fang2022sta",
    "where": "table 1",
}
NUMBERS = """\
[part.area]
value  = 4.0
unit   = "mm^2"
status = "quoted"
source = "fang2022sta"
where  = "table 1"

[part.share]
value  = 0.1
unit   = "1"
status = "assumed"
source = "fang2022sta"
where  = "not given"
low    = 0.0
high   = 0.2
why    = "for a test"

[part.energy]
value  = 1.0
unit   = "pJ"
status = "assumed"
source = "fang2022sta"
where  = "not given"
low    = 0.1
high   = 10.0
why    = "for a test"
"""


@pytest.fixture
def parameters(tmp_path: Path) -> Parameters:
    path = tmp_path / "own.toml"
    path.write_text(NUMBERS)
    return load_parameters(path)


@pytest.mark.parametrize(
    ("answer", "error", "met", "held"),
    [
        ({"modelled": 4.0}, 0.0, None, None),
        ({"modelled": 4.1}, 0.025, None, None),
        ({"modelled": 3.9, "tolerance": 0.05}, -0.025, True, None),
        ({"modelled": 4.4, "tolerance": 0.05}, 0.1, False, None),
        ({"modelled": 6.0, "low": 3.0, "high": 9.0}, 0.5, None, True),
        # A tolerance widens no interval, and an interval meets no tolerance.
        (
            {"modelled": 6.0, "low": 4.5, "high": 9.0, "tolerance": 0.5},
            0.5,
            True,
            False,
        ),
        (
            {"modelled": 6.0, "low": 3.0, "high": 9.0, "tolerance": 0.1},
            0.5,
            False,
            True,
        ),
        ({"reason": "no board is named"}, None, None, None),
    ],
)
def test_three_questions_of_a_figure_are_never_mixed(
    answer: dict[str, Any], error: float | None, met: bool | None, held: bool | None
) -> None:
    row = Claim(**CLAIM, **answer).as_row()
    assert row["error"] == pytest.approx(error)
    assert (row["met"], row["held"]) == (met, held)


def test_a_summary_leaves_out_what_was_fitted() -> None:
    claims = [
        Claim(**CLAIM, modelled=4.4, tolerance=0.2, low=4.2, high=5.0),
        Claim(**CLAIM, modelled=2.0, low=1.0, high=5.0),
        Claim(**CLAIM, modelled=4.0, fitted=True),
        Claim(**CLAIM, reason="no board is named"),
    ]
    assert summary_of(claims) == {
        "rows": 2,
        "fitted": 1,
        "median": pytest.approx(0.3),
        "worst": pytest.approx(0.5),
        "met": 1,
        "with_tolerance": 1,
        "held": 1,
        "with_interval": 2,
    }


def test_a_claim_that_is_not_modelled_says_why() -> None:
    with pytest.raises(InputError, match="say why in `reason`"):
        Claim(**CLAIM)


def test_only_assumed_numbers_are_drawn_and_within_their_range(
    parameters: Parameters,
) -> None:
    drawn = draw_technology(parameters, count=4000).values
    assert np.all(drawn["part.area"] == 4e-6)
    assert drawn["part.share"].min() >= 0.0
    assert drawn["part.share"].max() <= 0.2
    assert np.mean(drawn["part.share"]) == pytest.approx(0.1, rel=0.05)
    # even on a logarithmic axis: the median of 0.1 to 10 pJ is 1 pJ
    assert np.median(drawn["part.energy"]) == pytest.approx(1e-12, rel=0.1)


def test_an_interval_holds_nine_of_ten_draws(parameters: Parameters) -> None:
    found = intervals(lambda t: {"share": t["part.share"]}, parameters, count=4000)
    # the 5th and 95th of a hundred, of even draws between 0 and 0.2
    assert found["share"].low == pytest.approx(0.01, abs=0.003)
    assert found["share"].high == pytest.approx(0.19, abs=0.003)


def test_an_answer_that_is_not_finite_is_an_error(parameters: Parameters) -> None:
    with pytest.raises(InputError, match="`inverse` is not finite"):
        intervals(
            lambda t: {"inverse": 1.0 / (t["part.share"] - t["part.share"])},
            parameters,
            count=4,
        )
