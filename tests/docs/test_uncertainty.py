"""The page on error bars prints the calibration of today, and draws it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from dse.evidence.calibration import ALL, calibrate, summarize
from dse.show.calibration import calibration_figure, calibration_text
from tests.docs.run_page import ROOT, blocks

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def held() -> Any:
    """Rows of each machine beside what those of all others leave to expect."""
    return calibrate()


def test_the_table_is_that_of_the_command(held: Any) -> None:
    told = "text", calibration_text(summarize(held)) + "\n"
    assert told in blocks(DOCS / "uncertainty.md")


def test_the_picture_is_the_one_that_is_drawn(held: Any) -> None:
    picture = (DOCS / "calibration.svg").read_text()
    drawn = re.findall(
        r'class="point" transform="translate\(([\d.]+),([\d.]+)', picture
    )
    lines = [t for t in calibration_figure(held)["data"] if "markers" in t["mode"]]
    shares = np.concatenate([line["y"] for line in lines])
    heights = np.array(drawn, float)[:, 1]
    slope, start = np.polyfit(shares, heights, 1)
    assert slope < 0
    np.testing.assert_allclose(start + slope * shares, heights, atol=0.5)


def test_intervals_hold_about_what_they_should(held: Any) -> None:
    """Nine in ten of all rows, and at least eight of every family with ten of them."""
    found = summarize(held)
    assert found[ALL]["rows"] >= 200
    assert 0.85 <= found[ALL]["inside"]["90%"] <= 0.95
    for name, group in found.items():
        if group["rows"] >= 10:
            assert group["inside"]["90%"] >= 0.8, name
    assert found["reference"]["factor"] < 2.5
