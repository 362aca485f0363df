"""The figure of the study: least energy by converter bits, and precision by bits."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from dse.show.figure import Figure, new_figure
from dse.show.style import ACCENT, GREY_DARK, GREY_LIGHT, INK, RULE, TINT

_LAWS = {
    "survey": (ACCENT, "Murmann's survey,<br>1.28 GS/s"),
    "survey, slow": (TINT, "Murmann's survey,<br>0.1 GS/s"),
    "ZigZag-IMC": (GREY_LIGHT, "ZigZag-IMC"),
    "NeuroSim": (GREY_DARK, "NeuroSim"),
}
_NOISES = (ACCENT, GREY_DARK, TINT)
_TOP = 40.0  # dB; above it a product is as good as exact


def draw(
    machines: pd.DataFrame, ratios: dict[float, dict[int, float]], path: Path
) -> None:
    """Draw energy of lossless machines, and signal-to-noise of ISAAC's array, by bits.

    `ratios` holds dB by read noise and converter bits.
    """
    figure = new_figure(height=380, width=940)
    for law, (color, title) in _LAWS.items():
        of_law = machines[machines["law"] == law]
        best = of_law.groupby("adc_bits")["energy_mj"].min()
        _line(figure, best.to_dict(), color, title, "")
    for (noise, by_bits), color in zip(ratios.items(), _NOISES, strict=True):
        name = (
            f"read noise {noise:.0%}"
            if noise
            else "no read noise:<br>exact from 8 bits"
        )
        shown = {bits: min(value, _TOP) for bits, value in by_bits.items()}
        _line(figure, shown, color, name, "2")
    figure.update_layout(
        xaxis={
            "domain": [0, 0.4],
            "range": [2.7, 13.3],
            "title": "converter bits, as many as lose nothing",
            "dtick": 1,
        },
        yaxis={
            "type": "log",
            "title": "least energy per sequence (mJ)",
            "tickvals": [30, 50, 100, 200, 500, 1000],
        },
        xaxis2={
            "domain": [0.63, 0.9],
            "range": [3.7, 9.3],
            "title": "converter bits of ISAAC's array",
            "anchor": "y2",
            "dtick": 1,
        },
        yaxis2={
            "title": "signal to noise of a product (dB)",
            "anchor": "x2",
            "range": [-14, 44],
        },
    )
    figure.update_xaxes(gridcolor=RULE, zeroline=False)
    figure.update_yaxes(gridcolor=RULE, zeroline=False)
    figure.write_image(path)


def _line(
    figure: Figure, values: dict[int, float], color: str, name: str, axis: str
) -> None:
    """Draw values by bits on a pair of axes, named at the last one."""
    figure.add_scatter(
        x=list(values),
        y=list(values.values()),
        mode="lines+markers",
        line={"color": color, "width": 2},
        xaxis=f"x{axis}",
        yaxis=f"y{axis}",
    )
    bits, last = list(values.items())[-1]
    is_log = axis == ""
    figure.add_annotation(
        x=bits,
        y=math.log10(last) if is_log else last,
        text=name,
        xref=f"x{axis}",
        yref=f"y{axis}",
        showarrow=False,
        align="left",
        xanchor="left",
        xshift=8,
        font={"color": INK, "size": 12},
    )
