"""The page on error bars prints the calibration of today, and draws it."""

from __future__ import annotations

import re

import numpy as np

from dse.evidence.calibration import ALL, calibrate, summarize
from dse.show.calibration import calibration_figure, calibration_text
from tests.docs.run_page import ROOT, blocks

DOCS = ROOT / "docs"
HELD = calibrate()


def test_the_table_is_that_of_the_command() -> None:
    told = "text", calibration_text(summarize(HELD)) + "\n"
    assert told in blocks(DOCS / "uncertainty.md")


def test_the_picture_is_the_one_that_is_drawn() -> None:
    picture = (DOCS / "calibration.svg").read_text()
    drawn = re.findall(
        r'class="point" transform="translate\(([\d.]+),([\d.]+)', picture
    )
    lines = [t for t in calibration_figure(HELD)["data"] if "markers" in t["mode"]]
    shares = np.concatenate([line["y"] for line in lines])
    heights = np.array(drawn, float)[:, 1]
    slope, start = np.polyfit(shares, heights, 1)
    assert slope < 0
    np.testing.assert_allclose(start + slope * shares, heights, atol=0.5)


def test_intervals_hold_about_what_they_should() -> None:
    """Nine in ten of all rows, and at least eight of every family with ten of them."""
    found = summarize(HELD)
    assert found[ALL]["rows"] >= 200
    assert 0.85 <= found[ALL]["inside"]["90%"] <= 0.95
    for name, group in found.items():
        if group["rows"] >= 10:
            assert group["inside"]["90%"] >= 0.8, name
    assert found["reference"]["factor"] < 2.5
