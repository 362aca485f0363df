"""Panels side by side fill a figure, with room between them."""

from __future__ import annotations

import pytest
from plotly.subplots import make_subplots

from dse.show.panels import on_panel, panel_ends


def test_panels_lie_where_plotly_would_put_them() -> None:
    grid = make_subplots(1, 3, column_widths=[3, 1, 2], horizontal_spacing=0.1)
    for ends, axis in zip(panel_ends([3, 1, 2], 0.1), grid.select_xaxes(), strict=True):
        assert ends == pytest.approx(axis.domain)


def test_the_first_axes_have_no_number() -> None:
    assert on_panel(1) == {"xaxis": "x", "yaxis": "y"}
    assert on_panel(12) == {"xaxis": "x12", "yaxis": "y12"}
