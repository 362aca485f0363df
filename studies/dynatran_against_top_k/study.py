"""DynaTran against top-k: prints the largest ratios and draws the figure.

Reads the curves that `dse` ships; their headers hold the commands that measured them.
"""

from __future__ import annotations

from pathlib import Path

from figure import draw
from traces import answer

if __name__ == "__main__":
    traces, ratios = answer()
    print(ratios.to_string(index=False, float_format="%.3f"))
    draw(traces, Path(__file__).with_name("figure.svg"))
